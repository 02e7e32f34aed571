#!/usr/bin/env bash
# Runs SQLite on simulated pools that crash and fail, and checks what is left: builds the simulation
# and runs its workloads, one for each seed. What it needs: tools/setup.sh build test
#
#   tools/simulate.sh [--crashes N] [--faults N] [--seed N] [--jobs N] [--sanitize]
#   tools/simulate.sh --defects [--jobs N]
#                            whether the seeded defects are noticed, one line for each
#   tools/simulate.sh --replay WHAT…   what a violation's last line says
#
#   --crashes N, --faults N  how many crash states to judge and faults to inject; 20000 of each
#   --seed N                 of the first workload; 1
#   --jobs N                 processes, which share the work and have seeds of their own; 1
#   --sanitize               with ASan, UBSan and a search for leaks
#
# Prints seeds, counts and time. Exit status 0 when nothing is wrong.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

# Between the first seeds of two jobs: more workloads than any campaign has.
readonly SEEDS_PER_JOB=1000000000

fail_usage() {
  echo "simulate: $1" >&2
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
  exit 2
}

build() {
  local kind=simulation
  [[ $sanitize == false ]] || kind=asan
  tools/build.sh "$kind" "$1" >&2 && program=build/$kind/tests/$1
}

crashes=20000
faults=20000
seed=1
jobs=1
sanitize=false
defects=false
while (($#)); do
  case "$1" in
    --crashes | --faults | --seed | --jobs)
      [[ ${2-} =~ ^[0-9]+$ ]] || fail_usage "$1 needs a number"
      declare "${1#--}=$2"
      shift
      ;;
    --sanitize) sanitize=true ;;
    --defects) defects=true ;;
    --replay)
      build sahpool_simulation || exit 1
      exec "$program" "$@"
      ;;
    *) fail_usage "unknown argument '$1'" ;;
  esac
  shift
done
((jobs > 0)) || fail_usage "--jobs needs a number above 0"

processes=()
if [[ $defects == true ]]; then
  build sahpool_simulation_mutated || exit 1
  for ((job = 0; job < jobs; job++)); do
    "$program" --mutation all --share "$job" --shares "$jobs" &
    processes+=($!)
  done
else
  build sahpool_simulation || exit 1
  for ((job = 0; job < jobs; job++)); do
    "$program" --crashes $((crashes / jobs)) --faults $((faults / jobs)) \
      --seed $((seed + job * SEEDS_PER_JOB)) &
    processes+=($!)
  done
fi
status=0
for process in "${processes[@]}"; do
  wait "$process" || status=1
done
exit "$status"
