package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
)

// Play is a cluster of which only the storage is there: what Kubernetes would make of manifests becomes calls of the
// plugins, by `evsctl csi`. The sidecars' part is in sidecar.go, the kubelet's in kubelet.go. The first thing that goes
// wrong ends it.
type Play struct {
	Evsctl     string `json:"evsctl"`
	Controller string `json:"controller"`
	Nodes      []Node `json:"nodes"`
	// Put in the manifests' text, before they are read: names of zones, ids of disks.
	Replace map[string]string `json:"replace"`
	// A Secret's value that is one of these texts becomes what the file holds.
	Files map[string]string `json:"files"`

	objects map[string]Object // by kind, namespace and name; what was applied last
	volumes map[string]*Volume
	handles map[string]string // of snapshots, by namespace and name
	pods    []*Pod
	calls   int

	usedClasses map[string]bool // by name
}

// Node is one server: its plugin, and the directory that stands for /var/lib/kubelet.
type Node struct {
	Endpoint string `json:"endpoint"`
	Kubelet  string `json:"kubelet"`

	id       string
	topology map[string]any
}

// stop ends the play; main's deferred report tells why.
type stop struct{ reason string }

func (play *Play) stop(format string, arguments ...any) {
	panic(stop{fmt.Sprintf(format, arguments...)})
}

// try makes one call. The answer, or the text of the error.
func (play *Play) try(endpoint, method string, request map[string]any) (map[string]any, string) {
	text, err := json.Marshal(request)
	if err != nil {
		play.stop("%s: %v", method, err)
	}
	play.calls++
	command := exec.Command(play.Evsctl, "csi", "--endpoint="+endpoint, "--timeout=60", method, "-")
	command.Stdin = bytes.NewReader(text)
	out, err := command.Output()
	if exit, ok := err.(*exec.ExitError); ok {
		return nil, strings.TrimSpace(string(exit.Stderr))
	}
	var answer map[string]any
	if err == nil {
		err = json.Unmarshal(out, &answer)
	}
	if err != nil {
		play.stop("%s: %v: %s", method, err, out)
	}
	return answer, ""
}

func (play *Play) call(endpoint, method string, request map[string]any) map[string]any {
	answer, wrong := play.try(endpoint, method, request)
	if wrong != "" {
		play.stop("%s: %s", method, wrong)
	}
	return answer
}

func (play *Play) meetNodes() {
	for i := range play.Nodes {
		info := play.call(play.Nodes[i].Endpoint, "NodeGetInfo", map[string]any{})
		play.Nodes[i].id = info["node_id"].(string)
		play.Nodes[i].topology = info["accessible_topology"].(map[string]any)
	}
}

// find is the object of that kind and name; a play that needs one that is not there ends.
func find[T any](play *Play, kind, namespace, name string) T {
	value, ok := play.objects[kind+" "+namespace+"/"+name].Value.(T)
	if !ok {
		play.stop("no %s %s/%s was applied", kind, namespace, name)
	}
	return value
}

// apply is kubectl apply -f.
func (play *Play) apply(path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		play.stop("%v", err)
	}
	for from, to := range play.Replace {
		text = bytes.ReplaceAll(text, []byte(from), []byte(to))
	}
	replaced := filepath.Join(filepath.Dir(play.Nodes[0].Kubelet), filepath.Base(path))
	if err := os.WriteFile(replaced, text, 0o600); err != nil {
		play.stop("%v", err)
	}
	for _, object := range readObjects(replaced) {
		before := play.objects[object.id()]
		play.objects[object.id()] = object
		play.reconcile(before, object)
	}
	if failed {
		play.stop("%s does not decode", path)
	}
}

func (play *Play) reconcile(before, object Object) {
	switch value := object.Value.(type) {
	case *core.Secret:
		for key, text := range value.StringData {
			if file := play.Files[text]; file != "" {
				content, err := os.ReadFile(file)
				if err != nil {
					play.stop("%v", err)
				}
				value.StringData[key] = string(content)
			}
		}
	case *core.PersistentVolumeClaim:
		if before.Value == nil {
			play.provision(value)
		} else {
			play.change(before.Value.(*core.PersistentVolumeClaim), value)
		}
	case *core.Pod:
		play.startPod(value.Namespace, value.Name, value.Spec, 0)
	case *apps.StatefulSet:
		play.startSet(value)
	case *apps.Deployment:
		for i := range int(*value.Spec.Replicas) {
			play.startPod(value.Namespace, fmt.Sprintf("%s-%d", value.Name, i), value.Spec.Template.Spec, i)
		}
	default:
		play.snapshotObject(object)
	}
}

// startSet makes each replica's claims and then the replica. All on the first node, where ReadWriteOncePod must hold too.
func (play *Play) startSet(set *apps.StatefulSet) {
	for i := range int(*set.Spec.Replicas) {
		name := fmt.Sprintf("%s-%d", set.Name, i)
		pod := *set.Spec.Template.Spec.DeepCopy()
		for _, template := range set.Spec.VolumeClaimTemplates {
			claim := template.DeepCopy()
			claim.Namespace = set.Namespace
			claim.Name = template.Name + "-" + name
			play.provision(claim)
			pod.Volumes = append(pod.Volumes, core.Volume{Name: template.Name, VolumeSource: core.VolumeSource{
				PersistentVolumeClaim: &core.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name}}})
		}
		play.startPod(set.Namespace, name, pod, 0)
	}
}

// filesInOrder are those that the first column of a README's table links.
func filesInOrder(directory string) []string {
	file, err := os.Open(filepath.Join(directory, "README.md"))
	if err != nil {
		fail("%v", err)
		return nil
	}
	defer file.Close()
	row := regexp.MustCompile(`^\| \[([a-z-]+\.yaml)\]\(([a-z-]+\.yaml)\) \|`)
	var names []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if found := row.FindStringSubmatch(lines.Text()); found != nil && found[1] == found[2] {
			names = append(names, found[1])
		}
	}
	return names
}

// playExamples applies the examples in the order of their README, then takes everything away again.
func playExamples(settings, directory string) {
	play := &Play{objects: map[string]Object{}, volumes: map[string]*Volume{}, handles: map[string]string{},
		usedClasses: map[string]bool{}}
	text, err := os.ReadFile(settings)
	if err == nil {
		err = json.Unmarshal(text, play)
	}
	if err != nil {
		fail("%s: %v", settings, err)
		return
	}
	current := "start"
	defer func() {
		switch reason := recover().(type) {
		case nil:
		case stop:
			fail("%s: %s", current, reason.reason)
		default:
			panic(reason)
		}
	}()
	play.meetNodes()
	names := filesInOrder(directory)
	there, _ := filepath.Glob(filepath.Join(directory, "*.yaml"))
	if len(names) != len(there) || len(names) == 0 {
		fail("the README lists %d files, the directory has %d", len(names), len(there))
	}
	for _, current = range names {
		play.apply(filepath.Join(directory, current))
	}
	current = "classes that no example uses"
	play.tryClasses()
	current = "the end"
	play.takeAway()
	fmt.Printf("examples: %d files, %d volumes, %d pods, %d calls\n", len(names), len(play.volumes), len(play.pods), play.calls)
}

// number reads an int64 of an answer, which JSON may hold as text.
func number(value any) int64 {
	switch value := value.(type) {
	case float64:
		return int64(value)
	case string:
		result, _ := strconv.ParseInt(value, 10, 64)
		return result
	}
	return 0
}
