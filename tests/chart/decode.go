package main

import (
	"bytes"
	"fmt"
	"os"

	snapshot "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	admission "k8s.io/api/admissionregistration/v1"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	storage "k8s.io/api/storage/v1"
	storagebeta "k8s.io/api/storage/v1beta1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/yaml"
)

// What the manifests may hold. An object of another kind fails.
func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{admission.AddToScheme, apps.AddToScheme, batch.AddToScheme, core.AddToScheme,
		networking.AddToScheme, policy.AddToScheme, rbac.AddToScheme, storage.AddToScheme, storagebeta.AddToScheme,
		snapshot.AddToScheme, monitoring.AddToScheme} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	return scheme
}

// Object is one document: what it decodes to, and who it is.
type Object struct {
	Value runtime.Object
	Meta  meta.Object
	Kind  string
}

func (object Object) id() string {
	return object.Kind + " " + object.Meta.GetNamespace() + "/" + object.Meta.GetName()
}

// readObjects decodes every document strictly: unknown and doubled fields fail.
func readObjects(path string) []Object {
	text, err := os.ReadFile(path)
	if err != nil {
		fail("%v", err)
		return nil
	}
	decoder := serializer.NewCodecFactory(newScheme(), serializer.EnableStrict).UniversalDeserializer()
	var objects []Object
	for _, document := range bytes.Split(append([]byte("\n"), text...), []byte("\n---")) {
		var empty any
		if err := yaml.Unmarshal(document, &empty); err == nil && empty == nil {
			continue
		}
		value, kind, err := decoder.Decode(document, nil, nil)
		if err != nil {
			fail("%s: %v\n%s", path, err, document)
			continue
		}
		accessor, ok := value.(meta.Object)
		if !ok || accessor.GetName() == "" {
			fail("%s: an object without a name: %s", path, kind)
			continue
		}
		objects = append(objects, Object{value, accessor, kind.Kind})
	}
	if len(objects) == 0 {
		fail("%s: no objects", path)
	}
	return objects
}

// Two releases, each as its users would have them: no object may belong to both.
func checkDisjoint(first, second string) {
	seen := map[string]bool{}
	for _, object := range readObjects(first) {
		seen[object.id()] = true
	}
	for _, object := range readObjects(second) {
		if seen[object.id()] {
			fail("both releases have %s", object.id())
		}
	}
}

// leaves lists the paths of all values; maps that are empty and lists count as one value.
func leaves(path string, value any, into map[string]bool) {
	if table, ok := value.(map[string]any); ok && len(table) > 0 {
		for key, below := range table {
			leaves(path+"."+key, below, into)
		}
		return
	}
	into[path] = true
}

func readValues(path string) map[string]any {
	var values map[string]any
	text, err := os.ReadFile(path)
	if err == nil {
		err = yaml.UnmarshalStrict(text, &values)
	}
	if err != nil {
		fail("%s: %v", path, err)
	}
	return values
}

// Each value of values.yaml must be set in one of the files, else no test would see that it does nothing.
func checkCovered(valuesPath string, paths []string) {
	wanted := map[string]bool{}
	leaves("", readValues(valuesPath), wanted)
	for _, path := range paths {
		values := readValues(path)
		for leaf := range wanted {
			if has(values, leaf[1:]) {
				delete(wanted, leaf)
			}
		}
	}
	for leaf := range wanted {
		fail("no file of tests/chart/values sets %s", leaf[1:])
	}
	fmt.Printf("values: all set by %d files\n", len(paths))
}

// Values hold no key with a dot but those of label maps, of which the first piece is looked up as a prefix.
func has(values map[string]any, path string) bool {
	for key, below := range values {
		if key == path {
			return true
		}
		if len(path) > len(key) && path[:len(key)] == key && path[len(key)] == '.' {
			table, ok := below.(map[string]any)
			return ok && has(table, path[len(key)+1:])
		}
	}
	return false
}
