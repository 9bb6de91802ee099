#!/usr/bin/env bash
# fuzz.sh BUILD SECONDS   runs BUILD's fuzzer on a corpus made from the field tables; status 0 when nothing was found. What
# breaks it is kept in BUILD/fuzz; `BUILD/bin/decode_fuzz FILE` shows it again.
set -euo pipefail
if [ $# -ne 2 ] || [ ! -x "$1/bin/decode_fuzz" ]; then
  echo "usage: scripts/fuzz.sh BUILD SECONDS" >&2
  exit 2
fi
build=$(realpath "$1")
seconds=$2
dir=$build/fuzz
mkdir -p "$dir/corpus" "$dir/found"
"$build/bin/fuzz_corpus" "$dir/corpus" "$dir/names.dict"

# GLib's slices would hide single blocks from the sanitizer.
export G_SLICE=always-malloc
"$build/bin/decode_fuzz" -max_total_time="$seconds" -max_len=16384 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
  -dict="$dir/names.dict" -artifact_prefix="$dir/found/" "$dir/corpus"
echo "fuzz: $seconds s without a finding, $(find "$dir/corpus" -type f | wc -l) inputs in the corpus"
