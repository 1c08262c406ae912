#!/usr/bin/env bash
# Builds the console into dist/, from where the gateway takes it: build.sh [--strict]
#
# Does nothing, quickly, if nothing has changed. The gateway builds without the console too, so
# whatever is missing is said in a line and is no failure, unless --strict is given. dist/ is
# replaced as a whole, and only if something in it differs: cargo builds nothing for nothing.
set -euo pipefail

readonly node_least=20.19
cd "$(dirname "${BASH_SOURCE[0]}")"
# What dist/ and node_modules/ were made from; beside the modules, so that both go together.
readonly built=node_modules/.portico-built
readonly installed=node_modules/.portico-installed
new=dist.new.$$
readonly new
trap 'rm -rf "$new"' EXIT

without() {
    local rest="the gateway is built without its console"
    [[ ! -f dist/index.html ]] || rest="the gateway keeps the console that was built before"
    printf 'console: %s; %s\n' "$1" "$rest" >&2
    [[ ${strict:-} ]] && exit 1
    exit 0
}

has_node() {
    local found
    found=$(node --version 2>/dev/null) || return 1
    [[ $(printf '%s\n' "v$node_least" "$found" | sort -V | head -n 1) == "v$node_least" ]]
}

is_current() {
    [[ -f dist/index.html && -f $built ]] || return 1
    [[ -z $(find src public index.html vite.config.ts package-lock.json -newer "$built" -print -quit) ]]
}

install() {
    cmp -s package-lock.json "$installed" && return
    echo "console: installing what it is built with …"
    local said
    said=$(npm ci --loglevel=error 2>&1) || { head -n 4 <<<"$said" >&2; return 1; }
    cp package-lock.json "$installed"
}

# Files that stay the same keep their times.
publish() {
    if diff -rq dist "$new" >/dev/null 2>&1; then return; fi
    local file
    while IFS= read -r file; do
        if cmp -s "dist/$file" "$new/$file"; then touch -r "dist/$file" "$new/$file"; fi
    done < <(cd "$new" && find . -type f)
    rm -rf dist
    mv "$new" dist
}

strict=
[[ ${1:-} != --strict ]] || strict=1
is_current && exit 0
has_node || without "Node.js $node_least or newer is not here (https://nodejs.org)"
command -v npm >/dev/null || without "npm is not here (it comes with https://nodejs.org)"
install || without "npm could not install what it is built with (is there a network?)"
# Changes that come while it builds are newer than this.
: >"$built.next"
node node_modules/vite/bin/vite.js build --outDir "$new" --logLevel error || without "it could not be built"
publish
mv "$built.next" "$built"
