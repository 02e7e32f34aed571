#!/usr/bin/env bash
# Runs every command of sahpool, built with sanitizers, on mutated pools and profiles: nothing may
# crash, hang, or change what it does not own (tests/tools/mutation_campaign.cc).
#
#   tools/mutate.sh [--pools N] [--profiles N] [--seed S]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

arguments=("$@")
((${#arguments[@]})) || arguments=(--pools 1000 --profiles 3000)

tools/build.sh asan sahpool_tool_mutations

fixtures=$(mktemp -d)
trap 'rm -rf "$fixtures"' EXIT
for name in v1-small v2-small v2-hot; do
  mkdir "$fixtures/$name"
  tar -xzf "tests/fixtures/official-$name.tar.gz" -C "$fixtures/$name" --strip-components=1
done
build/asan/tests/sahpool_tool_mutations --fixtures "$fixtures" "${arguments[@]}"
