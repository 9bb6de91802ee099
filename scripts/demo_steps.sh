# Sourced by the demos, after parts.sh: shows steps with their time and what they asked of the cloud, and finds what is
# left behind. Bash only.
#
#   step NAME COMMAND...    runs one step; the command sets `result`, or fails with the reason in `problem`
#   give_up                 ends the demo, naming step_name and problem
#   csi ENDPOINT METHOD JSON [OPTION...]   one CSI call
#   proof WHAT LEFT         LEFT must be empty
#   clean_up                for the EXIT trap: whatever still runs or is mounted, and the directory
#
# shellcheck shell=bash

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
    6.1.2) echo "rename disk" ;;
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
    7.3.1) echo "get quota" ;;
    7.4.1) echo "create transfer" ;;
    7.4.2) echo "accept transfer" ;;
    7.4.5 | 7.4.6) echo "list transfers" ;;
    7.5.1) echo "set metadata" ;;
    7.5.6) echo "delete metadata" ;;
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

csi() { # ENDPOINT METHOD JSON [OPTION...]: the answer's value is in `answer`
  local endpoint=$1 method=$2 request=$3
  shift 3
  if ! answer=$("$parts_bin/evsctl" csi --endpoint="$endpoint" --timeout=60 "$@" "$method" - <<<"$request" 2>&1); then
    problem=$answer
    return 1
  fi
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

clean_up() {
  local mount
  kill_parts
  mounts_of_demo | tac | while read -r mount; do umount --lazy "$mount"; done
  rm -rf --one-file-system "$parts_dir"
}
