package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
)

// Programs whose arguments are checked. All else in a container comes from another project.
var programs = []string{"evs-csi-controller", "evs-csi-node", "evs-csi-metadata", "evs-csi-taint", "evsctl", "evs-sim"}

var option = regexp.MustCompile(`--[a-z][a-z-]*`)

// podOf is the pod that the object makes, or nil.
func podOf(object Object) *core.PodSpec {
	switch value := object.Value.(type) {
	case *apps.Deployment:
		return &value.Spec.Template.Spec
	case *apps.DaemonSet:
		return &value.Spec.Template.Spec
	case *batch.CronJob:
		return &value.Spec.JobTemplate.Spec.Template.Spec
	case *core.Pod:
		return &value.Spec
	}
	return nil
}

// checkArguments holds a container's arguments against the program's own --help, then has the program parse them.
func checkArguments(bin string, object Object, container core.Container) {
	if len(container.Command) == 0 {
		return
	}
	program := container.Command[0]
	if !slices.Contains(programs, program) {
		fail("%s: container %s starts '%s', which is none of ours", object.id(), container.Name, program)
		return
	}
	words := []string{}
	for _, argument := range container.Args {
		if !strings.HasPrefix(argument, "-") {
			words = append(words, argument)
		}
	}
	path := filepath.Join(bin, program)
	help, err := exec.Command(path, append(words, "--help")...).CombinedOutput()
	if err != nil {
		fail("%s: %s %v --help: %v: %s", object.id(), program, words, err, help)
		return
	}
	known := option.FindAllString(string(help), -1)
	if program == "evsctl" {
		known = append(known, "--version")
	}
	for _, argument := range container.Args {
		name, _, _ := strings.Cut(argument, "=")
		if strings.HasPrefix(argument, "-") && !slices.Contains(known, name) {
			fail("%s: %s knows no option '%s'", object.id(), program, argument)
		}
	}
	if program == "evsctl" {
		return
	}
	if out, err := exec.Command(path, append(slices.Clone(container.Args), "--version")...).CombinedOutput(); err != nil {
		fail("%s: %s %v: %s", object.id(), program, container.Args, out)
	}
}

func checkProbe(object Object, container core.Container, probe *core.Probe) {
	if probe == nil {
		return
	}
	port := ""
	if probe.HTTPGet != nil {
		port = probe.HTTPGet.Port.StrVal
	} else if probe.TCPSocket != nil {
		port = probe.TCPSocket.Port.StrVal
	}
	if port != "" && !slices.ContainsFunc(container.Ports, func(p core.ContainerPort) bool { return p.Name == port }) {
		fail("%s: a probe of %s asks for port '%s', which that container does not have", object.id(), container.Name, port)
	}
}

func checkSecurity(object Object, pod *core.PodSpec, container core.Container) {
	security := container.SecurityContext
	mayBePrivileged := container.Name == "evs-csi-node" || container.Name == "evs-sim"
	if security == nil || security.ReadOnlyRootFilesystem == nil || !*security.ReadOnlyRootFilesystem {
		fail("%s: the root of %s can be written", object.id(), container.Name)
		return
	}
	if security.Privileged != nil && *security.Privileged {
		if !mayBePrivileged {
			fail("%s: %s is privileged", object.id(), container.Name)
		}
		return
	}
	if security.AllowPrivilegeEscalation == nil || *security.AllowPrivilegeEscalation || security.Capabilities == nil ||
		!slices.Contains(security.Capabilities.Drop, "ALL") || len(security.Capabilities.Add) > 0 {
		fail("%s: %s keeps privileges", object.id(), container.Name)
	}
	if pod.SecurityContext == nil || pod.SecurityContext.SeccompProfile == nil ||
		pod.SecurityContext.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault {
		fail("%s: no seccomp profile", object.id())
	}
}

