#!/usr/bin/env bash
# shellcheck disable=SC2054  # the linker takes commas
# Builds the guests in C beside this one: build.sh OUT_DIR
#
# Any clang that knows wasm32 will do; zig brings one (`pip install ziglang`). Skips with a
# reason where there is neither.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:?usage: build.sh OUT_DIR}
flags=(-Os -nostdlib -ffreestanding -fno-builtin -Wall -Wextra -Werror
    -Wl,--no-entry -Wl,--strip-all)

if command -v clang >/dev/null && command -v wasm-ld >/dev/null; then
    compile=(clang --target=wasm32 "${flags[@]}")
elif command -v zig >/dev/null; then
    compile=(zig cc --target=wasm32-freestanding "${flags[@]}" -Wl,--import-symbols)
elif python3 -c 'import ziglang' 2>/dev/null; then
    compile=(python3 -m ziglang cc --target=wasm32-freestanding "${flags[@]}" -Wl,--import-symbols)
else
    echo 'skipped: there is no clang for wasm32 (pip install ziglang brings one)' >&2
    exit 0
fi
mkdir -p "$out"
"${compile[@]}" "$here/probe.c" -o "$out/probe.wasm.partial"
mv "$out/probe.wasm.partial" "$out/probe.wasm"
