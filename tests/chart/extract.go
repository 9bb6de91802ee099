package main

import (
	"fmt"
	"slices"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// printCommand prints program and arguments of the one container of that name, each on a line.
func printCommand(path, name string) {
	for _, object := range readObjects(path) {
		pod := podOf(object)
		if pod == nil {
			continue
		}
		if at := slices.IndexFunc(pod.Containers, func(c core.Container) bool { return c.Name == name }); at >= 0 {
			for _, word := range slices.Concat(pod.Containers[at].Command, pod.Containers[at].Args) {
				fmt.Println(word)
			}
			return
		}
	}
	fail("%s: no container %s", path, name)
}

// printText prints a text of a Secret.
func printText(path, name, key string) {
	for _, object := range readObjects(path) {
		secret, ok := object.Value.(*core.Secret)
		if ok && secret.Name == name && secret.StringData[key] != "" {
			fmt.Print(secret.StringData[key])
			return
		}
	}
	fail("%s: no text %s in a Secret %s", path, key, name)
}

// printRules prints the groups of the one PrometheusRule.
func printRules(path string) {
	for _, object := range readObjects(path) {
		if rule, ok := object.Value.(*monitoring.PrometheusRule); ok {
			text, err := yaml.Marshal(rule.Spec)
			if err != nil {
				fail("%s: %v", path, err)
			}
			fmt.Print(string(text))
			return
		}
	}
	fail("%s: no PrometheusRule", path)
}
