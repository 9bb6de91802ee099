#!/usr/bin/env bash
# demo-transfer.sh BIN   a disk with data goes from a cluster in one account to a cluster in another, and back: two
# controllers and two nodes on simulated hardware, each with its own account's keys alone. There by `evsctl transfer` and
# a static PV, back by a StorageClass with transfer: "true". Each step checks what it shows: the data's sha256 as a pod
# reads it, that no file system was made anew, that nobody meddles with a disk that is not his, and at the end that
# nothing is left behind. A step that fails says which and why; status 1 then. Needs root (or sudo) for mounts and loop
# devices; runs in namespaces of its own, so that nothing outlives it.
set -uo pipefail
here=$(dirname "$(realpath "$0")")

if [ "${1:-}" != --inside ]; then
  if [ $# != 1 ]; then
    echo "usage: scripts/demo-transfer.sh BIN" >&2
    exit 2
  fi
  "$here/run-isolated" "$here/demo-transfer.sh" --inside "$(realpath "$1")"
  status=$?
  [ $status = 77 ] && status=1 # cannot run: no success
  exit $status
fi

# shellcheck source=scripts/parts.sh
. "$here/parts.sh"
# shellcheck source=scripts/demo_steps.sh
. "$here/demo_steps.sh"

size_bytes=$((10 << 30))
pattern_mib=8
capability='{"mount":{"fs_type":"ext4"},"access_mode":{"mode":"SINGLE_NODE_WRITER"}}'
declare -A project=([alpha]=0f1e2d3c4b5a69788796a5b4c3d2e1f0 [beta]=1f1e2d3c4b5a69788796a5b4c3d2e1f0)
declare -A server=() # by cluster

# ---- two accounts, two clusters ----

account() { # NAME DOMAIN
  cat <<END
{"name":"$1","domain_id":"$2","projects":[{"id":"${project[$1]}","name":"sim-1"}],
 "users":[{"name":"csi","password":"pw","keys":[{"ak":"AK-$1","sk":"SK-$1"}],"actions":["*"]}],
 "servers":[{"name":"node-%d","count":1,"zone":"sim-1a","bus":"virtio"}]}
END
}

write_accounts() {
  cat >"$parts_dir/accounts.json" <<END
{"format":1,"cloud":"sim.test","region":"sim-1","zones":[{"name":"sim-1a","types":["SSD"]}],
 "accounts":[$(account alpha aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa), $(account beta bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb)]}
END
}

config_of() { echo "$parts_dir/$1.conf"; }
controller_of() { echo "unix://$parts_dir/controller-$1.sock"; }
node_of() { echo "unix://$parts_dir/node-$1.sock"; }
staging_of() { echo "$parts_dir/kubelet-$1/plugins/kubernetes.io/csi/evs/staging"; }
target_of() { echo "$parts_dir/kubelet-$1/pods/pod/volumes/kubernetes.io~csi/data/mount"; }

start_cluster() { # NAME, which is its account's as well
  local name=$1 tree kubelet=$parts_dir/kubelet-$1
  (
    umask 077
    cat >"$(config_of "$name")" <<END
[Global]
cloud=sim.test
region=sim-1
project-id=${project[$name]}
access-key=AK-$name
secret-key=SK-$name
auth-url=$sim_url/iam/v3
endpoint-evs=$sim_url/evs
endpoint-ecs=$sim_url/ecs
endpoint-iam=$sim_url/iam
END
  )
  tree=$(readlink -f "$sim_state/servers/by-name/$name.node-1")
  server[$name]=${tree##*/}
  mkdir -p "$kubelet"
  part_start "controller-$name" "$parts_bin/evs-csi-controller" --endpoint="$(controller_of "$name")" \
    --cloud-config="$(config_of "$name")" --cluster-id="$name"
  await $parts_ready_s "controller-$name" answers_probe "$(controller_of "$name")" || return 1
  part_start "node-$name" "$parts_bin/evs-csi-node" --endpoint="$(node_of "$name")" --node-id="${server[$name]}" \
    --zone=sim-1a --dev-dir="$tree/dev" --sys-dir="$tree/sys" --kubelet-dir="$kubelet"
  await $parts_ready_s "node-$name" answers_probe "$(node_of "$name")"
}

# ---- what both do ----

as() { # CLUSTER ARGUMENT...: evsctl with that account's configuration; its stdout is in `answer`
  local name=$1
  shift
  if ! answer=$("$parts_bin/evsctl" --cloud-config="$(config_of "$name")" "$@" 2>"$parts_dir/evsctl.err"); then
    problem="$(cat "$parts_dir/evsctl.err")$answer"
    return 1
  fi
}

must_fail() { # TEXT COMMAND...: the command fails, and its reason has TEXT
  local text=$1
  shift
  if "$@"; then
    problem="'$*' went well; expected was '$text'"
    return 1
  fi
  [[ $problem == *"$text"* ]] || return 1
  problem=""
}

put_up() { # CLUSTER: from the disk to the directory that the pod sees
  local name=$1 common
  mkdir -p "$(staging_of "$name")" "$(dirname "$(target_of "$name")")"
  csi "$(controller_of "$name")" ControllerPublishVolume "{\"volume_id\":\"$volume_id\",
    \"node_id\":\"${server[$name]}\",\"volume_capability\":$capability}" --get=publish_context || return 1
  blank=$(sed -nE 's/.*"blank": *"([^"]*)".*/\1/p' <<<"$answer")
  common="\"volume_id\":\"$volume_id\",\"staging_target_path\":\"$(staging_of "$name")\",\"publish_context\":$answer,
    \"volume_capability\":$capability"
  csi "$(node_of "$name")" NodeStageVolume "{$common}" || return 1
  csi "$(node_of "$name")" NodePublishVolume "{$common,\"target_path\":\"$(target_of "$name")\"}"
}

take_down() { # CLUSTER
  local name=$1 volume="\"volume_id\":\"$volume_id\""
  csi "$(node_of "$name")" NodeUnpublishVolume "{$volume,\"target_path\":\"$(target_of "$name")\"}" || return 1
  csi "$(node_of "$name")" NodeUnstageVolume "{$volume,\"staging_target_path\":\"$(staging_of "$name")\"}" || return 1
  csi "$(controller_of "$name")" ControllerUnpublishVolume "{$volume,\"node_id\":\"${server[$name]}\"}"
}

declare -A expected=() # sha256 by file name

write_file() { # CLUSTER NAME
  local path
  path=$(target_of "$1")/$2
  if ! { dd if=/dev/urandom of="$path" bs=1M count=$pattern_mib status=none && sync --file-system "$path"; }; then
    problem="cannot write to $path"
    return 1
  fi
  expected[$2]=$(sha256sum <"$path")
}

check_files() { # CLUSTER
  local name
  for name in "${!expected[@]}"; do
    [ "$(sha256sum <"$(target_of "$1")/$name")" = "${expected[$name]}" ] && continue
    problem="what the pod reads from '$name' is not what was written"
    return 1
  done
}

# When and with which UUID the file system was made.
file_system() {
  dumpe2fs -h "$sim_state/disks/$volume_id.img" 2>/dev/null | grep -E '^Filesystem (UUID|created):'
}

same_file_system() {
  [ "$blank" = false ] && [ "$(file_system)" = "$made" ] && return
  problem="blank: $blank; the file system was: $made; it is: $(file_system)"
  return 1
}

offer() { # CLUSTER PV OPTION...: its disk; the handover file's name is in `handover`
  local name=$1 pv=$2
  shift 2
  cat >"$parts_dir/pvs.json" <<END
{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":"$pv"},
 "spec":{"capacity":{"storage":"10Gi"},"accessModes":["ReadWriteOnce"],"volumeMode":"Filesystem",
  "persistentVolumeReclaimPolicy":"Retain","claimRef":{"namespace":"shop","name":"data"},
  "csi":{"driver":"evs.csi.huaweicloud.com","volumeHandle":"$volume_id","fsType":"ext4"}}}]}
END
  handover=$parts_dir/evs-transfer-$volume_id.json
  as "$name" transfer create --pv="$pv" --pv-list="$parts_dir/pvs.json" --output-dir="$parts_dir" "$@" || return 1
  { sed -nE 's/.*"auth_key": *"([^"]*)".*/\1/p' "$handover" && echo; } >>"$parts_dir/keys"
}

