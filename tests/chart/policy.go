package main

import (
	"context"
	"fmt"
	"math"

	celgo "github.com/google/cel-go/cel"
	admission "k8s.io/api/admissionregistration/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/version"
	admit "k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/cel/environment"
)

const nodeNameClaim = "authentication.kubernetes.io/node-name"

// expression is one of a policy's, as the API server's compiler takes it.
type expression struct {
	name, text string
	result     *celgo.Type
}

func (e expression) GetExpression() string      { return e.text }
func (e expression) GetName() string            { return e.name }
func (e expression) ReturnTypes() []*celgo.Type { return []*celgo.Type{e.result} }

type compiledPolicy struct {
	compiler              *cel.CompositedCompiler
	conditions, validates cel.ConditionEvaluator
}

// compilePolicy uses what the oldest Kubernetes of Chart.yaml knows of CEL, as that API server does for a new object.
func compilePolicy(policy *admission.ValidatingAdmissionPolicy) *compiledPolicy {
	compiler, err := cel.NewCompositedCompiler(environment.MustBaseEnvSet(version.MajorMinor(1, 31)))
	if err != nil {
		panic(err)
	}
	options := cel.OptionalVariableDeclarations{HasAuthorizer: true}
	for _, variable := range policy.Spec.Variables {
		named := expression{variable.Name, variable.Expression, celgo.DynType}
		if result := compiler.CompileAndStoreVariable(named, options, environment.NewExpressions); result.Error != nil {
			fail("%s: variable %s: %v", policy.Name, variable.Name, result.Error)
		}
	}
	var conditions, validations []cel.ExpressionAccessor
	for _, condition := range policy.Spec.MatchConditions {
		conditions = append(conditions, expression{text: condition.Expression, result: celgo.BoolType})
	}
	for _, validation := range policy.Spec.Validations {
		validations = append(validations, expression{text: validation.Expression, result: celgo.BoolType})
	}
	compiled := &compiledPolicy{
		compiler:   compiler,
		conditions: compiler.CompileCondition(conditions, options, environment.NewExpressions),
		validates:  compiler.CompileCondition(validations, options, environment.NewExpressions),
	}
	for _, evaluator := range []cel.ConditionEvaluator{compiled.conditions, compiled.validates} {
		for _, err := range evaluator.CompilationErrors() {
			fail("%s: %v", policy.Name, err)
		}
	}
	return compiled
}

func allTrue(evaluator cel.ConditionEvaluator, attributes *admit.VersionedAttributes) (bool, error) {
	request := cel.CreateAdmissionRequest(attributes.Attributes, meta.GroupVersionResource(attributes.GetResource()),
		meta.GroupVersionKind(attributes.GetKind()))
	results, _, err := evaluator.ForInput(context.Background(), attributes, request, cel.OptionalVariableBindings{}, nil, math.MaxInt64)
	for _, result := range results {
		if err == nil {
			err = result.Error
		}
		if err == nil && result.EvalResult != nil && result.EvalResult.Value() == false {
			return false, nil
		}
	}
	return true, err
}

// denied says whether the policy stops this update of a node; what a user may who is not the node plugin is not its business.
func (p *compiledPolicy) denied(userName, tokenNode string, before, after *core.Node) bool {
	who := &user.DefaultInfo{Name: userName}
	if tokenNode != "" {
		who.Extra = map[string][]string{nodeNameClaim: {tokenNode}}
	}
	attributes := &admit.VersionedAttributes{
		Attributes: admit.NewAttributesRecord(after, before, core.SchemeGroupVersion.WithKind("Node"), "", after.Name,
			core.SchemeGroupVersion.WithResource("nodes"), "", admit.Update, &meta.UpdateOptions{}, false, who),
		VersionedKind: core.SchemeGroupVersion.WithKind("Node"), VersionedObject: admit.NewLazyObject(after), VersionedOldObject: admit.NewLazyObject(before),
	}
	matches, err := allTrue(p.conditions, attributes)
	if err == nil && !matches {
		return false
	}
	valid := false
	if err == nil {
		valid, err = allTrue(p.validates, attributes)
	}
	// failurePolicy: Fail
	return err != nil || !valid
}

