#!/usr/bin/env bash
# Builds WebAssembly filters: build.sh [OUT_DIR [MANIFEST_DIR…]]
#
# OUT_DIR (default: target/release/plugins of the repository) receives one .wasm file for
# every cdylib crate of the cargo projects in the MANIFEST_DIRs (default: the bundled
# filters beside this script). A file appears by a rename and only when its contents
# changed, so a gateway that watches it never reads half of one and never reloads for
# nothing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly target=wasm32-unknown-unknown

# One project. All of them share a target directory, so that proxy-wasm and its
# dependencies are compiled once. Flags of the host's builds are not for this target.
build() {
    local manifest=$1/Cargo.toml
    [[ -f $manifest ]] || { printf 'build.sh: %s does not exist\n' "$manifest" >&2; return 1; }
    {
        env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_TARGET -u RUSTC_WRAPPER \
            RUSTC="$rustc" CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$here/target}" \
            cargo build --release --target "$target" --manifest-path "$manifest" \
            --message-format=json-render-diagnostics 2>&3 \
            | sed -n 's/.*"filenames":\[[^]]*"\([^"]*\.wasm\)".*/\1/p'
    } 3> >(sed -u '/^ *Finished /d' >&2)
}

# Beside its place first: a rename within one directory is atomic.
publish() {
    local place=$out/${1##*/}
    cmp -s "$1" "$place" && return
    cp "$1" "$place.partial.$$"
    mv "$place.partial.$$" "$place"
}

out=${1:-$here/../target/release/plugins}
if (($#)); then shift; fi
if (($# == 0)); then set -- "$here"; fi
rustc=$("$here/wasm-std.sh")
readonly out rustc

mkdir -p "$out"
for project in "$@"; do
    built=$(build "$project")
    [[ -n $built ]] || { printf 'build.sh: %s has no cdylib crate\n' "$project" >&2; exit 1; }
    while IFS= read -r module; do publish "$module"; done <<<"$built"
done
