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
# shellcheck source=scripts/demo_copies.sh
. "$here/demo_copies.sh"

volume_name=pvc-demo
size_bytes=$((10 << 30))
pattern_mib=8

# ---- output ----

bold='' red='' green='' dim='' plain=''
if [ -t 1 ]; then
  bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' dim=$'\e[2m' plain=$'\e[0m'
fi

now_ms() {
  local t=$EPOCHREALTIME
  echo $((${t/./} / 1000))
}

step_number=0
step_name=""
result="" # what a step has to say for itself
step() {  # NAME COMMAND...: runs one step of the life and shows it
  local begin end calls
  step_name=$1
  shift
  step_number=$((step_number + 1))
  result=""
  problem=""
  sim_http DELETE /_sim/stats >/dev/null
  begin=$(now_ms)
  "$@" || give_up
  end=$(now_ms)
  calls=$(cloud_calls)
  printf '%s%2d  %-26s%s %6d ms  %s\n' "$bold" $step_number "$step_name" "$plain" $((end - begin)) "$result"
  [ -z "$calls" ] || printf '    %scloud: %s%s\n' "$dim" "$calls" "$plain"
}

give_up() {
  printf '\n%sFAILED%s in step %d, %s: %s\n' "$red" "$plain" $step_number "$step_name" "${problem:-no reason given}"
  exit 1
}

# ---- the cloud's own count of what it was asked ----

operation_name() {
  case $1 in
    6.1.1) echo "create disk" ;;
    6.1.3) echo "list disks" ;;
    6.1.4) echo "get disk" ;;
    6.1.5) echo "expand disk" ;;
    6.1.6) echo "delete disk" ;;
    6.1.13) echo "change QoS" ;;
    6.2.1) echo "create snapshot" ;;
    6.2.2) echo "delete snapshot" ;;
    6.2.4) echo "list snapshots" ;;
    6.2.5) echo "get snapshot" ;;
    6.4.1) echo "get job" ;;
    7.1.4) echo "list types" ;;
    7.8.1) echo "list zones" ;;
    ecs.attach) echo "attach" ;;
    ecs.detach) echo "detach" ;;
    ecs.block_devices) echo "list attachments" ;;
    ecs.server) echo "get server" ;;
    ecs.job) echo "get ECS job" ;;
    iam.projects) echo "find project" ;;
    meta.token) echo "metadata token" ;;
    meta.data) echo "metadata" ;;
    *) echo "$1" ;;
  esac
}

cloud_calls() {
  local op count text=""
  while read -r op count; do
    text+="${text:+, }$count x $(operation_name "$op")"
  done < <(sim_http GET /_sim/stats | grep -oE '"[A-Za-z0-9_.]+": *\{"total": *[0-9]+' |
    sed -E 's/^"([^"]+)".*[^0-9]([0-9]+)$/\1 \2/')
  echo "$text"
}

# ---- the steps ----

csi() { # ENDPOINT METHOD JSON [OPTION...]: the answer's value is in `answer`
  local endpoint=$1 method=$2 request=$3
  shift 3
  if ! answer=$("$parts_bin/evsctl" csi --endpoint="$endpoint" --timeout=60 "$@" "$method" - <<<"$request" 2>&1); then
    problem=$answer
    return 1
  fi
}

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

# ---- what could be left ----

loops_of_demo() {
  grep -sl "$parts_dir" /sys/block/loop*/loop/backing_file
}

mounts_of_demo() {
  awk -v dir="$parts_dir/" 'index($5, dir) == 1 { print $5 }' /proc/self/mountinfo
}

# Processes of this namespace but for the first one, this script and what it is just running.
processes_of_demo() {
  local entry pid parent
  for entry in /proc/[0-9]*; do
    pid=${entry#/proc/}
    parent=$(sed 's/.*) //' "$entry/stat" 2>/dev/null | cut -d' ' -f2)
    [ "$pid" = 1 ] || [ "$pid" = $$ ] || [ "$pid" = "$BASHPID" ] || [ "$parent" = "$BASHPID" ] || [ -z "$parent" ] ||
      tr '\0' ' ' <"$entry/cmdline" 2>/dev/null
  done
}

proof() { # WHAT LEFT: LEFT must be empty
  if [ -n "$2" ]; then
    problem="$1 left: $2"
    step_name="nothing is left"
    give_up
  fi
  result+="${result:+, }no $1"
}

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

clean_up() {
  local mount
  kill_parts
  mounts_of_demo | tac | while read -r mount; do umount --lazy "$mount"; done
  rm -rf --one-file-system "$parts_dir"
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