func sampleNode() *core.Node {
	return &core.Node{
		TypeMeta: meta.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: meta.ObjectMeta{Name: "n1", ResourceVersion: "1", Labels: map[string]string{"zone": "a"},
			Annotations: map[string]string{"note": "b"}},
		Spec: core.NodeSpec{ProviderID: "p", PodCIDR: "10.0.0.0/24", PodCIDRs: []string{"10.0.0.0/24"}},
	}
}

// checkPolicy: the startup taint's policy lets its node plugin do what evs-csi-taint does, and nothing else.
func checkPolicy(path, account, key string) {
	objects := readObjects(path)
	var policy *admission.ValidatingAdmissionPolicy
	bound := false
	for _, object := range objects {
		switch value := object.Value.(type) {
		case *admission.ValidatingAdmissionPolicy:
			policy = value
		case *admission.ValidatingAdmissionPolicyBinding:
			bound = policy != nil && value.Spec.PolicyName == policy.Name &&
				len(value.Spec.ValidationActions) == 1 && value.Spec.ValidationActions[0] == admission.Deny
		}
	}
	if policy == nil || !bound {
		fail("%s: no ValidatingAdmissionPolicy with a binding that denies", path)
		return
	}
	compiled := compilePolicy(policy)
	ours := core.Taint{Key: key, Effect: core.TaintEffectNoExecute}
	other := core.Taint{Key: "other", Value: "v", Effect: core.TaintEffectNoSchedule}
	cases := []struct {
		what, user, node string
		before           []core.Taint
		change           func(node *core.Node)
		denied           bool
	}{
		{"the only taint goes", account, "n1", []core.Taint{ours}, func(n *core.Node) { n.Spec.Taints = nil }, false},
		{"one of two goes", account, "n1", []core.Taint{other, ours}, func(n *core.Node) { n.Spec.Taints = []core.Taint{other} }, false},
		{"nothing changes", account, "n1", nil, func(n *core.Node) {}, false},
		{"managed fields change", account, "n1", []core.Taint{other}, func(n *core.Node) {
			n.ManagedFields = []meta.ManagedFieldsEntry{{Manager: "x"}}
			n.ResourceVersion = "2"
		}, false},
		{"another's taint goes", account, "n1", []core.Taint{other, ours}, func(n *core.Node) { n.Spec.Taints = []core.Taint{ours} }, true},
		{"all taints go", account, "n1", []core.Taint{other, ours}, func(n *core.Node) { n.Spec.Taints = nil }, true},
		{"a taint comes", account, "n1", nil, func(n *core.Node) { n.Spec.Taints = []core.Taint{other} }, true},
		{"ours comes", account, "n1", nil, func(n *core.Node) { n.Spec.Taints = []core.Taint{ours} }, true},
		{"another node's plugin", account, "n2", []core.Taint{ours}, func(n *core.Node) { n.Spec.Taints = nil }, true},
		{"a token of no node", account, "", []core.Taint{ours}, func(n *core.Node) { n.Spec.Taints = nil }, true},
		{"a label", account, "n1", nil, func(n *core.Node) { n.Labels = map[string]string{"zone": "b"} }, true},
		{"no labels", account, "n1", nil, func(n *core.Node) { n.Labels = nil }, true},
		{"an annotation", account, "n1", nil, func(n *core.Node) { n.Annotations["more"] = "c" }, true},
		{"a finalizer", account, "n1", nil, func(n *core.Node) { n.Finalizers = []string{"x/y"} }, true},
		{"an owner", account, "n1", nil, func(n *core.Node) { n.OwnerReferences = []meta.OwnerReference{{Name: "x"}} }, true},
		{"cordoned", account, "n1", nil, func(n *core.Node) { n.Spec.Unschedulable = true }, true},
		{"another provider id", account, "n1", nil, func(n *core.Node) { n.Spec.ProviderID = "q" }, true},
		{"another range", account, "n1", nil, func(n *core.Node) { n.Spec.PodCIDR, n.Spec.PodCIDRs = "", nil }, true},
		{"somebody else", "system:admin", "", nil, func(n *core.Node) { n.Spec.Taints = []core.Taint{other} }, false},
	}
	for _, c := range cases {
		before, after := sampleNode(), sampleNode()
		before.Spec.Taints, after.Spec.Taints = c.before, c.before
		c.change(after)
		if compiled.denied(c.user, c.node, before, after) != c.denied {
			fail("%s: policy: %s: denied should be %v", path, c.what, c.denied)
		}
	}
	fmt.Printf("policy: %d cases\n", len(cases))
}
