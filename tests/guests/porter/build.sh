#!/usr/bin/env bash
# Builds porter in Go and AssemblyScript: build.sh OUT_DIR
#
# The Rust one is built by plugins/build.sh with its neighbours. What the machine has no tool
# for is skipped with a reason. ASC names AssemblyScript's compiler, `asc` otherwise.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(mkdir -p "${1:?usage: build.sh OUT_DIR}" && cd "$1" && pwd)
asc=${ASC:-asc}

skip() { echo "skipped: porter in $1: $2" >&2; }

# Go has //go:wasmexport since 1.24.
if ! command -v go >/dev/null; then
    skip Go 'there is no go'
elif ! (cd "$here/go" && GOTOOLCHAIN=local go list . >/dev/null 2>&1); then
    skip Go 'this go is older than 1.24'
else
    (cd "$here/go" && GOTOOLCHAIN=local GOOS=wasip1 GOARCH=wasm \
        go build -buildmode=c-shared -ldflags='-s -w' -o "$out/porter-go.wasm" .)
fi

if command -v "$asc" >/dev/null; then
    # Without `abort` as an import: nobody would implement it.
    "$asc" "$here/assemblyscript/porter.ts" -O3 --use abort= -o "$out/porter-assemblyscript.wasm"
else
    skip AssemblyScript 'there is no asc (npm install assemblyscript)'
fi
