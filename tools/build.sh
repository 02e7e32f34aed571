#!/usr/bin/env bash
# Builds, and rebuilds only what has changed; beside others of its kind too. What it needs:
# tools/setup.sh build
#
#   tools/build.sh [native-tools|package|conformance|emscripten [DIRECTORY]|all]
#   tools/build.sh asan|tsan|fuzz|simulation [TARGET...]
#
#   native-tools  the development server and the tool sahpool, in build/native/bin
#   package       the npm package, in npm/dist: side module and JavaScript;
#                 its modules one by one, for tests, in build/modules
#   conformance   the conformance suite in WebAssembly, in build/conformance
#   emscripten    the library for Emscripten and an SQLite without threads and one with them, in
#                 build/emscripten or the DIRECTORY; needs Debian's emscripten
#   all           all but that, and everything else that is native: library and tests
#   asan, tsan    targets of tests/CMakeLists.txt with ASan and UBSan, or with TSan, in build/asan or
#   fuzz          build/tsan; those of tests/fuzz/CMakeLists.txt with ASan, UBSan and libFuzzer, in
#   simulation    build/fuzz; without a sanitizer and optimized, in build/simulation. Without a target
#                 the build is only configured. Needs tools/setup.sh test
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

readonly NATIVE=build/native
readonly WASM=build/wasm
readonly SIDE_MODULE=$WASM/sahpool.wasm
readonly PACKAGE_STAMP=build/package.stamp

# Builds of the same files one after the other.
alone() {
  mkdir -p build
  (
    flock 9
    "${@:2}"
  ) 9>"build/$1.lock"
}

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
  configure . "$NATIVE" -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang-19 \
    -DCMAKE_CXX_COMPILER=clang++-19
  cmake --build "$NATIVE" "$@"
}

build_for_tests() {
  local build=$1 flags=$2 sanitizers=$3 fuzzers=OFF
  [[ $build != */fuzz ]] || fuzzers=ON
  configure . "$build" -DCMAKE_CXX_FLAGS="$flags -gline-tables-only" -DSAHPOOL_SANITIZE="$sanitizers" \
    -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19 -DSAHPOOL_BUILD_TOOLS=OFF \
    -DSAHPOOL_BUILD_FUZZERS="$fuzzers"
  (($# == 3)) || cmake --build "$build" --target "${@:4}"
}

build_side_module() {
  configure src/browser "$WASM"
  cmake --build "$WASM" --target side_module
}

build_conformance_suite() {
  configure src/browser "$WASM"
  cmake --build "$WASM" --target conformance
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
    [[ -z $(find npm/src npm/*.mjs npm/*.json npm/*.txt "$SIDE_MODULE" -newer "$PACKAGE_STAMP" -print -quit) ]]; then
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
  native-tools) alone native build_native --target sahpool-serve sahpool-cli ;;
  package) alone package build_package ;;
  conformance) alone package build_conformance_suite ;;
  emscripten) alone emscripten build_for_emscripten "${2:-build/emscripten}" ;;
  asan) alone asan build_for_tests build/asan -O1 address,undefined "${@:2}" ;;
  tsan) alone tsan build_for_tests build/tsan -O1 thread "${@:2}" ;;
  fuzz) alone fuzz build_for_tests build/fuzz -O1 address,undefined "${@:2}" ;;
  simulation) alone simulation build_for_tests build/simulation -O2 "" "${@:2}" ;;
  all)
    alone native build_native
    alone package build_package
    alone package build_conformance_suite
    ;;
  *)
    echo "build: unknown target '$1' (see the head of tools/build.sh)" >&2
    exit 2
    ;;
esac
