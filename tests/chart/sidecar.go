package main

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	snapshot "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	core "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

const driverName = "evs.csi.huaweicloud.com"

// What the sidecars keep for themselves of a class's parameters.
const sidecarPrefix = "csi.storage.k8s.io/"

// Volume is what a PersistentVolume says.
type Volume struct {
	name       string // of the PV
	id         string
	static     bool
	fsType     string
	options    []string
	modes      []core.PersistentVolumeAccessMode
	block      bool
	attributes map[string]any
	content    string // what the first pod wrote, or is expected to find
	source     bool   // made of another volume: content is there already
}

// uid is what Kubernetes would give the object, the same in every play.
func uid(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "/")))
	return fmt.Sprintf("%x-%x-4%x-8%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])[:36]
}

// capability as external-provisioner and the kubelet make it for drivers with SINGLE_NODE_MULTI_WRITER.
func (volume *Volume) capability() map[string]any {
	modes := map[core.PersistentVolumeAccessMode]string{core.ReadWriteOnce: "SINGLE_NODE_MULTI_WRITER",
		core.ReadWriteOncePod: "SINGLE_NODE_SINGLE_WRITER", core.ReadWriteMany: "MULTI_NODE_MULTI_WRITER",
		core.ReadOnlyMany: "MULTI_NODE_READER_ONLY"}
	capability := map[string]any{"access_mode": map[string]any{"mode": modes[volume.modes[0]]}}
	if volume.block {
		capability["block"] = map[string]any{}
	} else {
		capability["mount"] = map[string]any{"fs_type": volume.fsType, "mount_flags": volume.options}
	}
	return capability
}

func isBlock(mode *core.PersistentVolumeMode) bool {
	return mode != nil && *mode == core.PersistentVolumeBlock
}

// split divides a class's parameters into the driver's and the sidecars' own.
func (play *Play) split(parameters map[string]string) (drivers map[string]any, own map[string]string) {
	known := []string{"fstype", "provisioner-secret-name", "provisioner-secret-namespace"}
	drivers, own = map[string]any{}, map[string]string{}
	for key, value := range parameters {
		name, isOwn := strings.CutPrefix(key, sidecarPrefix)
		if !isOwn {
			drivers[key] = value
		} else if slices.Contains(known, name) {
			own[name] = value
		} else {
			play.stop("external-provisioner refuses the parameter %s", key)
		}
	}
	return drivers, own
}

// secrets that the class names for the provisioner, which fills in the claim's name.
func (play *Play) secrets(own map[string]string, claim *core.PersistentVolumeClaim) map[string]any {
	filled := strings.NewReplacer("${pvc.namespace}", claim.Namespace, "${pvc.name}", claim.Name)
	secrets := map[string]any{}
	if own["provisioner-secret-name"] == "" {
		return secrets
	}
	secret := find[*core.Secret](play, "Secret", filled.Replace(own["provisioner-secret-namespace"]),
		filled.Replace(own["provisioner-secret-name"]))
	for key, text := range secret.StringData {
		secrets[key] = text
	}
	return secrets
}

// attributesOf are the parameters of the claim's VolumeAttributesClass, if it has one.
func (play *Play) attributesOf(claim *core.PersistentVolumeClaim) map[string]any {
	parameters := map[string]any{}
	if name := claim.Spec.VolumeAttributesClassName; name != nil {
		play.usedClasses[*name] = true
		class := find[*storage.VolumeAttributesClass](play, "VolumeAttributesClass", "", *name)
		if class.DriverName != driverName {
			play.stop("VolumeAttributesClass %s is for driver %s", class.Name, class.DriverName)
		}
		for key, value := range class.Parameters {
			parameters[key] = value
		}
	}
	return parameters
}

// sourceOf is the content source of the request; the volume remembers what its pods must find.
func (play *Play) sourceOf(claim *core.PersistentVolumeClaim, volume *Volume) map[string]any {
	source := claim.Spec.DataSource
	if source == nil {
		return nil
	}
	volume.source = true
	if source.Kind == "PersistentVolumeClaim" {
		from := play.volume(claim.Namespace, source.Name)
		volume.content = from.content
		return map[string]any{"volume": map[string]any{"volume_id": from.id}}
	}
	handle := play.handles[claim.Namespace+"/"+source.Name]
	if handle == "" {
		play.stop("no VolumeSnapshot %s was applied", source.Name)
	}
	taken := find[*snapshot.VolumeSnapshot](play, "VolumeSnapshot", claim.Namespace, source.Name)
	if name := taken.Spec.Source.PersistentVolumeClaimName; name != nil {
		volume.content = play.volume(claim.Namespace, *name).content
	}
	return map[string]any{"snapshot": map[string]any{"snapshot_id": handle}}
}

func (play *Play) volume(namespace, claim string) *Volume {
	volume := play.volumes[namespace+"/"+claim]
	if volume == nil {
		play.stop("no claim %s/%s was applied", namespace, claim)
	}
	return volume
}

