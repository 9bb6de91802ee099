package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

// schemaNode is as much of a JSON schema as values.schema.json uses to name keys.
type schemaNode struct {
	Ref         string                 `json:"$ref"`
	Properties  map[string]*schemaNode `json:"properties"`
	Items       *schemaNode            `json:"items"`
	AllOf       []*schemaNode          `json:"allOf"`
	Definitions map[string]*schemaNode `json:"definitions"`
	Defs        map[string]*schemaNode `json:"$defs"`
}

func (root *schemaNode) follow(node *schemaNode) *schemaNode {
	for node != nil && node.Ref != "" {
		name := node.Ref[strings.LastIndex(node.Ref, "/")+1:]
		if node = root.Definitions[name]; node == nil {
			node = root.Defs[name]
		}
	}
	return node
}

// paths lists all keys that the schema names: "node.logLevel", and "storageClasses[].name" of lists of tables.
func (root *schemaNode) paths(prefix string, node *schemaNode, into map[string]bool) {
	node = root.follow(node)
	if node == nil {
		return
	}
	for _, part := range node.AllOf {
		root.paths(prefix, part, into)
	}
	if node.Items != nil && len(root.follow(node.Items).Properties) > 0 {
		root.paths(prefix+"[]", node.Items, into)
	}
	for key, below := range node.Properties {
		path := strings.TrimPrefix(prefix+"."+key, ".")
		into[path] = true
		root.paths(path, below, into)
	}
}

func readSchema(path string) *schemaNode {
	root := &schemaNode{}
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, root)
	}
	if err != nil {
		fail("%s: %v", path, err)
	}
	return root
}

// tables lists all keys of the values, those of tables too.
func tables(prefix string, value any, into map[string]bool) {
	if table, ok := value.(map[string]any); ok {
		for key, below := range table {
			path := strings.TrimPrefix(prefix+"."+key, ".")
			into[path] = true
			tables(path, below, into)
		}
	}
}

// checkSchema: values.yaml and values.schema.json have the same keys. What lies below a key of which the schema names nothing
// (labels, resources, affinity) is Kubernetes' own.
func checkSchema(chartDir string) map[string]bool {
	named, present := map[string]bool{}, map[string]bool{}
	root := readSchema(filepath.Join(chartDir, "values.schema.json"))
	root.paths("", root, named)
	tables("", readValues(filepath.Join(chartDir, "values.yaml")), present)
	for path := range named {
		if !present[path] && !strings.Contains(path, "[]") {
			fail("values.schema.json names %s, which values.yaml does not have", path)
		}
	}
	for path := range present {
		if parent := path[:max(0, strings.LastIndex(path, "."))]; !named[path] && (parent == "" || hasBelow(named, parent)) {
			fail("values.yaml has %s, which values.schema.json does not name", path)
		}
	}
	return named
}

func hasBelow(paths map[string]bool, parent string) bool {
	for path := range paths {
		if strings.HasPrefix(path, parent+".") {
			return true
		}
	}
	return false
}

// renderer renders as helm template does, notes left out.
type renderer struct {
	chart *chart.Chart
	caps  *chartutil.Capabilities
}

func newRenderer(chartDir string) *renderer {
	loaded, err := loader.Load(chartDir)
	if err != nil {
		fail("%v", err)
		os.Exit(1)
	}
	caps := chartutil.DefaultCapabilities.Copy()
	caps.KubeVersion = chartutil.KubeVersion{Version: "v1.37.0", Major: "1", Minor: "37"}
	return &renderer{loaded, caps}
}

func (r *renderer) render(values map[string]any) (string, error) {
	options := chartutil.ReleaseOptions{Name: "evs-csi", Namespace: "evs-csi", Revision: 1, IsInstall: true}
	top, err := chartutil.ToRenderValues(r.chart, values, options, r.caps)
	if err != nil {
		return "", err
	}
	files, err := engine.Render(r.chart, top)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasSuffix(name, "NOTES.txt") {
			text.WriteString(files[name])
		}
	}
	return text.String(), nil
}

// without gives the values without that path, and whether they had it. "a[].b" is taken out of every item.
func without(value any, path []string) (any, bool) {
	switch value := value.(type) {
	case map[string]any:
		copied := maps.Clone(value)
		key, list := strings.CutSuffix(path[0], "[]")
		below, ok := value[key]
		if !ok {
			return value, false
		}
		if len(path) == 1 && !list {
			delete(copied, key)
			return copied, true
		}
		rest, had := without(below, path[1:])
		copied[key] = rest
		return copied, had
	case []any:
		copied, had := make([]any, len(value)), false
		for i, item := range value {
			rest, of := without(item, path)
			copied[i], had = rest, had || of
		}
		return copied, had
	}
	return value, false
}

// checkEffect: for every key that the schema names there is a file whose rendering is another one without it.
func checkEffect(chartDir string, files []string) {
	named := checkSchema(chartDir)
	r := newRenderer(chartDir)
	effective := map[string]bool{}
	for _, file := range files {
		values := readValues(file)
		whole, err := r.render(values)
		if err != nil {
			fail("%s: %v", file, err)
			continue
		}
		for path := range named {
			if effective[path] {
				continue
			}
			rest, had := without(values, strings.Split(path, "."))
			if !had {
				continue
			}
			// What cannot be left out is needed: that is an effect too.
			text, err := r.render(rest.(map[string]any))
			effective[path] = err != nil || text != whole
		}
	}
	for _, path := range slices.Sorted(maps.Keys(named)) {
		if !effective[path] {
			fail("no file of tests/chart/values renders otherwise without %s", path)
		}
	}
	fmt.Printf("schema: %d keys, each with an effect\n", len(named))
}
