package main

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	core "k8s.io/api/core/v1"
)

// What a kubelet and its container runtime make of a container, as a bundle for an OCI runtime (config.json, as config.md
// and config-linux.md of the OCI runtime specification describe it). Not of the pod: processes see the network
// of whoever starts the runtime, and there are no cgroups.

type ociMount struct {
	Destination string   `json:"destination"`
	Type        string   `json:"type"`
	Source      string   `json:"source"`
	Options     []string `json:"options"`
}

type jsonObject = map[string]any

// The capabilities that container runtimes leave to root unless told otherwise.
var defaultCapabilities = []string{"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
	"CAP_MKNOD", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"}

// In the kernel's order.
var knownCapabilities = strings.Fields(`CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID
	CAP_SETUID CAP_SETPCAP CAP_LINUX_IMMUTABLE CAP_NET_BIND_SERVICE CAP_NET_BROADCAST CAP_NET_ADMIN CAP_NET_RAW CAP_IPC_LOCK
	CAP_IPC_OWNER CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_CHROOT CAP_SYS_PTRACE CAP_SYS_PACCT CAP_SYS_ADMIN CAP_SYS_BOOT CAP_SYS_NICE
	CAP_SYS_RESOURCE CAP_SYS_TIME CAP_SYS_TTY_CONFIG CAP_MKNOD CAP_LEASE CAP_AUDIT_WRITE CAP_AUDIT_CONTROL CAP_SETFCAP
	CAP_MAC_OVERRIDE CAP_MAC_ADMIN CAP_SYSLOG CAP_WAKE_ALARM CAP_BLOCK_SUSPEND CAP_AUDIT_READ CAP_PERFMON CAP_BPF
	CAP_CHECKPOINT_RESTORE`)

// ownCapabilities are this process' own: a privileged container gets no more than its runtime may give.
func ownCapabilities() []string {
	text, err := os.ReadFile("/proc/self/status")
	must(err)
	_, after, _ := strings.Cut(string(text), "CapBnd:\t")
	set, err := strconv.ParseUint(after[:min(len(after), 16)], 16, 64)
	must(err)
	var names []string
	for bit, name := range knownCapabilities {
		if set&(1<<bit) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// security is what pod and container say together.
type security struct {
	uid, gid              int64
	fsGroup               *int64
	privileged, readOnly  bool
	noNewPrivileges, dflt bool // dflt: the runtime's default seccomp profile
	capabilities          []string
}

const imageUser = 65532 // of deploy/image/Dockerfile

func isTrue(flag *bool) bool { return flag != nil && *flag }

func securityOf(pod *core.PodSpec, container core.Container) security {
	result := security{uid: imageUser, gid: imageUser, capabilities: slices.Clone(defaultCapabilities)}
	if of := pod.SecurityContext; of != nil {
		result.fsGroup = of.FSGroup
		if of.RunAsUser != nil {
			result.uid, result.gid = *of.RunAsUser, 0
		}
		if of.RunAsGroup != nil {
			result.gid = *of.RunAsGroup
		}
		result.dflt = of.SeccompProfile != nil && of.SeccompProfile.Type == core.SeccompProfileTypeRuntimeDefault
	}
	of := container.SecurityContext
	if of == nil {
		return result
	}
	if of.RunAsUser != nil {
		result.uid, result.gid = *of.RunAsUser, 0
	}
	if of.RunAsGroup != nil {
		result.gid = *of.RunAsGroup
	}
	result.readOnly = isTrue(of.ReadOnlyRootFilesystem)
	result.noNewPrivileges = of.AllowPrivilegeEscalation != nil && !*of.AllowPrivilegeEscalation
	if of.Capabilities != nil {
		for _, drop := range of.Capabilities.Drop {
			result.capabilities = slices.DeleteFunc(result.capabilities, func(name string) bool {
				return drop == "ALL" || name == "CAP_"+string(drop)
			})
		}
		for _, add := range of.Capabilities.Add {
			result.capabilities = append(result.capabilities, "CAP_"+string(add))
		}
	}
	if isTrue(of.Privileged) { // runtimes then ignore the profile
		result.privileged, result.dflt, result.capabilities = true, false, ownCapabilities()
	}
	return result
}

// volumeSource makes the directory that the volume is, below dir. Host paths lie in dir/host, but for /dev, which is the machine's.
func volumeSource(objects []Object, pod *core.PodSpec, name, dir string, of security) string {
	at := slices.IndexFunc(pod.Volumes, func(v core.Volume) bool { return v.Name == name })
	if at < 0 {
		fail("no volume %s", name)
		return ""
	}
	volume := pod.Volumes[at]
	switch {
	case volume.HostPath != nil && volume.HostPath.Path == "/dev":
		return "/dev"
	case volume.HostPath != nil:
		path := filepath.Join(dir, "host", volume.HostPath.Path)
		must(os.MkdirAll(path, 0o755))
		return path
	case volume.EmptyDir != nil:
		path := filepath.Join(dir, "empty", pod.ServiceAccountName, name)
		must(os.MkdirAll(path, 0o777))
		must(os.Chmod(path, 0o777))
		return path
	case volume.Secret != nil:
		path := filepath.Join(dir, "secret", volume.Secret.SecretName)
		must(os.MkdirAll(path, 0o755))
		writeSecret(objects, volume.Secret, path, of)
		return path
	}
	fail("volume %s is of a kind that a bundle cannot have", name)
	return ""
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

// writeSecret: its texts as files of root, with the pod's group as the kubelet does it.
func writeSecret(objects []Object, volume *core.SecretVolumeSource, path string, of security) {
	mode, group := os.FileMode(0o644), 0
	if volume.DefaultMode != nil {
		mode = os.FileMode(*volume.DefaultMode)
	}
	if of.fsGroup != nil {
		group = int(*of.fsGroup)
	}
	for _, object := range objects {
		secret, ok := object.Value.(*core.Secret)
		if !ok || secret.Name != volume.SecretName {
			continue
		}
		names := map[string]string{}
		for _, item := range volume.Items {
			names[item.Key] = item.Path
		}
		for key, text := range secret.StringData {
			if len(names) > 0 && names[key] == "" {
				continue
			}
			file := filepath.Join(path, cmp.Or(names[key], key))
			must(os.WriteFile(file, []byte(text), mode))
			must(os.Chown(file, 0, group))
			must(os.Chmod(file, mode))
		}
		return
	}
	fail("no Secret %s", volume.SecretName)
}

func mountsOf(objects []Object, pod *core.PodSpec, container core.Container, dir string, of security) []ociMount {
	sys := []string{"nosuid", "noexec", "nodev", "ro"}
	if of.privileged {
		sys[3] = "rw"
	}
	mounts := []ociMount{
		{"/proc", "proc", "proc", []string{"nosuid", "noexec", "nodev"}},
		{"/dev", "tmpfs", "tmpfs", []string{"nosuid", "strictatime", "mode=755", "size=65536k"}},
		{"/dev/pts", "devpts", "devpts", []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}},
		{"/dev/shm", "tmpfs", "shm", []string{"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
		{"/sys", "bind", "/sys", append([]string{"rbind"}, sys...)},
		{"/etc/hosts", "bind", filepath.Join(dir, "hosts"), []string{"rbind", "rprivate", "rw"}},
	}
	for _, mount := range container.VolumeMounts {
		options := []string{"rbind", "rprivate", "rw"}
		if mount.ReadOnly {
			options[2] = "ro"
		}
		if mount.MountPropagation != nil && *mount.MountPropagation == core.MountPropagationBidirectional {
			if !of.privileged {
				fail("container %s: Kubernetes grants Bidirectional to privileged containers only", container.Name)
			}
			options[1] = "rshared"
		}
		mounts = append(mounts, ociMount{mount.MountPath, "bind", volumeSource(objects, pod, mount.Name, dir, of), options})
	}
	return mounts
}

// defaultSeccomp turns a profile in the form of container engines (conditions on architecture and capabilities) into
// the runtime's.
func defaultSeccomp(path string, capabilities []string) jsonObject {
	type condition struct{ Caps, Arches []string }
	var profile struct {
		DefaultAction   string
		DefaultErrnoRet *uint
		ArchMap         []struct {
			Architecture     string
			SubArchitectures []string
		}
		Syscalls []struct {
			Names              []string
			Action             string
			Args               []jsonObject
			ErrnoRet           *uint
			Includes, Excludes condition
		}
	}
	text, err := os.ReadFile(path)
	must(err)
	must(json.Unmarshal(text, &profile))
	has := func(name string) bool { return slices.Contains(capabilities, name) }
	var calls []jsonObject
	for _, call := range profile.Syscalls {
		arches := call.Includes.Arches
		if (len(arches) > 0 && !slices.Contains(arches, "amd64")) || slices.Contains(call.Excludes.Arches, "amd64") ||
			slices.ContainsFunc(call.Includes.Caps, func(name string) bool { return !has(name) }) ||
			slices.ContainsFunc(call.Excludes.Caps, has) {
			continue
		}
		rule := jsonObject{"names": call.Names, "action": call.Action}
		if call.ErrnoRet != nil {
			rule["errnoRet"] = *call.ErrnoRet
		}
		if len(call.Args) > 0 {
			rule["args"] = call.Args
		}
		calls = append(calls, rule)
	}
	if len(calls) == 0 {
		fail("%s: no rule of the profile applies", path)
	}
	result := jsonObject{"defaultAction": profile.DefaultAction, "architectures": []string{"SCMP_ARCH_X86_64"}, "syscalls": calls}
	if profile.DefaultErrnoRet != nil {
		result["defaultErrnoRet"] = *profile.DefaultErrnoRet
	}
	return result
}

func bundleOf(objects []Object, pod *core.PodSpec, container core.Container, rootfs, dir, seccomp string) jsonObject {
	of := securityOf(pod, container)
	environment := []string{"PATH=/usr/bin:/usr/sbin"} // of the image
	for _, variable := range container.Env {
		if variable.ValueFrom != nil {
			fail("container %s: %s has no value of its own", container.Name, variable.Name)
		}
		environment = append(environment, variable.Name+"="+variable.Value)
	}
	capabilities := jsonObject{"bounding": of.capabilities, "permitted": of.capabilities, "effective": of.capabilities}
	if of.uid != 0 { // as execve would leave them
		capabilities = jsonObject{"bounding": of.capabilities}
	}
	groups := []int64{}
	if of.fsGroup != nil {
		groups = append(groups, *of.fsGroup)
	}
	linux := jsonObject{"namespaces": []jsonObject{{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}}}
	if of.privileged {
		linux["rootfsPropagation"] = "rshared"
	} else {
		linux["maskedPaths"] = []string{"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/sys/firmware"}
		linux["readonlyPaths"] = []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
	}
	if of.dflt {
		linux["seccomp"] = defaultSeccomp(seccomp, of.capabilities)
	}
	return jsonObject{
		"ociVersion": "1.0.2",
		"hostname":   container.Name,
		"root":       jsonObject{"path": rootfs, "readonly": of.readOnly},
		"process": jsonObject{
			"user":            jsonObject{"uid": of.uid, "gid": of.gid, "additionalGids": groups},
			"args":            slices.Concat(container.Command, container.Args),
			"env":             environment,
			"cwd":             "/",
			"capabilities":    capabilities,
			"noNewPrivileges": of.noNewPrivileges,
		},
		"mounts": mountsOf(objects, pod, container, dir, of),
		"linux":  linux,
	}
}

// writeBundle writes DIR/CONTAINER/config.json, and what its volumes hold. SECCOMP is what stands for the runtime's default profile.
func writeBundle(path, name, rootfs, dir, seccomp string) {
	objects := readObjects(path)
	for _, object := range objects {
		pod := podOf(object)
		if pod == nil {
			continue
		}
		at := slices.IndexFunc(pod.Containers, func(c core.Container) bool { return c.Name == name })
		if at < 0 {
			continue
		}
		text, err := json.MarshalIndent(bundleOf(objects, pod, pod.Containers[at], rootfs, dir, seccomp), "", " ")
		must(err)
		must(os.MkdirAll(filepath.Join(dir, name), 0o755))
		must(os.WriteFile(filepath.Join(dir, name, "config.json"), text, 0o644))
		return
	}
	fail("%s: no container %s", path, name)
}
