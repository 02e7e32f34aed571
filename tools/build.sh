#!/usr/bin/env bash
# Builds, and rebuilds only what has changed. What it needs: tools/setup.sh build
#
#   tools/build.sh [native-tools|package|conformance|emscripten [DIRECTORY]|all]
#
#   native-tools  the development server and the tool sahpool, in build/native/bin
#   package       the npm package, in npm/dist: side module and JavaScript;
#                 its modules one by one, for tests, in build/modules
#   conformance   the conformance suite in WebAssembly, in build/conformance
#   emscripten    the library for Emscripten and an SQLite without threads and one with them, in
#                 build/emscripten or the DIRECTORY; needs Debian's emscripten
#   all           all but that, and everything else that is native: library and tests
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

readonly NATIVE=build/native
readonly WASM=build/wasm
readonly SIDE_MODULE=$WASM/sahpool.wasm
readonly CONFORMANCE=build/conformance
readonly PACKAGE_STAMP=build/package.stamp

# Ninja configures again by itself whenever a CMake file has changed, but not for a project that was
# moved.
configure() {
  local source=$1 build=$2
  if ! [[ -f $build/build.ninja ]] ||
    ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$(realpath "$source")" "$build/CMakeCache.txt"; then
    rm -rf "$build"
    cmake -S "$source" -B "$build" -G Ninja "${@:3}"
  fi
}

build_native() {
  configure . "$NATIVE" -DCMAKE_BUILD_TYPE=Release
  cmake --build "$NATIVE" "$@"
}

build_side_module() {
  configure src/browser "$WASM"
  cmake --build "$WASM"
}

build_conformance_suite() {
  configure tests/conformance "$CONFORMANCE"
  cmake --build "$CONFORMANCE"
}

build_for_emscripten() {
  local build=$1
  # Emscripten's tools need Debian's modules, also when the Node.js is not Debian's.
  export NODE_PATH=/usr/share/nodejs
  [[ -f $build/build.ninja ]] || emcmake cmake -S . -B "$build" -G Ninja \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS=-Werror
  cmake --build "$build" --target all sqlite3_amalgamation sqlite3_amalgamation_pthreads
}

# Directories count as well: theirs is the time at which a source was removed.
build_javascript() {
  if [[ -f $PACKAGE_STAMP && -f npm/dist/index.js && -d build/modules ]] &&
    [[ -z $(find npm/src npm/*.mjs npm/*.json "$SIDE_MODULE" -newer "$PACKAGE_STAMP" -print -quit) ]]; then
    return
  fi
  # A source that was removed must not live on as its old output.
  rm -rf build/modules
  find npm/dist -type f \( -name '*.js' -o -name '*.d.ts' \) -delete 2>/dev/null || true
  npm run --silent build --workspace sahpool
  mkdir -p build
  touch "$PACKAGE_STAMP"
}

build_package() {
  build_side_module
  build_javascript
}

case "${1:-all}" in
  native-tools) build_native --target sahpool-serve sahpool-cli ;;
  package) build_package ;;
  conformance) build_conformance_suite ;;
  emscripten) build_for_emscripten "${2:-build/emscripten}" ;;
  all)
    build_native
    build_package
    build_conformance_suite
    ;;
  *)
    echo "build: unknown target '$1' (native-tools, package, conformance, emscripten or all)" >&2
    exit 2
    ;;
esac
