# Sourced by the parts of tests/docs/run: a cloud with two accounts, `demo` (the own one) and `other`, and a cluster in the
# first: a controller and two nodes. Bash only.
#
#   world_begin BIN TOOLS  all of it; TOOLS holds chartcheck; sets $dir, $config (cloud-config of the own account), $controller, $node_1, $node_2
#   world_prepare BIN TOOLS  only $dir, in which the commands run, and the tools
#   world_end              stops the parts; the cloud must hold no disk
#   give_up [TEXT]         prints TEXT, or $problem, and ends; the world is taken away
#   must COMMAND...        runs it; its output is in $said
#   evsctl, other_evsctl   the tool with the cloud-config of the own, the other account
#   kubectl                chartcheck's, whose objects are files in $dir/objects; also for what evsctl starts
#   read_blocks PAGE       the blocks of docs/PAGE behind a line `<!-- run: NAME -->`, for
#   run_block NAME         which does what one of them says; its output is in $said
#   end_blocks             all of the page's have been run
#   new_volume NAME [CLAIM]    CreateVolume, as for a claim of namespace shop: sets $volume
#   use_volume NODE VOLUME VERB [TEXT]  attach, stage and publish at node 1 or 2, then write TEXT to a file there or read it back; VERB
#                          leave: and go, leaving the volume as it is; write, read: and take it back
#   sim_put PATH JSON      the simulator's control interface
#
# shellcheck shell=bash

world_root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
# shellcheck source=scripts/parts.sh
. "$world_root/scripts/parts.sh"

world_cluster=prod-1
declare -A world_project=([demo]=0f1e2d3c4b5a69788796a5b4c3d2e1f0 [other]=1f1e2d3c4b5a69788796a5b4c3d2e1f0)

give_up() {
  printf '%s\n' "${1:-$problem}"
  exit 1
}

must() {
  said=$("$@" 2>&1) || give_up "$*: $said"
}

evsctl() { "$parts_bin/evsctl" --cloud-config="$dir/demo.conf" "$@"; }
other_evsctl() { "$parts_bin/evsctl" --cloud-config="$dir/other.conf" "$@"; }

world_account() { # NAME DOMAIN
  cat <<END
{"name":"$1","domain_id":"$2","projects":[{"id":"${world_project[$1]}","name":"sim-1"}],
 "users":[{"name":"csi","password":"pw","keys":[{"ak":"AK-$1","sk":"SK-$1"}],"actions":["*"]}],
 "servers":[{"name":"node-%d","count":2,"zone":"sim-1a","bus":"virtio"}]}
END
}

world_config() { # NAME
  cat <<END
[Global]
cloud=sim.test
region=sim-1
project-id=${world_project[$1]}
access-key=AK-$1
secret-key=SK-$1
auth-url=$sim_url/iam/v3
endpoint-evs=$sim_url/evs
endpoint-ecs=$sim_url/ecs
endpoint-iam=$sim_url/iam
END
}

world_node() { # NUMBER
  local server kubelet=$dir/kubelet-$1
  server=$(readlink -f "$sim_state/servers/by-name/demo.node-$1")
  mkdir -p "$kubelet"
  part_start "node-$1" "$parts_bin/evs-csi-node" --endpoint="unix://$dir/node-$1.sock" --node-id="${server##*/}" \
    --zone=sim-1a --dev-dir="$server/dev" --sys-dir="$server/sys" --kubelet-dir="$kubelet"
  await $parts_ready_s "node-$1" answers_probe "unix://$dir/node-$1.sock" || give_up
}

world_controller() { # [OPTION...]
  part_start controller "$parts_bin/evs-csi-controller" --endpoint="$controller" --cloud-config="$config" \
    --cluster-id=$world_cluster "$@"
  await $parts_ready_s controller answers_probe "$controller" || give_up
}

