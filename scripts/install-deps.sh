#!/usr/bin/env bash
# install-deps.sh [lint|fuzz|image]   installs by apt what building, running and testing need and what is missing; with `lint`,
# `fuzz`, `image` what `make lint`, `make fuzz`, `make image` and the image's test need on top. May be run any number of times;
# does nothing when all is there. Uses sudo when not root.
# install-deps.sh list-build   only prints what building needs, a name per line: the container image is built with these.
# NO_APT=1: only prints what it would install. Go (for the conformance test) is not taken from apt: Debian 12's is too
# old.
set -euo pipefail

build_packages=(
  make gcc libc6-dev cmake ninja-build pkg-config git
  protobuf-compiler libprotobuf-dev protobuf-c-compiler libprotobuf-c-dev
  libgrpc-dev libglib2.0-dev libjansson-dev libcurl4-openssl-dev libblkid-dev libevent-dev libssl-dev
  # the archives of the statically linked node
  libstdc++-12-dev libabsl-dev libc-ares-dev libpcre2-dev zlib1g-dev
)
packages=(
  "${build_packages[@]}"
  # run: file systems and mounts
  e2fsprogs xfsprogs btrfs-progs mount util-linux
  # test
  libcmocka-dev g++ python3-cinderclient python3-openstackclient groff-base prometheus jq
)
if [ "${1:-}" = list-build ]; then
  printf '%s\n' "${build_packages[@]}"
  exit 0
elif [ "${1:-}" = lint ]; then
  packages+=(clang-14 clang-format-14 shellcheck)
elif [ "${1:-}" = fuzz ]; then
  packages+=(clang-14 libclang-rt-14-dev llvm-14) # the last for readable stack traces
elif [ "${1:-}" = image ]; then
  packages+=(buildah mmdebstrap crun jq iproute2 kmod debian-archive-keyring golang-github-containers-common)
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "install-deps: no apt here; these packages of Debian 12, or their like, are needed: ${packages[*]}"
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ -n "${NO_APT:-}" ]; then
  echo "install-deps: would install: ${missing[*]}"
  exit 0
fi

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
# Of prometheus the programs are wanted; its service would listen on port 9090.
if [[ " ${missing[*]} " == *" prometheus "* ]] && [ -d /run/systemd/system ]; then
  "${as_root[@]}" systemctl mask --quiet prometheus.service
fi
echo "install-deps: installing: ${missing[*]}"
"${as_root[@]}" apt-get update --quiet=2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends \
  "${missing[@]}"
