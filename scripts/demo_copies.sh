# Sourced by demo.sh: the second scenario. A volume that is in use gets a snapshot, a restored and a cloned copy of itself,
# all mounted side by side on one node; it grows and becomes faster under the pod; at last the disks' files tell what
# each of them holds. Bash only.
#
# shellcheck shell=bash

copies_capability='{"mount":{"fs_type":"xfs"},"access_mode":{"mode":"SINGLE_NODE_WRITER"}}'
copies_bytes=$((10 << 30))
grown_bytes=$((20 << 30))

declare -A copy_id=() copy_context=() copy_expected=() # by name: data, restored, cloned

staging_of() { echo "$kubelet_dir/plugins/kubernetes.io/csi/evs/$1"; }
target_of() { echo "$kubelet_dir/pods/demo/volumes/kubernetes.io~csi/$1/mount"; }

copies_create() { # NAME [SOURCE]: the JSON of volume_content_source
  local name=$1 source=${2:-}
  csi "$controller_endpoint" CreateVolume "{\"name\":\"pvc-$name\",
    \"capacity_range\":{\"required_bytes\":$copies_bytes},\"volume_capabilities\":[$copies_capability],
    \"parameters\":{\"type\":\"GPSSD2\",\"iops\":\"3000\",\"throughput\":\"125\"},
    ${source:+\"volume_content_source\":$source,}
    \"accessibility_requirements\":{\"requisite\":[$topology],\"preferred\":[$topology]}}" --get=volume.volume_id || return 1
  copy_id[$name]=$answer
}

copies_put_up() { # NAME: from a disk to a directory that the pod sees
  local name=$1 staging target common
  staging=$(staging_of "$name") target=$(target_of "$name")
  mkdir -p "$staging" "${target%/*}"
  csi "$controller_endpoint" ControllerPublishVolume "{\"volume_id\":\"${copy_id[$name]}\",\"node_id\":\"$node_id\",
    \"volume_capability\":$copies_capability}" --get=publish_context || return 1
  common="\"volume_id\":\"${copy_id[$name]}\",\"staging_target_path\":\"$staging\",\"publish_context\":$answer,
    \"volume_capability\":$copies_capability"
  csi "$node_endpoint" NodeStageVolume "{$common}" || return 1
  csi "$node_endpoint" NodePublishVolume "{$common,\"target_path\":\"$target\"}"
}

copies_take_down() { # NAME
  local volume="\"volume_id\":\"${copy_id[$1]}\""
  csi "$node_endpoint" NodeUnpublishVolume "{$volume,\"target_path\":\"$(target_of "$1")\"}" || return 1
  csi "$node_endpoint" NodeUnstageVolume "{$volume,\"staging_target_path\":\"$(staging_of "$1")\"}" || return 1
  csi "$controller_endpoint" ControllerUnpublishVolume "{$volume,\"node_id\":\"$node_id\"}"
}

copies_write() { # NAME: new random data, remembered as what it holds
  local file
  file=$(target_of "$1")/data
  if ! { dd if=/dev/urandom of="$file" bs=1M count="$pattern_mib" status=none && sync --file-system "$file"; }; then
    problem="cannot write to $file"
    return 1
  fi
  copy_expected[$1]=$(sha256sum <"$file")
}

copies_check() { # NAME DIRECTORY
  [ "$(sha256sum <"$2/data")" = "${copy_expected[$1]}" ] && return
  problem="what $2/data holds is not what belongs to '$1'"
  return 1
}

copies_begin() {
  copies_create data && copies_put_up data && copies_write data || return 1
  result="10 GiB GPSSD2, xfs, $pattern_mib MiB of data 1, sha256 ${copy_expected[data]:0:16}..."
}

# Asked for again until it is ready, as the snapshotter does.
copies_snapshot() {
  local request="{\"name\":\"snapshot-demo\",\"source_volume_id\":\"${copy_id[data]}\"}" deadline=$((SECONDS + 20))
  until csi "$controller_endpoint" CreateSnapshot "$request" --get=snapshot || return 1 &&
    [[ $answer =~ \"ready_to_use\":\ *true ]]; do
    if [ $SECONDS -ge $deadline ]; then
      problem="the snapshot is not ready: $answer"
      return 1
    fi
    sleep 0.05
  done
  snapshot_id=$(sed -nE 's/.*"snapshot_id": *"([^"]*)".*/\1/p' <<<"$answer")
  copy_expected[restored]=${copy_expected[data]}
  copies_write data || return 1
  result="snapshot $snapshot_id; then data 2, sha256 ${copy_expected[data]:0:16}..."
}

copies_guarded() {
  if csi "$controller_endpoint" DeleteVolume "{\"volume_id\":\"${copy_id[data]}\"}" ||
    [[ $problem != *FAILED_PRECONDITION* ]]; then
    problem="deleting a disk that has a snapshot was not refused: ${problem:-it went well}"
    return 1
  fi
  problem=""
  result="refused: it has a snapshot and is in use"
}

copies_restore() {
  copies_create restored "{\"snapshot\":{\"snapshot_id\":\"$snapshot_id\"}}" && copies_put_up restored || return 1
  copies_check restored "$(target_of restored)" || return 1
  result="data 1, mounted beside its original"
}

copies_clone() {
  copies_create cloned "{\"volume\":{\"volume_id\":\"${copy_id[data]}\"}}" || return 1
  copy_expected[cloned]=${copy_expected[data]}
  copies_put_up cloned && copies_check cloned "$(target_of cloned)" || return 1
  result="data 2, mounted beside both"
}

copies_expand() {
  local target kib
  target=$(target_of data)
  csi "$controller_endpoint" ControllerExpandVolume "{\"volume_id\":\"${copy_id[data]}\",
    \"capacity_range\":{\"required_bytes\":$grown_bytes},\"volume_capability\":$copies_capability}" || return 1
  csi "$node_endpoint" NodeExpandVolume "{\"volume_id\":\"${copy_id[data]}\",\"volume_path\":\"$target\",
    \"staging_target_path\":\"$(staging_of data)\",\"capacity_range\":{\"required_bytes\":$grown_bytes},
    \"volume_capability\":$copies_capability}" || return 1
  kib=$(findmnt --noheadings --bytes --output SIZE --mountpoint "$target")
  if [ "$kib" -le $((grown_bytes - (1 << 30))) ]; then
    problem="the mounted file system has $kib bytes, not nearly $grown_bytes"
    return 1
  fi
  copies_check data "$target" || return 1
  result="10 to 20 GiB while mounted, data 2 still there"
}

copies_modify() {
  csi "$controller_endpoint" ControllerModifyVolume "{\"volume_id\":\"${copy_id[data]}\",
    \"mutable_parameters\":{\"iops\":\"4000\",\"throughput\":\"250\"}}" || return 1
  local disk
  disk=$(sim_http GET /_sim/state | tr -d ' \n' | grep -oE "\{\"id\":\"${copy_id[data]}\"[^{]*")
  if ! [[ $disk == *'"iops":4000,"throughput":250'* ]]; then
    problem="the cloud's disk has not 4000 IOPS and 250 MiB/s: $disk"
    return 1
  fi
  result="3000 to 4000 IOPS, 125 to 250 MiB/s"
}

copies_down() {
  local name
  for name in data restored cloned; do copies_take_down "$name" || return 1; done
  result="three volumes unpublished, unstaged, detached"
}

# The disks' files behind loop devices of their own, without the driver.
copies_read_files() {
  local name look=$parts_dir/look status
  mkdir -p "$look"
  for name in data restored cloned; do
    mount -o loop,ro "$sim_state/disks/${copy_id[$name]}.img" "$look" || {
      problem="cannot mount the disk's file of '$name'"
      return 1
    }
    copies_check "$name" "$look"
    status=$?
    umount "$look"
    [ $status = 0 ] || return 1
  done
  result="data 2, data 1, data 2, read from three disks' files"
}

copies_delete() {
  local name
  csi "$controller_endpoint" DeleteSnapshot "{\"snapshot_id\":\"$snapshot_id\"}" || return 1
  for name in data restored cloned; do
    csi "$controller_endpoint" DeleteVolume "{\"volume_id\":\"${copy_id[$name]}\"}" || return 1
  done
  result="the snapshot and three disks are gone"
}

copies_and_changes() {
  step "a volume in use" copies_begin
  step CreateSnapshot copies_snapshot
  step "DeleteVolume" copies_guarded
  step "restore the snapshot" copies_restore
  step "clone the volume" copies_clone
  step "expand it online" copies_expand
  step ControllerModifyVolume copies_modify
  step "take all down" copies_down
  step "read the disks' files" copies_read_files
  step "delete all" copies_delete
}