world_take_away() {
  local mount
  kill_parts
  awk -v dir="$dir/" 'index($5, dir) == 1 { print $5 }' /proc/self/mountinfo | tac | while read -r mount; do
    umount --lazy "$mount"
  done
  [ ! -d "$dir/sim" ] || "$parts_bin/evs-sim" --state-dir="$dir/sim" --purge >/dev/null 2>&1
  cd /
  rm -rf --one-file-system "$dir"
}

sim_put() { # PATH JSON
  local address=${sim_url#http://} answer
  exec {connection}<>"/dev/tcp/${address%:*}/${address##*:}" || give_up "no connection to the simulator"
  printf 'PUT %s HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s' "$1" ${#2} "$2" >&"$connection"
  answer=$(cat <&"$connection")
  exec {connection}>&-
  [[ $answer == HTTP/1.[01]" 20"* ]] || give_up "PUT $1 $2: $answer"
}

# ---- the blocks of a page ----

read_blocks() { # PAGE
  declare -gA blocks=() blocks_run=()
  local name text
  page=$world_root/docs/$1
  while IFS=$'\t' read -r name text; do
    blocks[$name]+=$text$'\n'
  done < <(awk '/^<!-- run: .* -->$/ { name = $3; next }
    name != "" && /^ *```sh$/ { indent = match($0, /`/) - 1; inside = 1; next }
    inside && /^ *```$/ { name = ""; inside = 0; next }
    inside { print name "\t" substr($0, indent + 1) }' "$page")
  [ ${#blocks[@]} -gt 0 ] || give_up "docs/$1 has no block to run"
}

run_block() { # NAME: in this shell, for what it sets; the first command that fails ends the test
  local status=0
  [ -n "${blocks[$1]:-}" ] || give_up "$page has no block $1"
  blocks_run[$1]=yes
  # A here-document, so that the commands of a pipe and the shell's own keep their places.
  set -e -o pipefail -E
  trap 'give_up "block $world_block: $BASH_COMMAND: $(cat "$dir/said")"' ERR
  world_block=$1
  eval "${blocks[$1]}" >"$dir/said" 2>&1
  trap - ERR
  set +e +E
  said=$(cat "$dir/said")
  return $status
}

end_blocks() {
  local name
  for name in "${!blocks[@]}"; do
    [ -n "${blocks_run[$name]:-}" ] || give_up "block $name of $page was not run"
  done
}

# ---- volumes, as the sidecars and the kubelet would use them ----

world_call() { # ENDPOINT METHOD JSON [PATH]
  must "$parts_bin/evsctl" csi --endpoint="$1" --timeout=60 "$2" "$3" ${4:+--get="$4"}
}

new_volume() { # NAME [CLAIM]
  local zone='{"segments":{"topology.evs.csi.huaweicloud.com/zone":"sim-1a"}}'
  world_call "$controller" CreateVolume "{\"name\":\"$1\",\"capacity_range\":{\"required_bytes\":$((10 << 30))},
    \"volume_capabilities\":[{\"mount\":{},\"access_mode\":{\"mode\":\"SINGLE_NODE_WRITER\"}}],
    \"parameters\":{\"type\":\"SSD\",\"csi.storage.k8s.io/pv/name\":\"$1\",\"csi.storage.k8s.io/pvc/name\":\"${2:-$1}\",
    \"csi.storage.k8s.io/pvc/namespace\":\"shop\"},
    \"accessibility_requirements\":{\"requisite\":[$zone],\"preferred\":[$zone]}}" volume.volume_id
  # shellcheck disable=SC2034 # for who sources this
  volume=$said
}

delete_volume() { # VOLUME
  world_call "$controller" DeleteVolume "{\"volume_id\":\"$1\"}"
}

use_volume() { # NODE VOLUME VERB TEXT
  local server node staging=$dir/kubelet-$1/staging-$2 target=$dir/kubelet-$1/target-$2 common
  server=$(readlink -f "$sim_state/servers/by-name/demo.node-$1")
  node=unix://$dir/node-$1.sock
  mkdir -p "$staging"
  common="\"volume_id\":\"$2\",\"volume_capability\":{\"mount\":{},\"access_mode\":{\"mode\":\"SINGLE_NODE_WRITER\"}}"
  world_call "$controller" ControllerPublishVolume "{$common,\"node_id\":\"${server##*/}\"}" publish_context
  common+=",\"publish_context\":$said,\"staging_target_path\":\"$staging\""
  world_call "$node" NodeStageVolume "{$common}"
  world_call "$node" NodePublishVolume "{$common,\"target_path\":\"$target\"}"
  if [ "$3" = read ]; then
    [ "$(cat "$target/file" 2>&1)" = "$4" ] || give_up "volume $2 does not hold '$4': $(cat "$target/file" 2>&1)"
  else
    if ! { echo "$4" >"$target/file" && sync --file-system "$target"; }; then
      give_up "volume $2 cannot be written"
    fi
  fi
  [ "$3" = leave ] || stop_using "$1" "$2"
}

stop_using() { # NODE VOLUME
  local server
  server=$(readlink -f "$sim_state/servers/by-name/demo.node-$1")
  world_call "unix://$dir/node-$1.sock" NodeUnpublishVolume "{\"volume_id\":\"$2\",\"target_path\":\"$dir/kubelet-$1/target-$2\"}"
  world_call "unix://$dir/node-$1.sock" NodeUnstageVolume "{\"volume_id\":\"$2\",\"staging_target_path\":\"$dir/kubelet-$1/staging-$2\"}"
  world_call "$controller" ControllerUnpublishVolume "{\"volume_id\":\"$2\",\"node_id\":\"${server##*/}\"}"
}

# A node dies with what it has mounted: its processes are gone, its server does not run.
lose_node() { # NODE
  local server mount
  server=$(readlink -f "$sim_state/servers/by-name/demo.node-$1")
  kill -KILL "${parts_pid[node-$1]}" && wait "${parts_pid[node-$1]}" 2>/dev/null
  sim_put "/_sim/servers/${server##*/}" '{"status":"SHUTOFF"}'
  awk -v dir="$dir/kubelet-$1/" 'index($5, dir) == 1 { print $5 }' /proc/self/mountinfo | tac | while read -r mount; do
    umount "$mount" || exit 1
  done || give_up "cannot unmount below $dir/kubelet-$1"
}

# ---- begin and end ----

# The directory and the tools alone.
world_prepare() { # BIN TOOLS
  dir=$(mktemp -d /tmp/evs-docs-XXXXXX) || exit 1
  parts_init "$1" "$dir"
  mkdir "$dir/bin" "$dir/objects" "$dir/work"
  printf '#!/bin/bash\nexec "%s" kubectl "%s" "$@"\n' "$2/chartcheck" "$dir/objects" >"$dir/bin/kubectl"
  chmod +x "$dir/bin/kubectl"
  PATH=$dir/bin:$PATH
  cd "$dir/work" || exit 1
  trap world_take_away EXIT
  trap 'exit 1' INT TERM
}

world_begin() { # BIN TOOLS
  local account
  world_prepare "$@"
  cat >"$dir/accounts.json" <<END
{"format":1,"cloud":"sim.test","region":"sim-1",
 "zones":[{"name":"sim-1a","types":["SAS","SSD","GPSSD","ESSD","GPSSD2","ESSD2"]}],
 "accounts":[$(world_account demo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa), $(world_account other bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb)]}
END
  start_sim --accounts="$dir/accounts.json" || give_up
  for account in demo other; do
    (umask 077 && world_config $account >"$dir/$account.conf")
  done
  config=$dir/demo.conf
  controller=unix://$dir/controller.sock
  node_1=unix://$dir/node-1.sock
  node_2=unix://$dir/node-2.sock
  world_controller
  world_node 1
  world_node 2
}

world_end() {
  local part left
  cd /
  await_cloud_without disks 0 || give_up "the cloud is not empty at the end: $left"
  for part in node-2 node-1 controller sim; do
    part_alive $part || continue
    stop_part $part || give_up
  done
}
