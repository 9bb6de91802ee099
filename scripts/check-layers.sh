#!/usr/bin/env bash
# Dependencies point downwards only. This table says what each directory may include (ARCHITECTURE.md shows it as a
# picture); a line in it is a decision. Also: which directories may use which libraries, so that the node stays free
# of an HTTP client and the simulator shares no line with the cloud client it checks.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

# directory: directories whose headers it may include (its own always)
declare -A may_include=(
  [base]=""
  [proto]=""
  [rpc]="base proto"
  [evsclient]="base"
  [ownership]="base evsclient"
  [transfer]="base evsclient ownership"
  [controller]="base proto rpc evsclient ownership transfer"
  [node]="base proto rpc"
  [evsctl]="base proto rpc evsclient ownership transfer"
  [evssim]="base"
  [bench]="base proto rpc"
  [docs]=""
  [tests]="base proto rpc evsclient ownership transfer controller node evsctl evssim bench"
)

# library header: directories, or single files, that may include it
declare -A library_users=(
  [grpc/]="rpc tests"
  [curl/]="evsclient bench node/metadata_fetch.c node/metadata_main.c node/kube_api.c node/taint_main.c tests"
  [event2/]="rpc evssim tests"
  [blkid/]="node tests"
  [openssl/]="evssim transfer/handover_seal.c tests"
  [jansson.h]="evsclient transfer evsctl evssim bench node/metadata_fetch.c node/metadata_main.c node/kube_api.h node/taint_patch.h tests"
  [zlib.h]="evsctl"
  [cmocka.h]="tests"
)

failed=0
complain() {
  echo "check-layers: $*"
  failed=1
}

# contains "a b c" b
contains() {
  [[ " $1 " == *" $2 "* ]]
}

# The directory a quoted header belongs to; generated headers have no directory of ours.
layer_of() {
  case $1 in
    csi.pb-c.h | csi_redact.h | google/protobuf/*) echo proto ;;
    version.h) echo base ;;
    */*) echo "${1%%/*}" ;;
    *) echo "" ;;
  esac
}

check_quoted() { # FILE HEADER
  local file=$1 header=$2 from=${1%%/*} to
  to=$(layer_of "$header")
  if [ -z "$to" ]; then
    complain "$file includes \"$header\": write the path from the root, as \"$from/$header\""
  elif [ "$to" != "$from" ] && ! contains "${may_include[$from]-}" "$to"; then
    complain "$file includes \"$header\": $from/ may include ${may_include[$from]:-nothing of the project}"
  fi
}

check_library() { # FILE HEADER
  local file=$1 header=$2 library
  for library in "${!library_users[@]}"; do
    [[ $header == "$library"* ]] || continue
    contains "${library_users[$library]}" "${file%%/*}" || contains "${library_users[$library]}" "$file" ||
      complain "$file includes <$header>: only ${library_users[$library]} may"
  done
}

while IFS=: read -r file line; do
  if [ -z "${may_include[${file%%/*}]+known}" ]; then
    complain "$file: directory ${file%%/*}/ is not in the table"
  elif [[ $line =~ ^#[[:space:]]*include[[:space:]]*\"([^\"]+)\" ]]; then
    check_quoted "$file" "${BASH_REMATCH[1]}"
  elif [[ $line =~ ^#[[:space:]]*include[[:space:]]*\<([^\>]+)\> ]]; then
    check_library "$file" "${BASH_REMATCH[1]}"
  fi
done < <(git grep -E '^#[[:space:]]*include' -- '*.c' '*.h')
exit $failed
