# Sourced by the scripts: goes to the root of the project, and puts the Node.js that setup.sh
# installed, if it had to, before the system's.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
if [[ -x .cache/node/node_modules/.bin/node ]]; then
  PATH="$PWD/.cache/node/node_modules/.bin:$PATH"
fi
