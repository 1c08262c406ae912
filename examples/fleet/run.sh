#!/usr/bin/env bash
# Serves the fleet demo behind Portico until it is interrupted: run.sh BIN_DIR CONFIG
#
# What `make run` ends in. Both programs end together, whichever ends first.
set -euo pipefail

bin=$1
config=$2
fleet=

stop() {
    [[ -z $fleet ]] || kill "$fleet" 2>/dev/null || true
    wait 2>/dev/null || true
}
trap stop EXIT

"$bin/fleet" all >/dev/null &
fleet=$!
# It stops at once if one of its ports is taken; then there is nothing to serve.
for _ in {1..50}; do
    kill -0 "$fleet" 2>/dev/null || { echo "the fleet demo could not start" >&2; exit 1; }
    (exec 3<>/dev/tcp/127.0.0.1/32001) 2>/dev/null && break
    read -rt 0.1 <> <(:) || true
done

"$bin/portico" run --config "$config" &
portico=$!
trap 'kill -TERM "$portico" 2>/dev/null || true' INT TERM
cat <<EOF

  The fleet demo
    http://localhost:30080           the map; it lags, because \`staff\` hangs
    curl -i localhost:30080/api/positions    how long the page waits
    curl -i localhost:30080/api/telemetry
    http://localhost:31000           the console: what happens, why, and what to do about it
  Cure it: in the console, or in $config: remove the \`# \` in front of \`timeout: 1s\` and save.
  Ctrl-C stops both.

EOF
wait -n "$portico" "$fleet" || true
kill -TERM "$portico" 2>/dev/null || true
# A trapped signal ends a `wait` early.
while kill -0 "$portico" 2>/dev/null; do wait "$portico" || true; done
echo "both have stopped"
