# Sourced by the parts of tests/docs/run: a cloud with two accounts, `demo` (the own one) and `other`, and a cluster in the
# first: a controller and two nodes. Bash only.
#
#   world_begin BIN        all of it; sets $dir, $config (cloud-config of the own account), $controller, $node_1, $node_2
#   world_end              stops the parts; the cloud must hold no disk
#   give_up [TEXT]         prints TEXT, or $problem, and ends; the world is taken away
#   evsctl, other_evsctl   the tool with the cloud-config of the own, the other account
#
# shellcheck shell=bash

# shellcheck source=scripts/parts.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/parts.sh"

world_cluster=prod-1
declare -A world_project=([demo]=0f1e2d3c4b5a69788796a5b4c3d2e1f0 [other]=1f1e2d3c4b5a69788796a5b4c3d2e1f0)

give_up() {
  printf '%s\n' "${1:-$problem}"
  exit 1
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
  "$parts_bin/evs-sim" --state-dir="$dir/sim" --purge >/dev/null 2>&1
  rm -rf --one-file-system "$dir"
}

world_begin() { # BIN
  local account
  dir=$(mktemp -d /tmp/evs-docs-XXXXXX) || exit 1
  parts_init "$1" "$dir"
  trap world_take_away EXIT
  trap 'exit 1' INT TERM
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
  await_cloud_without disks 0 || give_up "the cloud is not empty at the end: $left"
  for part in node-2 node-1 controller sim; do
    stop_part $part || give_up
  done
}
