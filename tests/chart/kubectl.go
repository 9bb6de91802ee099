package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// A kubectl for what the documentation types: get, apply, patch and delete of objects that are files in a directory. Strict: an
// unknown field, or a command that it does not know, fails.

// resources by what may be typed; kind and the name that -o name prints.
var resources = map[string]struct{ kind, shown string }{
	"pv":                     {"PersistentVolume", "persistentvolume"},
	"persistentvolume":       {"PersistentVolume", "persistentvolume"},
	"persistentvolumes":      {"PersistentVolume", "persistentvolume"},
	"pvc":                    {"PersistentVolumeClaim", "persistentvolumeclaim"},
	"volumesnapshotcontents": {"VolumeSnapshotContent", "volumesnapshotcontent.snapshot.storage.k8s.io"},
	"volumeattachments":      {"VolumeAttachment", "volumeattachment.storage.k8s.io"},
	"volumeattachment":       {"VolumeAttachment", "volumeattachment.storage.k8s.io"},
}

type kubectl struct {
	directory, namespace, output, file, patch string
	words                                     []string
}

func (k *kubectl) parse(arguments []string) {
	for i := 0; i < len(arguments); i++ {
		argument := arguments[i]
		value := func() string {
			i++
			if i == len(arguments) {
				fail("%s wants a value", argument)
				return ""
			}
			return arguments[i]
		}
		switch {
		case argument == "-n":
			k.namespace = value()
		case argument == "-o":
			k.output = value()
		case argument == "-f":
			k.file = value()
		case argument == "-p":
			k.patch = value()
		case argument == "--type=merge", argument == "-A":
		case strings.HasPrefix(argument, "-") && argument != "-":
			fail("unknown option %s", argument)
		default:
			k.words = append(k.words, argument)
		}
	}
}

func (k *kubectl) path(kind, namespace, name string) string {
	return filepath.Join(k.directory, kind+"."+namespace+"."+name+".json")
}

// store decodes strictly, and keeps what was decoded.
func (k *kubectl) store(text []byte) {
	file := filepath.Join(k.directory, "applied")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		fail("%v", err)
		return
	}
	defer os.Remove(file)
	for _, object := range readObjects(file) {
		object.Value.GetObjectKind().SetGroupVersionKind(kindOf(object))
		text, err := json.Marshal(object.Value)
		if err == nil {
			err = os.WriteFile(k.path(object.Kind, object.Meta.GetNamespace(), object.Meta.GetName()), text, 0o600)
		}
		if err != nil {
			fail("%v", err)
			return
		}
		fmt.Printf("%s/%s configured\n", strings.ToLower(object.Kind), object.Meta.GetName())
	}
}

func kindOf(object Object) schema.GroupVersionKind {
	kinds, _, err := newScheme().ObjectKinds(object.Value)
	if err != nil || len(kinds) == 0 {
		fail("%s: %v", object.id(), err)
		return schema.GroupVersionKind{}
	}
	return kinds[0]
}

// apply takes single objects, documents, and Lists.
func (k *kubectl) apply() {
	text, err := os.ReadFile(k.file)
	if k.file == "-" {
		text, err = io.ReadAll(os.Stdin)
	}
	if err != nil {
		fail("%v", err)
		return
	}
	var list struct {
		Kind  string           `json:"kind"`
		Items []map[string]any `json:"items"`
	}
	if yaml.Unmarshal(text, &list) != nil || list.Kind != "List" {
		k.store(text)
		return
	}
	for _, item := range list.Items {
		if text, err = yaml.Marshal(item); err == nil {
			k.store(text)
		}
	}
}

// named splits TYPE NAME and TYPE/NAME; with no name all of the type are meant.
func (k *kubectl) named(words []string) (kind, name string) {
	if len(words) == 1 {
		words = strings.SplitN(words[0], "/", 2)
	}
	resource, ok := resources[strings.SplitN(words[0], ".", 2)[0]]
	if !ok || len(words) > 2 {
		fail("unknown: %v", words)
		return "", ""
	}
	if len(words) == 2 {
		name = words[1]
	}
	return resource.kind, name
}

