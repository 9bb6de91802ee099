#!/usr/bin/env bash
# demo.sh BIN   one volume's whole life on simulated hardware, then snapshot, restore, clone, expand and modify of
# another, step by step: the CSI calls that Kubernetes would make, sent by `evsctl csi` to the two plugins in BIN, which
# work on an evs-sim. Shows how long each step took and what it asked of the cloud, reads the data back through the
# disks' files after all is unmounted and detached, and proves at the end that nothing is left behind. A step that fails
# says which and why; status 1 then. Needs root (or sudo) for mounts and loop devices; runs in namespaces of its own, so
# that nothing outlives it.
set -uo pipefail
here=$(dirname "$(realpath "$0")")

if [ "${1:-}" != --inside ]; then
  if [ $# != 1 ]; then
    echo "usage: scripts/demo.sh BIN" >&2
    exit 2
  fi
  "$here/run-isolated" "$here/demo.sh" --inside "$(realpath "$1")"
  status=$?
  [ $status = 77 ] && status=1 # cannot run: no success
  exit $status
fi

# shellcheck source=scripts/parts.sh
. "$here/parts.sh"
# shellcheck source=scripts/demo_steps.sh
. "$here/demo_steps.sh"
# shellcheck source=scripts/demo_copies.sh
. "$here/demo_copies.sh"

volume_name=pvc-demo
size_bytes=$((10 << 30))
pattern_mib=8

# ---- the steps ----

capability='{"mount":{"fs_type":"ext4"},"access_mode":{"mode":"SINGLE_NODE_WRITER"}}'

# Where the pod shall run decides where the disk is made.
node_get_info() {
  csi "$node_endpoint" NodeGetInfo '{}' --get=accessible_topology || return 1
  topology=$answer
  csi "$node_endpoint" NodeGetInfo '{}' --get=max_volumes_per_node || return 1
  result="room for $answer volumes, ${topology//[\{\}\"]/}"
}

create_volume() {
  csi "$controller_endpoint" CreateVolume "{\"name\":\"$volume_name\",
    \"capacity_range\":{\"required_bytes\":$size_bytes},\"volume_capabilities\":[$capability],
    \"parameters\":{\"type\":\"SSD\"},
    \"accessibility_requirements\":{\"requisite\":[$topology],\"preferred\":[$topology]}}" --get=volume.volume_id || return 1
  volume_id=$answer
  result="disk $volume_id, 10 GiB SSD"
}

controller_publish() {
  csi "$controller_endpoint" ControllerPublishVolume "{\"volume_id\":\"$volume_id\",\"node_id\":\"$node_id\",
    \"volume_capability\":$capability}" --get=publish_context || return 1
  publish_context=$answer
  result="attached to server $node_id"
}

node_stage() {
  mkdir -p "$staging"
  csi "$node_endpoint" NodeStageVolume "{\"volume_id\":\"$volume_id\",\"staging_target_path\":\"$staging\",
    \"publish_context\":$publish_context,\"volume_capability\":$capability}" || return 1
  local type device
  read -r type device < <(findmnt --noheadings --output FSTYPE,SOURCE --mountpoint "$staging")
  [ "$type" = ext4 ] || {
    problem="'$type' instead of ext4 is mounted at $staging"
    return 1
  }
  result="${device##*/dev/} found by its serial, formatted as $type, mounted"
}

node_publish() {
  mkdir -p "${target%/*}"
  csi "$node_endpoint" NodePublishVolume "{\"volume_id\":\"$volume_id\",\"staging_target_path\":\"$staging\",
    \"target_path\":\"$target\",\"publish_context\":$publish_context,\"volume_capability\":$capability}" || return 1
  result="visible to the pod"
}

write_and_read() {
  dd if=/dev/urandom of="$parts_dir/pattern" bs=1M count=$pattern_mib status=none
  pattern_sum=$(sha256sum <"$parts_dir/pattern")
  if ! { cp "$parts_dir/pattern" "$target/data" && sync --file-system "$target/data"; }; then
    problem="cannot write to $target"
    return 1
  fi
  [ "$(sha256sum <"$target/data")" = "$pattern_sum" ] || {
    problem="what was read is not what was written"
    return 1
  }
  result="$pattern_mib MiB of random data, sha256 ${pattern_sum:0:16}..."
}

node_stats() {
  csi "$node_endpoint" NodeGetVolumeStats "{\"volume_id\":\"$volume_id\",\"volume_path\":\"$target\"}" \
    --get=usage.0.used || return 1
  result="$((answer >> 20)) MiB used"
  if [ "$answer" -lt $((pattern_mib << 20)) ]; then
    problem="$answer bytes used are less than the $pattern_mib MiB that were written"
    return 1
  fi
}

node_unpublish() {
  csi "$node_endpoint" NodeUnpublishVolume "{\"volume_id\":\"$volume_id\",\"target_path\":\"$target\"}" || return 1
  [ ! -e "$target" ] || {
    problem="$target is still there"
    return 1
  }
  result="$(basename "$target") is gone from the pod's directory"
}

node_unstage() {
  csi "$node_endpoint" NodeUnstageVolume "{\"volume_id\":\"$volume_id\",\"staging_target_path\":\"$staging\"}" || return 1
  [ -z "$(mounts_of_demo)" ] || {
    problem="still mounted: $(mounts_of_demo)"
    return 1
  }
  result="nothing is mounted any more"
}

controller_unpublish() {
  csi "$controller_endpoint" ControllerUnpublishVolume "{\"volume_id\":\"$volume_id\",\"node_id\":\"$node_id\"}" ||
    return 1
  result="detached"
}

# No mount and no device: debugfs reads the ext4 file system out of the disk's file.
read_disk_file() {
  local image=$sim_state/disks/$volume_id.img loops
  loops=$(loops_of_demo)
  [ -z "$loops" ] || {
    problem="a loop device is still there after detach: $loops"
    return 1
  }
  debugfs -R "dump /data $parts_dir/read-back" "$image" >/dev/null 2>"$parts_dir/debugfs.err"
  if ! [ -s "$parts_dir/read-back" ] || [ "$(sha256sum <"$parts_dir/read-back")" != "$pattern_sum" ]; then
    problem="the disk's file does not hold what was written: $(tail -n 1 "$parts_dir/debugfs.err")"
    return 1
  fi
  result="the same sha256, read from disks/$volume_id.img"
}

delete_volume() {
  csi "$controller_endpoint" DeleteVolume "{\"volume_id\":\"$volume_id\"}" || return 1
  result="the disk is gone"
}

# ---- the end ----

nothing_is_left() {
  local part
  result=""
  await_cloud_without disks 0
  proof "disk in the cloud" "$left"
  await_cloud_without snapshots $parts_stop_s # the clone's own goes by itself
  proof "snapshot" "$left"
  proof "disk file" "$(find "$sim_state/disks" "$sim_state/snapshots" -type f 2>/dev/null)"
  proof "mount" "$(mounts_of_demo)"
  for part in node controller sim; do
    stop_part $part || return 1
  done
  proof "loop device" "$(loops_of_demo)"
  proof "process" "$(processes_of_demo)"
}

# ---- the demo ----

directory=$(mktemp -d /tmp/evs-demo-XXXXXX) || exit 1
parts_init "$2" "$directory"
trap clean_up EXIT
trap 'exit 1' INT TERM
begin=$(now_ms)

step_name="start"
start_sim || give_up
start_controller || give_up
start_node || give_up
staging=$kubelet_dir/plugins/kubernetes.io/csi/evs/staging
target=$kubelet_dir/pods/demo/volumes/kubernetes.io~csi/$volume_name/mount

printf '%sone volume'\''s life, by real CSI calls, on simulated hardware%s\n\n' "$bold" "$plain"
printf '    cloud       evs-sim at %s\n' "$sim_url"
printf '    controller  evs-csi-controller, pid %s\n' "${parts_pid[controller]}"
printf '    node        evs-csi-node, pid %s, on server %s\n\n' "${parts_pid[node]}" "$node_id"

step NodeGetInfo node_get_info
step CreateVolume create_volume
step ControllerPublishVolume controller_publish
step NodeStageVolume node_stage
step NodePublishVolume node_publish
step "write and read" write_and_read
step NodeGetVolumeStats node_stats
step NodeUnpublishVolume node_unpublish
step NodeUnstageVolume node_unstage
step ControllerUnpublishVolume controller_unpublish
step "read the disk's file" read_disk_file
step DeleteVolume delete_volume

printf '\n%scopies and changes of a volume in use%s\n\n' "$bold" "$plain"
copies_and_changes

step_name="nothing is left"
nothing_is_left || give_up
printf '\n%snothing is left%s: %s\n' "$green" "$plain" "$result"
printf '%sdemo passed%s in %d ms\n' "$green" "$plain" $(($(now_ms) - begin))
