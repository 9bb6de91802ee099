package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	core "k8s.io/api/core/v1"
)

// Pod is a pod's use of its volumes on one node.
type Pod struct {
	name   string
	node   *Node
	mounts []Mount
}

// Mount is one volume of a pod, with the paths that the kubelet would choose.
type Mount struct {
	volume          *Volume
	staging, target string
}

// startPod does what attacher and kubelet do for each volume that a container mounts; then the pod writes or reads.
func (play *Play) startPod(namespace, name string, spec core.PodSpec, node int) {
	pod := &Pod{name: name, node: &play.Nodes[node%len(play.Nodes)]}
	play.pods = append(play.pods, pod)
	for _, source := range spec.Volumes {
		volume := play.volume(namespace, play.claimOf(namespace, name, source))
		if volume.block != isDevice(spec, source.Name) {
			play.stop("pod %s mounts volume %s in another way than its claim says", name, source.Name)
		}
		play.mount(pod, volume)
	}
	if len(pod.mounts) == 0 {
		play.stop("pod %s uses no volume", name)
	}
}

// claimOf is the claim that a pod's volume names; for an ephemeral one it is made first.
func (play *Play) claimOf(namespace, pod string, source core.Volume) string {
	if source.PersistentVolumeClaim != nil {
		return source.PersistentVolumeClaim.ClaimName
	}
	if source.Ephemeral == nil {
		play.stop("pod %s: volume %s is of no claim", pod, source.Name)
	}
	claim := &core.PersistentVolumeClaim{Spec: source.Ephemeral.VolumeClaimTemplate.Spec}
	claim.Namespace, claim.Name = namespace, pod+"-"+source.Name
	play.provision(claim)
	return claim.Name
}

// isDevice: is it under volumeDevices of the first container? It must be under one of the two.
func isDevice(spec core.PodSpec, name string) bool {
	for _, device := range spec.Containers[0].VolumeDevices {
		if device.Name == name {
			return true
		}
	}
	return false
}

func (play *Play) mount(pod *Pod, volume *Volume) {
	csi := filepath.Join(pod.node.Kubelet, "plugins/kubernetes.io/csi")
	podDir := filepath.Join(pod.node.Kubelet, "pods", uid("pod", pod.name))
	mount := Mount{volume, filepath.Join(csi, driverName, uid("staging", volume.id), "globalmount"),
		filepath.Join(podDir, "volumes/kubernetes.io~csi", volume.name, "mount")}
	if volume.block {
		mount.staging = filepath.Join(csi, "volumeDevices/staging", volume.name)
		mount.target = filepath.Join(csi, "volumeDevices/publish", volume.name, uid("pod", pod.name))
	}
	if os.MkdirAll(mount.staging, 0o750) != nil || os.MkdirAll(filepath.Dir(mount.target), 0o750) != nil {
		play.stop("cannot make directories below %s", pod.node.Kubelet)
	}
	request := map[string]any{"volume_id": volume.id, "volume_capability": volume.capability(),
		"volume_context": volume.attributes}
	attach := map[string]any{"node_id": pod.node.id}
	for key, value := range request {
		attach[key] = value
	}
	request["publish_context"] = play.call(play.Controller, "ControllerPublishVolume", attach)["publish_context"]
	request["staging_target_path"] = mount.staging
	play.call(pod.node.Endpoint, "NodeStageVolume", request)
	request["target_path"] = mount.target
	play.call(pod.node.Endpoint, "NodePublishVolume", request)
	pod.mounts = append(pod.mounts, mount)
	play.use(pod, mount)
}

// use writes a file to a new volume, and finds it in one that was made of that; of a raw one it reads the device.
func (play *Play) use(pod *Pod, mount Mount) {
	if mount.volume.block {
		if info, err := os.Stat(mount.target); err != nil || info.Mode()&os.ModeDevice == 0 {
			play.stop("pod %s has no device at %s", pod.name, mount.target)
		}
		return
	}
	file := filepath.Join(mount.target, "written-by")
	found, err := os.ReadFile(file)
	if mount.volume.source && mount.volume.content == "" { // made elsewhere
		if err != nil {
			play.stop("pod %s does not find what its volume was made with", pod.name)
		}
		return
	}
	if mount.volume.source || mount.volume.content != "" {
		if string(found) != mount.volume.content {
			play.stop("pod %s finds '%s' (%v) in its volume, not '%s'", pod.name, found, err, mount.volume.content)
		}
		return
	}
	mount.volume.content = pod.name
	if err := os.WriteFile(file, []byte(pod.name), 0o600); err != nil {
		play.stop("pod %s cannot write: %v", pod.name, err)
	}
}

// sync is what a pod that cares does before a snapshot of its volume.
func (play *Play) sync(volume *Volume) {
	for _, pod := range play.pods {
		for _, mount := range pod.mounts {
			if mount.volume != volume || volume.block {
				continue
			}
			if out, err := exec.Command("sync", "--file-system", mount.target).CombinedOutput(); err != nil {
				play.stop("sync: %s", out)
			}
		}
	}
}

// growOnNode is the kubelet's part of an expansion. Where this machine grants nobody CAP_SYS_RESOURCE, the driver says that
// the file system grows at its next stage: then the pod is started anew.
func (play *Play) growOnNode(volume *Volume, size map[string]any) {
	for _, pod := range play.pods {
		for at, mount := range pod.mounts {
			if mount.volume != volume {
				continue
			}
			_, wrong := play.try(pod.node.Endpoint, "NodeExpandVolume", map[string]any{"volume_id": volume.id,
				"volume_path": mount.target, "staging_target_path": mount.staging, "capacity_range": size,
				"volume_capability": volume.capability()})
			if strings.Contains(wrong, "CAP_SYS_RESOURCE") {
				play.unmount(pod, mount)
				pod.mounts = append(pod.mounts[:at], pod.mounts[at+1:]...)
				play.mount(pod, volume)
			} else if wrong != "" {
				play.stop("NodeExpandVolume: %s", wrong)
			}
			play.checkSize(pod, volume, size["required_bytes"].(int64))
			return
		}
	}
	play.stop("no pod uses the volume that grows")
}

// checkSize: the file system has at least nine tenths of the disk.
func (play *Play) checkSize(pod *Pod, volume *Volume, wanted int64) {
	for _, mount := range pod.mounts {
		if mount.volume != volume {
			continue
		}
		stats := play.call(pod.node.Endpoint, "NodeGetVolumeStats", map[string]any{"volume_id": volume.id, "volume_path": mount.target})
		usage := stats["usage"].([]any)[0].(map[string]any)
		if total := number(usage["total"]); total < wanted/10*9 {
			play.stop("the file system has %d bytes of %d", total, wanted)
		}
	}
}

func (play *Play) unmount(pod *Pod, mount Mount) {
	play.call(pod.node.Endpoint, "NodeUnpublishVolume", map[string]any{"volume_id": mount.volume.id, "target_path": mount.target})
	play.call(pod.node.Endpoint, "NodeUnstageVolume", map[string]any{"volume_id": mount.volume.id, "staging_target_path": mount.staging})
	play.call(play.Controller, "ControllerUnpublishVolume", map[string]any{"volume_id": mount.volume.id, "node_id": pod.node.id})
}

func (play *Play) stopPod(pod *Pod) {
	for _, mount := range pod.mounts {
		play.unmount(pod, mount)
	}
}