// checkSocket: the driver's socket has mode 0600, so all containers that mount its directory must run as one user.
func checkSocket(object Object, pod *core.PodSpec) {
	for _, container := range pod.Containers {
		mounts := slices.ContainsFunc(container.VolumeMounts, func(m core.VolumeMount) bool { return m.MountPath == "/csi" })
		if mounts && (pod.SecurityContext == nil || pod.SecurityContext.RunAsUser == nil ||
			(container.SecurityContext != nil && container.SecurityContext.RunAsUser != nil)) {
			fail("%s: %s does not run as the pod's user and cannot reach the socket", object.id(), container.Name)
		}
	}
	for _, container := range append(slices.Clone(pod.InitContainers), pod.Containers...) {
		for _, mount := range container.VolumeMounts {
			if !slices.ContainsFunc(pod.Volumes, func(v core.Volume) bool { return v.Name == mount.Name }) {
				fail("%s: %s mounts volume '%s', which there is not", object.id(), container.Name, mount.Name)
			}
		}
	}
}

// checkName: the API server's limits, for kinds whose names end up in labels and host names.
func checkName(object Object) {
	limit := 63
	switch object.Kind {
	case "CronJob":
		limit = 52
	case "DaemonSet", "Deployment": // the pods' names get a suffix
		limit = 52
	case "ClusterRole", "ClusterRoleBinding", "CSIDriver", "Secret":
		limit = 253
	}
	if name := object.Meta.GetName(); len(name) > limit || strings.HasSuffix(name, "-") {
		fail("%s: the name has %d characters, at most %d, and must not end in '-'", object.id(), len(name), limit)
	}
	for key, value := range object.Meta.GetLabels() {
		if len(value) > 63 {
			fail("%s: label %s has more than 63 characters", object.id(), key)
		}
	}
}

func checkPod(bin string, object Object, pod *core.PodSpec) {
	checkSocket(object, pod)
	ports := map[int32]string{}
	for _, container := range pod.Containers {
		checkArguments(bin, object, container)
		checkSecurity(object, pod, container)
		checkProbe(object, container, container.LivenessProbe)
		checkProbe(object, container, container.ReadinessProbe)
		for _, port := range container.Ports {
			if other := ports[port.ContainerPort]; other != "" {
				fail("%s: %s and %s have one port, %d", object.id(), other, container.Name, port.ContainerPort)
			}
			ports[port.ContainerPort] = container.Name
			if len(port.Name) > 15 {
				fail("%s: port name '%s' has more than 15 characters", object.id(), port.Name)
			}
		}
		if strings.HasSuffix(container.Image, ":") || strings.HasPrefix(container.Image, ":") {
			fail("%s: image '%s' of %s", object.id(), container.Image, container.Name)
		}
	}
}

// checkRules: least privilege. The cloud-config comes as a volume; Secrets may be read one by one in the release's own
// namespace at most (transferClaims).
func checkRules(object Object, rules []rbac.PolicyRule) {
	for _, rule := range rules {
		for _, word := range slices.Concat(rule.APIGroups, rule.Resources, rule.Verbs) {
			if strings.Contains(word, "*") {
				fail("%s: a rule with '%s'", object.id(), word)
			}
		}
		if slices.Contains(rule.Resources, "nodes") && slices.ContainsFunc(rule.Verbs, func(verb string) bool {
			return verb != "get" && verb != "list" && verb != "watch" && verb != "patch"
		}) {
			fail("%s: more than reading and patching nodes", object.id())
		}
		if slices.Contains(rule.Resources, "secrets") && (object.Kind == "ClusterRole" || !slices.Equal(rule.Verbs, []string{"get"})) {
			fail("%s: a rule for secrets", object.id())
		}
	}
}

