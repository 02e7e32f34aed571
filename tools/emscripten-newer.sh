#!/usr/bin/env bash
# Tests the library with a newer Emscripten than Debian 12's: that of another release of Debian, which
# debootstrap puts into .cache/emscripten/RELEASE, once (0.5 GB to download, 2 GB on disk). The
# programs are compiled in there, and run in this system's browsers. Needs root.
#
#   tools/emscripten-newer.sh [RELEASE]               trixie (Emscripten 3.1.69), or sid
#   tools/emscripten-newer.sh --run RELEASE CMD...    a command in there, in the same folder
set -euo pipefail
folder=$PWD
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

readonly PACKAGES=(cmake emscripten ninja-build)

fail() {
  echo "emscripten-newer: $*" >&2
  exit 1
}

# All at once or not at all: a root that was left half made is begun anew.
make_root() {
  local release=$1 root=$2
  [[ -d $root ]] && return
  echo "emscripten-newer: installing Debian's $release into $root"
  rm -rf "$root.new"
  mkdir -p "$root.new"
  debootstrap --variant=minbase "$release" "$root.new" >"$root.log" 2>&1 ||
    fail "debootstrap failed: $root.log"
  # A mirror of unstable may be a while behind.
  run_in "$root.new" bash -ec '
    apt-get -o Acquire::Check-Valid-Until=false update
    apt-get install -y --no-install-recommends "$@"
    apt-get clean
  ' - "${PACKAGES[@]}" >>"$root.log" 2>&1 </dev/null || fail "apt-get failed: $root.log"
  mv "$root.new" "$root"
}

# What is mounted is so for the command alone, and gone with it.
run_in() {
  local root
  root=$(realpath "$1")
  mkdir -p "$root$PWD"
  unshare --mount --propagation private bash -euc '
    root=$1 project=$2 folder=$3
    mount -t proc proc "$root/proc"
    mount --bind /tmp "$root/tmp"
    mkdir -p "$root$project"
    mount --bind "$project" "$root$project"
    exec chroot "$root" env -i -C "$folder" HOME=/root LANG=C.UTF-8 \
      PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
      ${EM_CLOSURE_COMPILER:+"EM_CLOSURE_COMPILER=$EM_CLOSURE_COMPILER"} "${@:4}"
  ' - "$root" "$PWD" "$folder" "${@:2}"
}

main() {
  ((EUID == 0)) || fail "needs root"
  if [[ ${1:-} == --run ]]; then
    run_in ".cache/emscripten/$2" "${@:3}"
    return
  fi
  local release=${1:-trixie}
  tools/setup.sh build test newer
  make_root "$release" ".cache/emscripten/$release"
  tools/build.sh native-tools
  folder=$PWD
  run_in ".cache/emscripten/$release" tools/build.sh emscripten "build/emscripten-$release"
  SAHPOOL_EMSCRIPTEN=$release node --test tests/library/emscripten.test.mjs
}

main "$@"
