#!/usr/bin/env bash
# Starts the development server with everything that the demo page loads. Options, such as --port,
# go to the server. What it needs: tools/build.sh
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

exec build/native/bin/sahpool-serve web \
  --mount /npm/dist=npm/dist \
  --mount /node_modules=node_modules \
  --mount /data=/usr/share/unicode \
  "$@"
