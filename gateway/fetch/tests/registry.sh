#!/usr/bin/env bash
# Builds a real registry (CNCF Distribution) with Go, for the test that talks to one. It goes into
# the user's cache, where the test looks for it.
set -euo pipefail

version=v3.1.2
folder="${XDG_CACHE_HOME:-$HOME/.cache}/portico/registry-$version"

[ -x "$folder/registry" ] && exit 0
command -v go >/dev/null || {
    echo "Go is needed to build a registry: install it from https://go.dev/dl" >&2
    exit 1
}
echo "building CNCF Distribution $version for the tests …"
GOBIN="$folder" go install "github.com/distribution/distribution/v3/cmd/registry@$version"