func (k *kubectl) read(kind, name string) []map[string]any {
	pattern, namespace := name, k.namespace
	if name == "" {
		pattern = "*"
	}
	if namespace == "" || kind != "PersistentVolumeClaim" {
		namespace = "*"
	}
	paths, _ := filepath.Glob(k.path(kind, namespace, pattern))
	slices.Sort(paths)
	var objects []map[string]any
	for _, path := range paths {
		var object map[string]any
		if text, err := os.ReadFile(path); err != nil || json.Unmarshal(text, &object) != nil {
			fail("%s cannot be read", path)
			continue
		}
		objects = append(objects, object)
	}
	if name != "" && len(objects) != 1 {
		fail("%s %s: %d found", kind, name, len(objects))
	}
	return objects
}

func metadata(object map[string]any, key string) string {
	value, _ := object["metadata"].(map[string]any)[key].(string)
	return value
}

func (k *kubectl) get() {
	objects := []map[string]any{}
	shown := ""
	for _, word := range strings.Split(k.words[1], ",") {
		kind, name := k.named(append([]string{word}, k.words[2:]...))
		objects = append(objects, k.read(kind, name)...)
		shown = resources[word].shown
	}
	if failed {
		return
	}
	if k.output == "name" {
		for _, object := range objects {
			fmt.Println(shown + "/" + metadata(object, "name"))
		}
		return
	}
	var result any = map[string]any{"apiVersion": "v1", "kind": "List", "items": objects}
	if len(k.words) == 3 {
		result = objects[0]
	}
	path, isPath := strings.CutPrefix(k.output, "jsonpath={.")
	switch {
	case isPath:
		for _, key := range strings.Split(strings.TrimSuffix(path, "}"), ".") {
			table, _ := result.(map[string]any)
			result = table[key]
		}
		fmt.Print(result)
	case k.output == "json":
		json.NewEncoder(os.Stdout).Encode(result)
	case k.output == "yaml":
		text, _ := yaml.Marshal(result)
		fmt.Print(string(text))
	default:
		fail("unknown output %s", k.output)
	}
}

// merge is RFC 7386.
func merge(into, patch map[string]any) {
	for key, value := range patch {
		below, isTable := value.(map[string]any)
		old, wasTable := into[key].(map[string]any)
		switch {
		case value == nil:
			delete(into, key)
		case isTable && wasTable:
			merge(old, below)
		default:
			into[key] = value
		}
	}
}

func (k *kubectl) change(delete bool) {
	kind, name := k.named(k.words[1:])
	if name == "" {
		fail("a name is missing")
	}
	objects := k.read(kind, name)
	if failed {
		return
	}
	if !delete {
		var patch map[string]any
		if err := json.Unmarshal([]byte(k.patch), &patch); err != nil {
			fail("patch: %v", err)
			return
		}
		merge(objects[0], patch)
		text, _ := yaml.Marshal(objects[0])
		k.store(text)
	} else if finalizers, _ := objects[0]["metadata"].(map[string]any)["finalizers"].([]any); len(finalizers) > 0 {
		fail("%s %s has finalizers and waits: %v", kind, name, finalizers)
	} else if err := os.Remove(k.path(kind, metadata(objects[0], "namespace"), name)); err != nil {
		fail("%v", err)
	}
}

func runKubectl(directory string, arguments []string) {
	k := &kubectl{directory: directory}
	k.parse(arguments)
	if failed || len(k.words) == 0 {
		fail("kubectl %v", arguments)
		return
	}
	switch {
	case k.words[0] == "get" && len(k.words) <= 3 && len(k.words) > 1:
		k.get()
	case k.words[0] == "apply" && k.file != "":
		k.apply()
	case k.words[0] == "patch" && len(k.words) > 1:
		k.change(false)
	case k.words[0] == "delete" && len(k.words) > 1:
		k.change(true)
	default:
		fail("kubectl %v", arguments)
	}
}
