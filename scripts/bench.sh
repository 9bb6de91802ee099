#!/usr/bin/env bash
# bench.sh BUILD   measures both plugins in BUILD/bin with evs-bench against evs-sim --profile=realistic, once per seed;
# prints a table of each run and of their median; results are in BUILD/bench/*.json. docs/performance.md explains them.
#
#   BENCH=quick       small counts, one seed: minutes instead of an hour; its ratios say little
#   BENCH_SEEDS="1 2 3"   BENCH_PROFILE=realistic|FILE   BENCH_SCENARIOS=create:500,...   others than the default
#   BENCH_CONTROLLERS=2   so many controllers, calls spread over them
#   BENCH_NODE=no     controller only
#
# Needs root (or sudo) for loop devices and mounts; runs in namespaces of its own, so that nothing outlives it.
set -uo pipefail
here=$(dirname "$(realpath "$0")")

if [ "${1:-}" != --inside ]; then
  if [ $# != 1 ]; then
    echo "usage: scripts/bench.sh BUILD" >&2
    exit 2
  fi
  "$here/run-isolated" "$here/bench.sh" --inside "$(realpath "$1")"
  status=$?
  [ $status = 77 ] && status=1 # cannot run: no success
  exit $status
fi

# shellcheck source=scripts/parts.sh
. "$here/parts.sh"

build=$2
if [ "${BENCH:-full}" = quick ]; then
  seeds=${BENCH_SEEDS:-1}
  storms=create:40,attach:40/8,detach-delete:40,snapshot:20
  small=memory:20000,node:50,rpc:20000
  starts=startup:5
  settle=0
else
  seeds=${BENCH_SEEDS:-1 2 3}
  storms=create:500,attach:500/50,detach-delete:500,snapshot:200,mix:600
  small=memory:500000,node:1000,rpc:200000
  starts=startup:15
  settle=12 # threads of the pools end after 10 s without work
fi
storms=${BENCH_SCENARIOS:-$storms}
goals=()
[ "${seeds/ /}" != "$seeds" ] || goals=(--goals) # else beside the median
zone=topology.evs.csi.huaweicloud.com/zone=sim-1a
results=$build/bench
work=$(mktemp -d /tmp/evs-bench.XXXXXX)

finish() {
  kill_parts
  [ -z "${sim_state:-}" ] || "$build/bin/evs-sim" --state-dir="$sim_state" --purge
  rm -rf "$work"
}
trap finish EXIT

fail() {
  echo "bench: $*" >&2
  exit 1
}

# start_another NUMBER: one more controller of the same cluster; sets controller_endpoint
start_another() {
  controller_endpoint=unix://$parts_dir/controller-$1.sock
  part_start "controller-$1" "$build/bin/evs-csi-controller" --endpoint="$controller_endpoint" \
    --cloud-config="$sim_state/cloud-config" --cluster-id=bench --log-level=warn
  await $parts_ready_s "controller-$1" answers_probe "$controller_endpoint"
}

run_cloud() { # SEED: the controller's scenarios with a cloud of this seed
  local endpoints="" pids="" i
  parts_init "$build/bin" "$work/$1"
  mkdir -p "$parts_dir" "$results"
  start_sim --profile="${BENCH_PROFILE:-realistic}" --seed="$1" --log-level=error || fail "$problem"
  for ((i = 1; i <= ${BENCH_CONTROLLERS:-1}; i++)); do
    start_another "$i" || fail "$problem"
    endpoints+=,$controller_endpoint
    pids+=,${parts_pid[controller-$i]}
  done
  echo "seed $1: $storms"
  "$build/bin/evs-bench" --controller="${endpoints#,}" --pid="${pids#,}" --sim="$sim_url" --topology=$zone \
    --scenario="$storms" --seed="$1" --settle=$settle --keep "${goals[@]}" --json="$results/seed-$1.json" || fail "seed $1"
  end_cloud
}

end_cloud() {
  kill_parts
  "$build/bin/evs-sim" --state-dir="$sim_state" --purge || fail "evs-sim --purge"
  sim_state=
}

run_node() { # what does not depend on the cloud: against a quick one
  parts_init "$build/bin" "$work/node"
  mkdir -p "$parts_dir"
  start_sim --log-level=error || fail "$problem"
  start_controller --log-level=warn || fail "$problem"
  start_node --log-level=warn || fail "$problem"
  "$build/bin/evs-bench" --controller="$controller_endpoint" --node="$node_endpoint" --sim="$sim_url" \
    --pid="${parts_pid[node]}" --kubelet-dir="$kubelet_dir" --topology=$zone --scenario=$small \
    --settle=$settle --goals --json="$results/node.json" || fail "node"
  local socket=$work/node/startup.sock
  "$build/bin/evs-bench" --node="unix://$socket" --scenario=$starts --goals --json="$results/startup.json" \
    --command="$build/bin/evs-csi-node --endpoint=unix://$socket --node-id=$node_id --zone=sim-1a
               --kubelet-dir=$kubelet_dir --log-level=warn" || fail "startup"
  end_cloud
}

mkdir -p "$results"
rm -f "$results"/*.json
for seed in $seeds; do
  run_cloud "$seed"
done
if [ "${seeds/ /}" != "$seeds" ]; then
  echo
  "$build/bin/evs-bench" --merge --goals --json="$results/median.json" "$results"/seed-*.json || fail "merge"
fi
[ "${BENCH_NODE:-yes}" = no ] || run_node
echo
echo "results: $results"