func bytesOf(claim *core.PersistentVolumeClaim) int64 {
	size := claim.Spec.Resources.Requests[core.ResourceStorage]
	return size.Value()
}

// provision binds a claim: to the PV it names, or to a new volume, as external-provisioner would with
// --extra-create-metadata, --strict-topology and --immediate-topology=false.
func (play *Play) provision(claim *core.PersistentVolumeClaim) {
	if claim.Spec.VolumeName != "" {
		play.bind(claim)
		return
	}
	class := find[*storage.StorageClass](play, "StorageClass", "", *claim.Spec.StorageClassName)
	if class.Provisioner != driverName {
		play.stop("StorageClass %s is for %s", class.Name, class.Provisioner)
	}
	if claim.Spec.VolumeAttributesClassName == nil { // that one would hide the class's own values
		play.usedClasses[class.Name] = true
	}
	play.checkZone(class)
	parameters, own := play.split(class.Parameters)
	volume := &Volume{name: "pvc-" + uid("pvc", claim.Namespace, claim.Name), fsType: own["fstype"],
		options: class.MountOptions, modes: claim.Spec.AccessModes, block: isBlock(claim.Spec.VolumeMode)}
	parameters[sidecarPrefix+"pv/name"] = volume.name
	parameters[sidecarPrefix+"pvc/name"] = claim.Name
	parameters[sidecarPrefix+"pvc/namespace"] = claim.Namespace
	place := []any{play.Nodes[0].topology}
	request := map[string]any{"name": volume.name, "capacity_range": map[string]any{"required_bytes": bytesOf(claim)},
		"parameters": parameters, "volume_capabilities": []any{volume.capability()}, "secrets": play.secrets(own, claim),
		"mutable_parameters":         play.attributesOf(claim),
		"accessibility_requirements": map[string]any{"requisite": place, "preferred": place}}
	if source := play.sourceOf(claim, volume); source != nil {
		request["volume_content_source"] = source
	}
	answer := play.call(play.Controller, "CreateVolume", request)["volume"].(map[string]any)
	volume.id = answer["volume_id"].(string)
	volume.attributes, _ = answer["volume_context"].(map[string]any)
	volume.source = volume.source || parameters["transfer"] == "true"
	play.volumes[claim.Namespace+"/"+claim.Name] = volume
}

// bind checks what the PV controller would: claim and PV name each other, size, class, modes.
func (play *Play) bind(claim *core.PersistentVolumeClaim) {
	pv := find[*core.PersistentVolume](play, "PersistentVolume", "", claim.Spec.VolumeName)
	size := pv.Spec.Capacity[core.ResourceStorage]
	ref := pv.Spec.ClaimRef
	if ref == nil || ref.Name != claim.Name || ref.Namespace != claim.Namespace || size.Value() < bytesOf(claim) ||
		pv.Spec.StorageClassName != *claim.Spec.StorageClassName || !slices.Equal(pv.Spec.AccessModes, claim.Spec.AccessModes) ||
		isBlock(pv.Spec.VolumeMode) != isBlock(claim.Spec.VolumeMode) {
		play.stop("claim %s does not bind to PersistentVolume %s", claim.Name, pv.Name)
	}
	if pv.Spec.CSI == nil || pv.Spec.CSI.Driver != driverName || pv.Spec.PersistentVolumeReclaimPolicy != core.PersistentVolumeReclaimRetain {
		play.stop("PersistentVolume %s: driver or reclaim policy", pv.Name)
	}
	attributes := map[string]any{}
	for key, value := range pv.Spec.CSI.VolumeAttributes {
		attributes[key] = value
	}
	play.volumes[claim.Namespace+"/"+claim.Name] = &Volume{name: pv.Name, id: pv.Spec.CSI.VolumeHandle, static: true,
		fsType: pv.Spec.CSI.FSType, options: pv.Spec.MountOptions, modes: pv.Spec.AccessModes,
		block: isBlock(pv.Spec.VolumeMode), attributes: attributes}
}

// change is external-resizer's part: size and VolumeAttributesClass.
func (play *Play) change(before, claim *core.PersistentVolumeClaim) {
	volume := play.volume(claim.Namespace, claim.Name)
	calls := play.calls
	if bytesOf(claim) > bytesOf(before) {
		size := map[string]any{"required_bytes": bytesOf(claim)}
		answer := play.call(play.Controller, "ControllerExpandVolume", map[string]any{"volume_id": volume.id,
			"capacity_range": size, "volume_capability": volume.capability()})
		if answer["node_expansion_required"] == true {
			play.growOnNode(volume, size)
		}
	}
	if name := claim.Spec.VolumeAttributesClassName; name != nil && *name != *before.Spec.VolumeAttributesClassName {
		play.call(play.Controller, "ControllerModifyVolume", map[string]any{"volume_id": volume.id,
			"mutable_parameters": play.attributesOf(claim)})
	}
	if play.calls == calls {
		play.stop("claim %s changes nothing of the one before", claim.Name)
	}
}