// checkCloudConfig lets evsctl read the file that the controller would read.
func checkCloudConfig(bin string, object Object, text string) {
	dir, err := os.MkdirTemp("", "chartcheck")
	if err != nil {
		fail("%v", err)
		return
	}
	defer os.RemoveAll(dir)
	ca := filepath.Join(dir, "ca.crt")
	path := filepath.Join(dir, "cloud-config")
	text = strings.ReplaceAll(text, "/etc/evs-csi/ca/ca.crt", ca)
	// A dry run must not ask the cloud for a token; the other keys stay as they are.
	text = regexp.MustCompile(`(?m)^auth = (agency|password)$`).ReplaceAllString(text, "access-key = A\nsecret-key = S")
	if os.WriteFile(ca, []byte("-"), 0o600) != nil || os.WriteFile(path, []byte(text), 0o600) != nil {
		fail("cannot write to %s", dir)
		return
	}
	arguments := []string{"api", "GET", "/v2/x", "--dry-run", "--cloud-config=" + path}
	if out, err := exec.Command(filepath.Join(bin, "evsctl"), arguments...).CombinedOutput(); err != nil {
		fail("%s: evsctl refuses the cloud-config: %s", object.id(), out)
	}
}

const accountDir = "/var/run/secrets/kubernetes.io/serviceaccount"

// checkToken: of the pods without a mounted token only evs-csi-node may have one, and only to remove the startup taint, with the
// rights and the way to the API server that this needs.
func checkToken(object Object, pod *core.PodSpec, all []Object) {
	for _, container := range pod.Containers {
		mounts := slices.ContainsFunc(container.VolumeMounts, func(m core.VolumeMount) bool { return m.MountPath == accountDir })
		removes := slices.Contains(container.Args, "--remove-startup-taint")
		if mounts != removes || (removes && container.Name != "evs-csi-node") {
			fail("%s: %s has a token without need, or none", object.id(), container.Name)
		}
		if removes && !slices.ContainsFunc(container.Env, func(e core.EnvVar) bool {
			return e.Name == "NODE_NAME" && e.ValueFrom != nil && e.ValueFrom.FieldRef.FieldPath == "spec.nodeName"
		}) {
			fail("%s: %s does not know its node's name", object.id(), container.Name)
		}
		if container.Name == "evs-csi-node" && removes != mayPatchNodes(all, pod.ServiceAccountName) {
			fail("%s: --remove-startup-taint and the right to patch nodes do not go together", object.id())
		}
	}
}

// mayPatchNodes: a ClusterRole that a binding gives to this account.
func mayPatchNodes(all []Object, account string) bool {
	roles := map[string]bool{}
	for _, object := range all {
		if role, ok := object.Value.(*rbac.ClusterRole); ok {
			roles[role.Name] = slices.ContainsFunc(role.Rules, func(rule rbac.PolicyRule) bool {
				return slices.Contains(rule.Resources, "nodes") && slices.Contains(rule.Verbs, "patch")
			})
		}
	}
	return slices.ContainsFunc(all, func(object Object) bool {
		binding, ok := object.Value.(*rbac.ClusterRoleBinding)
		return ok && roles[binding.RoleRef.Name] && binding.Subjects[0].Name == account
	})
}

func checkObjects(bin, path string) {
	objects := readObjects(path)
	seen := map[string]bool{}
	containers := 0
	for _, object := range objects {
		if seen[object.id()] {
			fail("%s: %s is there twice", path, object.id())
		}
		seen[object.id()] = true
		checkName(object)
		if pod := podOf(object); pod != nil {
			containers += len(pod.Containers)
			checkPod(bin, object, pod)
			if pod.AutomountServiceAccountToken != nil && !*pod.AutomountServiceAccountToken {
				checkToken(object, pod, objects)
			}
		}
		switch value := object.Value.(type) {
		case *rbac.ClusterRole:
			checkRules(object, value.Rules)
		case *rbac.Role:
			checkRules(object, value.Rules)
		case *core.Secret:
			if text := value.StringData["cloud-config"]; text != "" {
				checkCloudConfig(bin, object, text)
			}
		}
	}
	fmt.Printf("%s: %d objects, %d containers\n", filepath.Base(path), len(objects), containers)
}
