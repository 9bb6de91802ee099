package main

import (
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	tableBegin = "<!-- begin: made of values.yaml by tests/chart/run --update -->\n"
	tableEnd   = "<!-- end -->\n"
)

func oneLine(comment string) string {
	var words []string
	for _, line := range strings.Split(comment, "\n") {
		words = append(words, strings.Fields(strings.TrimLeft(line, "#"))...)
	}
	return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(strings.Join(words, " "))
}

// shown is a value as one may write it behind its key.
func shown(node *yaml.Node) string {
	if node.Tag == "!!null" {
		return ""
	}
	copied := *node
	copied.HeadComment, copied.LineComment, copied.FootComment = "", "", ""
	if copied.Kind != yaml.ScalarNode {
		copied.Style = yaml.FlowStyle
	}
	text, err := yaml.Marshal(&copied)
	if err != nil {
		fail("%v", err)
	}
	return strings.ReplaceAll("`"+strings.Join(strings.Fields(string(text)), " ")+"`", "|", `\|`)
}

// isOneValue: written as one line, or with keys that are names of Kubernetes'.
func isOneValue(value *yaml.Node) bool {
	return value.Kind != yaml.MappingNode || value.Style&yaml.FlowStyle != 0 || strings.Contains(value.Content[0].Value, "/")
}

// rows writes the keys below a table of values.yaml; isOneValue says which are shown whole.
func rows(out *strings.Builder, prefix string, table *yaml.Node) {
	for i := 0; i+1 < len(table.Content); i += 2 {
		key, value := table.Content[i], table.Content[i+1]
		path := prefix + key.Value
		if !isOneValue(value) {
			if key.HeadComment != "" {
				fmt.Fprintf(out, "| **`%s`** | | %s |\n", path, oneLine(key.HeadComment))
			}
			rows(out, path+".", value)
			continue
		}
		fmt.Fprintf(out, "| `%s` | %s | %s |\n", path, shown(value), oneLine(key.HeadComment))
	}
}

const tableHead = "| value | default | |\n|---|---|---|\n"

// valuesTable has a chapter for each table of values.yaml, and one for the values that are in none.
func valuesTable(path string) string {
	var document yaml.Node
	text, err := os.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(text, &document)
	}
	if err != nil {
		fail("%s: %v", path, err)
		return ""
	}
	var plain, chapters strings.Builder
	top := document.Content[0]
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		comment := key.HeadComment
		if i == 0 {
			comment = ""
		}
		if value.Kind != yaml.MappingNode {
			fmt.Fprintf(&plain, "| `%s` | %s | %s |\n", key.Value, shown(value), oneLine(comment))
			continue
		}
		fmt.Fprintf(&chapters, "\n### %s\n\n", key.Value)
		if comment != "" {
			fmt.Fprintf(&chapters, "%s\n\n", oneLine(comment))
		}
		chapters.WriteString(tableHead)
		rows(&chapters, key.Value+".", value)
	}
	return "\n" + tableHead + plain.String() + chapters.String() + "\n"
}

// printReadme prints the chart's README with the values' tables as they should be.
func printReadme(readmePath, valuesPath string) {
	text, err := os.ReadFile(readmePath)
	before, rest, begins := strings.Cut(string(text), tableBegin)
	_, after, ends := strings.Cut(rest, tableEnd)
	if err != nil || !begins || !ends {
		fail("%s: %v; it has the lines '%s' and '%s'", readmePath, err, strings.TrimSpace(tableBegin), strings.TrimSpace(tableEnd))
		return
	}
	fmt.Print(before, tableBegin, valuesTable(valuesPath), tableEnd, after)
}
