#!/usr/bin/env bash
# Checks what a compiler does not: format, who includes whom, length of files, shell scripts, the Helm chart; and that clang builds
# all of it without a warning. Reports every failure, not only the first.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

max_lines=600
failed=0

check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@"; then
    echo "lint: $name: ok"
  else
    echo "lint: $name: FAILED"
    failed=1
  fi
}

check_format() {
  git ls-files -z '*.c' '*.h' | xargs -0 clang-format-14 --dry-run --Werror
}

check_length() {
  git ls-files '*.c' '*.h' '*.sh' | xargs wc -l |
    awk -v max="$max_lines" '$2 != "total" && $1 > max { print $2 ": " $1 " lines, at most " max; bad = 1 } END { exit bad }'
}

check_scripts() {
  local scripts
  mapfile -t scripts < <(git grep -lE '^#!.*\b(ba)?sh\b')
  shellcheck --external-sources "${scripts[@]}" scripts/parts.sh tests/docs/world.sh
}

check_clang() {
  cmake --preset clang >/dev/null && cmake --build build/clang
}

# With the executables that clang has just built. 77: there is no Go, and the script has said so.
check_chart() {
  tests/chart/run build/clang/bin build/clang/chart || [ $? = 77 ]
}

check format check_format
check layers scripts/check-layers.sh
check length check_length
check scripts check_scripts
check clang check_clang
check chart check_chart
exit $failed
