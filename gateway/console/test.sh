#!/usr/bin/env bash
# Tests the console: its logic, every page in every state, and the fleet's story on the gateway in
# BIN_DIR. test.sh BIN_DIR
set -euo pipefail

bin=$(realpath "$1")
cd "$(dirname "$0")"

command -v npm >/dev/null || {
    echo "skipped: the console needs Node.js"
    exit 0
}
./build.sh --strict
npx --no vitest run
node tests/browser/run.js
node tests/browser/story.js "$bin"
