# Sourced by scripts that run the simulator and both plugins (the demo, the conformance test). Bash only.
#
#   parts_init BIN DIR      executables, and a directory for sockets, logs, state
#   start_sim [OPTION...]   sets sim_url, sim_state
#   start_controller [OPTION...]  sets controller_endpoint
#   start_node [OPTION...]        sets node_endpoint, node_id, kubelet_dir: on server $parts_server
#   stop_part NAME          SIGTERM; fails unless it exits with 0 in time
#   kill_parts              SIGKILL to what still runs
#   sim_http METHOD PATH    the body of the simulator's answer
#   await_cloud_without WHAT SECONDS  until the simulator's cloud has no disks, no snapshots; what it has is in `left`
#
# Each fails (status 1) with the reason in `problem`.
#
# shellcheck shell=bash

parts_ready_s=20 # a part must be ready within this many seconds
parts_stop_s=20  # and end within this after SIGTERM
parts_server=demo.node-1 # of the simulator's default account
problem=""

parts_init() {
  parts_bin=$1
  parts_dir=$2
  declare -gA parts_pid=()
}

part_alive() {
  kill -0 "${parts_pid[$1]}" 2>/dev/null
}

# part_start NAME COMMAND...: runs it with its output in NAME.out and NAME.err.
part_start() {
  local name=$1
  shift
  "$@" >"$parts_dir/$name.out" 2>"$parts_dir/$name.err" </dev/null &
  parts_pid[$name]=$!
}

# await SECONDS NAME COMMAND...: until the command succeeds, the part ends, or the time is over.
await() {
  local deadline=$((SECONDS + $1)) name=$2
  shift 2
  until "$@"; do
    if ! part_alive "$name"; then
      problem="$name has ended: $(tail -n 3 "$parts_dir/$name.err")"
      return 1
    fi
    if [ $SECONDS -ge $deadline ]; then
      problem="$name is not ready in time: $(tail -n 3 "$parts_dir/$name.err")"
      return 1
    fi
    sleep 0.01
  done
}

sim_is_ready() {
  grep -q '^ready ' "$parts_dir/sim.out" 2>/dev/null
}

answers_probe() { # ENDPOINT
  "$parts_bin/evsctl" csi --endpoint="$1" --timeout=5 Probe >/dev/null 2>&1
}

start_sim() {
  sim_state=$parts_dir/sim
  mkdir -p "$sim_state"
  part_start sim "$parts_bin/evs-sim" --listen=127.0.0.1:0 --state-dir="$sim_state" --profile=fast "$@"
  await $parts_ready_s sim sim_is_ready || return 1
  sim_url=$(sed -n 's/^ready //p' "$parts_dir/sim.out")
}

start_controller() {
  controller_endpoint=unix://$parts_dir/controller.sock
  part_start controller "$parts_bin/evs-csi-controller" --endpoint="$controller_endpoint" \
    --cloud-config="$sim_state/cloud-config" --cluster-id=demo "$@"
  await $parts_ready_s controller answers_probe "$controller_endpoint"
}

start_node() {
  local server
  server=$(readlink -f "$sim_state/servers/by-name/$parts_server")
  node_id=${server##*/}
  node_endpoint=unix://$parts_dir/node.sock
  kubelet_dir=$parts_dir/kubelet
  mkdir -p "$kubelet_dir"
  part_start node "$parts_bin/evs-csi-node" --endpoint="$node_endpoint" --metadata-url="$sim_url/meta/$node_id" \
    --dev-dir="$server/dev" --sys-dir="$server/sys" --kubelet-dir="$kubelet_dir" "$@"
  await $parts_ready_s node answers_probe "$node_endpoint"
}

stop_part() {
  local name=$1 deadline=$((SECONDS + parts_stop_s)) status=0
  kill -TERM "${parts_pid[$name]}" 2>/dev/null
  while part_alive "$name"; do
    if [ $SECONDS -ge $deadline ]; then
      problem="$name does not end by SIGTERM"
      return 1
    fi
    sleep 0.01
  done
  wait "${parts_pid[$name]}" || status=$?
  [ $status = 0 ] || problem="$name ended with status $status: $(tail -n 3 "$parts_dir/$name.err")"
  return $((status != 0))
}

kill_parts() {
  local part
  for part in "${!parts_pid[@]}"; do
    kill -KILL "${parts_pid[$part]}"
    wait "${parts_pid[$part]}"
  done 2>/dev/null
}

sim_http() { # METHOD PATH; HTTP/1.0, so that the answer ends with the connection
  local address=${sim_url#http://} line
  exec {connection}<>"/dev/tcp/${address%:*}/${address##*:}" || return 1
  printf '%s %s HTTP/1.0\r\nContent-Length: 0\r\n\r\n' "$1" "$2" >&"$connection"
  while IFS= read -r line <&"$connection" && [ "$line" != $'\r' ]; do :; done
  cat <&"$connection"
  exec {connection}>&-
}

await_cloud_without() { # disks|snapshots SECONDS
  local deadline=$((SECONDS + $2))
  while left=$(sim_http GET /_sim/state | tr -d ' \n' | grep -oE "\"$1\":\[\{.{0,300}"); do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.05
  done
}
