#!/usr/bin/env bash
# Fuzzes the library with libFuzzer under ASan and UBSan: builds the targets, makes their seeds, and
# runs each on its seeds, on what earlier runs have found worth keeping, and on what it makes of
# them. What it needs: tools/setup.sh build test
#
#   tools/fuzz.sh [--seconds N] [--seed N] [--fresh] [--jobs N] [TARGET...]
#   tools/fuzz.sh --build
#
#   TARGET       abi, committed_image, file_name, import, pool or slot_header; all without one
#   --seconds N  how long each target looks for new inputs; 60 without the option
#   --seed N     with --fresh, the same N looks at the same inputs; another one each time without it
#   --jobs N     how many targets run at a time; 1 without the option
#   --fresh      begins with the seeds alone, and forgets all but what is wrong
#   --build      builds the targets and runs none
#
# Exit status 0 when nothing was found. What was found is kept in build/fuzz/findings; once it is
# fixed, it belongs into tests/fuzz/corpus/TARGET.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

readonly BUILD=build/fuzz
# Of one input: what takes longer is a finding too.
readonly INPUT_TIMEOUT=20

fail_usage() {
  echo "fuzz: $1" >&2
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
  exit 2
}

all_targets() {
  local source
  for source in tests/fuzz/*_fuzzer.cc; do
    basename "$source" _fuzzer.cc
  done
}

build_targets() {
  tools/build.sh fuzz "${@/%/_fuzzer}"
}

# libFuzzer writes what it wants to keep into the first of the directories. The last line that it
# prints about its progress tells the coverage.
run_target() {
  local target=$1 seconds=$2
  local findings=$BUILD/findings/$target log=$BUILD/$target.log
  local corpus=$BUILD/corpus/$target
  [[ $fresh == false ]] || corpus=$scratch/$target
  local directories=("$corpus" "$BUILD/seeds/$target")
  [[ -d tests/fuzz/corpus/$target ]] && directories+=("tests/fuzz/corpus/$target")
  mkdir -p "${directories[@]}" "$findings"
  # One second is the least: 0 would mean for ever.
  if "$BUILD/tests/fuzz/${target}_fuzzer" "${directories[@]}" -max_total_time="$seconds" \
    -seed="$seed" -timeout="$INPUT_TIMEOUT" -artifact_prefix="$findings/" >"$log" 2>&1; then
    echo "ok    $target: $(sed -n 's/^#\([0-9]*\)\tDONE *\(.*\) lim:.*/\1 runs, \2/p' "$log" | tr -s ' ')"
    return
  fi
  local input
  input=$(sed -n 's/.*Test unit written to //p' "$log")
  echo "FAIL  $target"
  grep -vE '^#[0-9]+\s|^INFO:' "$log" | head -n 60
  echo "replay: $BUILD/tests/fuzz/${target}_fuzzer ${input:-"(no input was kept; see $log)"}"
  return 1
}

seconds=60
seed=0
jobs=1
fresh=false
runs=true
targets=()
while (($#)); do
  case "$1" in
    --seconds | --seed | --jobs)
      [[ ${2-} =~ ^[1-9][0-9]*$ ]] || fail_usage "$1 needs a number above 0"
      declare "${1#--}=$2"
      shift
      ;;
    --fresh) fresh=true ;;
    --build) runs=false ;;
    -*) fail_usage "unknown argument '$1'" ;;
    *)
      [[ -f tests/fuzz/$1_fuzzer.cc ]] || fail_usage "unknown target '$1'"
      targets+=("$1")
      ;;
  esac
  shift
done
((${#targets[@]})) || mapfile -t targets < <(all_targets)

build_targets "${targets[@]}" || exit 1
[[ $runs == true ]] || exit 0
node tests/fuzz/make-seeds.mjs "$BUILD/seeds" || exit 1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
status=0
for ((first = 0; first < ${#targets[@]}; first += jobs)); do
  processes=()
  for target in "${targets[@]:first:jobs}"; do
    run_target "$target" "$seconds" &
    processes+=($!)
  done
  for process in "${processes[@]}"; do
    wait "$process" || status=1
  done
done
exit "$status"