// snapshotObject is external-snapshotter's part.
func (play *Play) snapshotObject(object Object) {
	taken, ok := object.Value.(*snapshot.VolumeSnapshot)
	if !ok {
		return
	}
	key := taken.Namespace + "/" + taken.Name
	if name := taken.Spec.Source.VolumeSnapshotContentName; name != nil {
		content := find[*snapshot.VolumeSnapshotContent](play, "VolumeSnapshotContent", "", *name)
		if content.Spec.VolumeSnapshotRef.Name != taken.Name || content.Spec.VolumeSnapshotRef.Namespace != taken.Namespace {
			play.stop("VolumeSnapshotContent %s is for another VolumeSnapshot", *name)
		}
		play.handles[key] = *content.Spec.Source.SnapshotHandle
		return
	}
	volume := play.volume(taken.Namespace, *taken.Spec.Source.PersistentVolumeClaimName)
	play.usedClasses[*taken.Spec.VolumeSnapshotClassName] = true
	class := find[*snapshot.VolumeSnapshotClass](play, "VolumeSnapshotClass", "", *taken.Spec.VolumeSnapshotClassName)
	name := "snapshot-" + uid("snapshot", taken.Namespace, taken.Name)
	parameters := map[string]any{sidecarPrefix + "volumesnapshot/name": taken.Name,
		sidecarPrefix + "volumesnapshot/namespace":   taken.Namespace,
		sidecarPrefix + "volumesnapshotcontent/name": strings.Replace(name, "snapshot-", "snapcontent-", 1)}
	for key, value := range class.Parameters {
		parameters[key] = value
	}
	play.sync(volume)
	request := map[string]any{"name": name, "source_volume_id": volume.id, "parameters": parameters}
	for range 600 {
		answer := play.call(play.Controller, "CreateSnapshot", request)["snapshot"].(map[string]any)
		play.handles[key] = answer["snapshot_id"].(string)
		if answer["ready_to_use"] == true {
			return
		}
	}
	play.stop("snapshot %s is never ready", taken.Name)
}

// checkZone: the scheduler would find no node for a class whose topologies leave out the first node's zone.
func (play *Play) checkZone(class *storage.StorageClass) {
	segments := play.Nodes[0].topology["segments"].(map[string]any)
	for _, term := range class.AllowedTopologies {
		for _, expression := range term.MatchLabelExpressions {
			if zone, ok := segments[expression.Key].(string); !ok || !slices.Contains(expression.Values, zone) {
				play.stop("StorageClass %s: no node has %s in %v", class.Name, expression.Key, expression.Values)
			}
		}
	}
}

// tryClasses makes a claim, or a snapshot, of each class that was applied and not used.
func (play *Play) tryClasses() {
	last := ""
	for _, object := range play.objects {
		class, ok := object.Value.(*storage.StorageClass)
		if !ok || play.usedClasses[class.Name] {
			continue
		}
		last = "of-" + class.Name
		claim := &core.PersistentVolumeClaim{Spec: core.PersistentVolumeClaimSpec{StorageClassName: &class.Name,
			AccessModes: []core.PersistentVolumeAccessMode{core.ReadWriteOnce},
			Resources:   core.VolumeResourceRequirements{Requests: core.ResourceList{core.ResourceStorage: resource.MustParse("40Gi")}}}}
		claim.Namespace, claim.Name = "default", last
		play.provision(claim)
	}
	for _, object := range play.objects {
		switch class := object.Value.(type) {
		case *snapshot.VolumeSnapshotClass:
			if !play.usedClasses[class.Name] {
				taken := &snapshot.VolumeSnapshot{Spec: snapshot.VolumeSnapshotSpec{VolumeSnapshotClassName: &class.Name,
					Source: snapshot.VolumeSnapshotSource{PersistentVolumeClaimName: &last}}}
				taken.Namespace, taken.Name = "default", "of-"+class.Name
				play.objects["VolumeSnapshot default/"+taken.Name] = Object{taken, taken, "VolumeSnapshot"}
				play.snapshotObject(Object{taken, taken, "VolumeSnapshot"})
			}
		case *storage.VolumeAttributesClass:
			if !play.usedClasses[class.Name] {
				play.stop("VolumeAttributesClass %s: no claim uses it", class.Name)
			}
		}
	}
}

// takeAway deletes pods, snapshots and volumes; what the driver did not make stays.
func (play *Play) takeAway() {
	for _, pod := range slices.Backward(play.pods) {
		play.stopPod(pod)
	}
	for key, handle := range play.handles {
		namespace, name, _ := strings.Cut(key, "/")
		if find[*snapshot.VolumeSnapshot](play, "VolumeSnapshot", namespace, name).Spec.Source.PersistentVolumeClaimName != nil {
			play.call(play.Controller, "DeleteSnapshot", map[string]any{"snapshot_id": handle})
		}
	}
	for _, volume := range play.volumes {
		if !volume.static {
			play.call(play.Controller, "DeleteVolume", map[string]any{"volume_id": volume.id})
		}
	}
}
