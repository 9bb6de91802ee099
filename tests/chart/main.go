// The checks of rendered manifests that helm itself does not make. What each subcommand checks: its function.
//
//	chartcheck objects BIN FILE        strict decoding, arguments of our containers, security, cloud-config
//	chartcheck disjoint FILE FILE      two releases share no object
//	chartcheck covered VALUES FILE...  every value of VALUES is set by one of the files
//	chartcheck effect CHART FILE...    values and schema have the same keys; each changes what one of the files renders
//	chartcheck readme README VALUES    prints the README with the tables of VALUES
//	chartcheck policy FILE USER TAINT  the startup taint's ValidatingAdmissionPolicy lets USER remove TAINT and do nothing else
//	chartcheck command FILE CONTAINER  prints its words, for tests/chart/life
//	chartcheck text FILE SECRET KEY    prints that text, for tests/chart/life
//	chartcheck bundle FILE CONTAINER ROOTFS DIR SECCOMP  makes of it a bundle for an OCI runtime, for tests/image/life
//	chartcheck decode FILE...          strict decoding alone
//	chartcheck kubectl DIR WORD...     a kubectl whose objects are files in DIR, for tests/docs
//	chartcheck play SETTINGS DIR       the manifests of DIR become calls of running plugins, for tests/docs
//	chartcheck rules FILE              prints the alerts as a rule file of Prometheus
package main

import (
	"fmt"
	"os"
)

var failed bool

func fail(format string, arguments ...any) {
	failed = true
	fmt.Printf("failed case: "+format+"\n", arguments...)
}

func main() {
	arguments := os.Args[1:]
	switch {
	case len(arguments) == 3 && arguments[0] == "objects":
		checkObjects(arguments[1], arguments[2])
	case len(arguments) == 3 && arguments[0] == "disjoint":
		checkDisjoint(arguments[1], arguments[2])
	case len(arguments) > 2 && arguments[0] == "covered":
		checkCovered(arguments[1], arguments[2:])
	case len(arguments) > 2 && arguments[0] == "effect":
		checkEffect(arguments[1], arguments[2:])
	case len(arguments) == 3 && arguments[0] == "readme":
		printReadme(arguments[1], arguments[2])
	case len(arguments) == 4 && arguments[0] == "policy":
		checkPolicy(arguments[1], arguments[2], arguments[3])
	case len(arguments) == 3 && arguments[0] == "command":
		printCommand(arguments[1], arguments[2])
	case len(arguments) == 4 && arguments[0] == "text":
		printText(arguments[1], arguments[2], arguments[3])
	case len(arguments) == 6 && arguments[0] == "bundle":
		writeBundle(arguments[1], arguments[2], arguments[3], arguments[4], arguments[5])
	case len(arguments) > 1 && arguments[0] == "decode":
		for _, path := range arguments[1:] {
			readObjects(path)
		}
	case len(arguments) > 2 && arguments[0] == "kubectl":
		runKubectl(arguments[1], arguments[2:])
	case len(arguments) == 3 && arguments[0] == "play":
		playExamples(arguments[1], arguments[2])
	case len(arguments) == 2 && arguments[0] == "rules":
		printRules(arguments[1])
	default:
		fmt.Fprintln(os.Stderr, "usage: chartcheck objects BIN FILE | disjoint FILE FILE | covered VALUES FILE... |"+
			" effect CHART FILE... | readme README VALUES | policy FILE USER TAINT |"+
			" command FILE CONTAINER | text FILE SECRET KEY | bundle FILE CONTAINER ROOTFS DIR SECCOMP |"+
			" decode FILE... | play SETTINGS DIR |"+
			" rules FILE")
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}