# ---- there ----

alpha_writes() {
  csi "$(controller_of alpha)" CreateVolume "{\"name\":\"pvc-alpha\",\"capacity_range\":{\"required_bytes\":$size_bytes},
    \"volume_capabilities\":[$capability],\"parameters\":{\"type\":\"SSD\"}}" --get=volume.volume_id || return 1
  volume_id=$answer
  put_up alpha && write_file alpha data || return 1
  result="disk $volume_id, $pattern_mib MiB of data, sha256 ${expected[data]:0:16}..."
}

refused_in_use() {
  must_fail "has status 'in-use'" offer alpha pvc-alpha || return 1
  result="refused: it is in use; nothing was created"
}

alpha_pod_ends() {
  take_down alpha || return 1
  made=$(file_system)
  result="unpublished, unstaged, detached"
}

refused_with_snapshot() {
  as alpha snapshot create "$volume_id" --name=before || return 1
  must_fail "has 1 snapshot" offer alpha pvc-alpha || return 1
  as alpha snapshot list --volume="$volume_id" -o json || return 1
  as alpha snapshot delete "$(sed -nE 's/^ *"id": *"([^"]*)".*/\1/p' <<<"$answer" | head -n 1)" --yes || return 1
  result="refused: it has a snapshot; that was deleted then"
}

alpha_offers() {
  offer alpha pvc-alpha --to=beta --expires=1h || return 1
  [ "$(stat -c %a "$handover")" = 600 ] || {
    problem="the mode of $handover is $(stat -c %a "$handover")"
    return 1
  }
  result="$(basename "$handover"), mode 600"
}

alpha_leaves_it() {
  must_fail "it is offered to another project" csi "$(controller_of alpha)" ControllerPublishVolume \
    "{\"volume_id\":\"$volume_id\",\"node_id\":\"${server[alpha]}\",\"volume_capability\":$capability}" || return 1
  result="refused: it is offered to another project"
}

beta_looks() {
  must_fail NOT_FOUND csi "$(controller_of beta)" ControllerGetVolume "{\"volume_id\":\"$volume_id\"}" || return 1
  if grep -q -e AK-alpha -e SK-alpha "$(config_of beta)" /proc/"${parts_pid[controller-beta]}"/{cmdline,environ}; then
    problem="beta has a key of alpha's"
    return 1
  fi
  as beta transfer accept "$handover" --cluster-id=beta --dry-run || return 1
  result="no key of alpha's, does not see the disk; could accept it"
}

beta_accepts() {
  as beta transfer accept "$handover" --cluster-id=beta --emit-pv -o json || return 1
  [[ $answer == *"\"volumeHandle\": \"$volume_id\""* && $answer == *'"Retain"'* ]] || {
    problem="no PV of the disk was written: $answer"
    return 1
  }
  result="accepted, marked, a PV and its claim written"
}

beta_reads() {
  put_up beta && check_files beta || return 1
  result="attached, staged, published: the same sha256"
}

beta_writes() {
  write_file beta more && take_down beta && same_file_system || return 1
  result="taken down; still the file system that alpha made"
}

alpha_lets_go() {
  must_fail "it was deleted, or handed over to another account" csi "$(controller_of alpha)" ControllerPublishVolume \
    "{\"volume_id\":\"$volume_id\",\"node_id\":\"${server[alpha]}\",\"volume_capability\":$capability}" || return 1
  csi "$(controller_of alpha)" DeleteVolume "{\"volume_id\":\"$volume_id\"}" || return 1
  as beta volume show "$volume_id" || return 1
  result="publish: NOT_FOUND; DeleteVolume goes well, beta keeps the disk"
}

# ---- and back ----

beta_offers() {
  offer beta pvc-alpha --to=alpha || return 1
  result="$(basename "$handover")"
}

alpha_claims() {
  local text
  text=$(sed 's/\\/\\\\/g; s/"/\\"/g' "$handover" | tr -d '\n')
  csi "$(controller_of alpha)" CreateVolume "{\"name\":\"pvc-back\",\"capacity_range\":{\"required_bytes\":$size_bytes},
    \"volume_capabilities\":[$capability],\"parameters\":{\"transfer\":\"true\"},
    \"secrets\":{\"handover\":\"$text\"}}" --get=volume.volume_id || return 1
  [ "$answer" = "$volume_id" ] || {
    problem="the volume is '$answer', not disk $volume_id"
    return 1
  }
  result="the volume is the disk that was handed over"
}

alpha_reads() {
  put_up alpha && check_files alpha && take_down alpha && same_file_system || return 1
  result="its own data and beta's; still the same file system"
}

alpha_deletes() {
  csi "$(controller_of alpha)" DeleteVolume "{\"volume_id\":\"$volume_id\"}" || return 1
  result="the disk is gone"
}

# ---- the end ----

nothing_is_left() {
  local part
  result=""
  await_cloud_without disks 0
  proof "disk in the cloud" "$left"
  await_cloud_without transfers 0
  proof "transfer" "$left"
  proof "disk file" "$(find "$sim_state/disks" "$sim_state/snapshots" -type f 2>/dev/null)"
  proof "mount" "$(mounts_of_demo)"
  sed -i '/^$/d' "$parts_dir/keys"
  [ "$(wc -l <"$parts_dir/keys")" = 2 ] || {
    problem="no two keys are known"
    return 1
  }
  proof "key in a log" "$(grep -l -F -f "$parts_dir/keys" "$parts_dir"/*.{out,err})"
  for part in node-alpha node-beta controller-alpha controller-beta sim; do
    stop_part $part || return 1
  done
  proof "loop device" "$(loops_of_demo)"
  proof "process" "$(processes_of_demo)"
}

directory=$(mktemp -d /tmp/evs-demo-XXXXXX) || exit 1
parts_init "$2" "$directory"
trap clean_up EXIT
trap 'exit 1' INT TERM
begin=$(now_ms)

step_name="start"
write_accounts
start_sim --accounts="$parts_dir/accounts.json" || give_up
start_cluster alpha || give_up
start_cluster beta || give_up

printf '%sa disk goes to another account with its data%s\n\n' "$bold" "$plain"
printf '    cloud           evs-sim at %s, accounts alpha and beta\n' "$sim_url"
for name in alpha beta; do
  printf '    cluster %-7s controller pid %s, node pid %s on server %s\n' $name "${parts_pid[controller-$name]}" \
    "${parts_pid[node-$name]}" "${server[$name]}"
done
echo

step "alpha: a pod writes" alpha_writes
step "alpha: transfer create" refused_in_use
step "alpha: the pod ends" alpha_pod_ends
step "alpha: transfer create" refused_with_snapshot
step "alpha: transfer create" alpha_offers
step "alpha: publish" alpha_leaves_it
step "beta: accept --dry-run" beta_looks
step "beta: transfer accept" beta_accepts
step "beta: a pod reads" beta_reads
step "beta: the pod writes, ends" beta_writes
step "alpha: lets go of its PV" alpha_lets_go

printf '\n%sand back, by a claim of a StorageClass with transfer: "true"%s\n\n' "$bold" "$plain"
step "beta: transfer create" beta_offers
step "alpha: CreateVolume" alpha_claims
step "alpha: a pod reads" alpha_reads
step "alpha: DeleteVolume" alpha_deletes

step_name="nothing is left"
nothing_is_left || give_up
printf '\n%snothing is left%s: %s\n' "$green" "$plain" "$result"
printf '%sdemo passed%s in %d ms\n' "$green" "$plain" $(($(now_ms) - begin))
