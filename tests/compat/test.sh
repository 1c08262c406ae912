#!/usr/bin/env bash
# Builds the guests of the recorded cases, as far as this machine has compilers for them, and runs
# all cases against what Envoy made of them: test.sh BIN [--beside]
#
# With --beside, Envoy runs them too.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${1:?usage: test.sh BIN, the folder of the built programs}
guests=$bin/guests

# Nothing is built twice.
stale() {
    [ ! -e "$1" ] || [ -n "$(find "$2" -newer "$1" -type f -print -quit)" ]
}

command -v python3 >/dev/null || {
    echo 'skipped: the recorded cases need python3' >&2
    exit 0
}
if stale "$guests/probe.wasm" "$here/../guests/probe"; then
    "$here/../guests/probe/build.sh" "$guests"
fi
if stale "$guests/porter-go.wasm" "$here/../guests/porter/go" ||
    stale "$guests/porter-assemblyscript.wasm" "$here/../guests/porter/assemblyscript"; then
    "$here/../guests/porter/build.sh" "$guests"
fi
mode=--recorded
[ "${2:-}" = --beside ] && mode=
# shellcheck disable=SC2086  # no mode is no argument
exec python3 "$here/run.py" $mode --failures --guests "$guests" --portico "$bin/portico"
