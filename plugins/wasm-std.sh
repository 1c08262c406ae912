#!/usr/bin/env bash
# Prints the path of a rustc that has the standard library of wasm32-unknown-unknown,
# and gets that library first where it is missing. build.sh compiles the filters with it.
#
# Three ways, the cheapest first:
#   1. the rustc on the PATH already has it;
#   2. rustup may download (RUSTUP_AUTO_INSTALL is not 0): `rustup target add`;
#   3. Debian's packaged rustc, which comes with the sources of the standard library, is
#      unpacked into the user's cache and compiles that library once. No root, nothing of
#      rustup or of the system is changed. A second library built by rustup's own rustc is
#      not possible: it must come from sources of exactly the compiler's version.
#
# Nothing but the path goes to stdout. A failed attempt leaves what it finished, and the
# next one goes on from there.
set -euo pipefail

readonly target=wasm32-unknown-unknown
# The guests are written in the edition 2024.
readonly oldest_minor=85
# The number changes when what lies inside changes its shape.
readonly cache=${XDG_CACHE_HOME:-${HOME:?neither XDG_CACHE_HOME nor HOME is set}/.cache}
readonly prefix=$cache/portico/wasm-std-1
readonly work=$prefix.partial

say() { printf 'wasm-std: %s\n' "$*" >&2; }

die() {
    say "$1"
    shift
    if (($#)); then printf '  %s\n' "$@" >&2; fi
    exit 1
}

has_std() { compgen -G "$1/lib/rustlib/$target/lib/libcore-*.rlib" >/dev/null; }

# Debian's rustc without its linker: rustup's rust-lld is linked in, and linked again when
# the toolchain it belonged to is gone.
link_linker() {
    local root=$1 host sysroot tool
    host=$(rustc -vV | sed -n 's/^host: //p')
    sysroot=$(rustc --print sysroot)
    mkdir -p "$root/usr/lib/rustlib/$host/bin"
    for tool in rust-lld gcc-ld wasm-component-ld; do
        ln -sfn "$sysroot/lib/rustlib/$host/bin/$tool" "$root/usr/lib/rustlib/$host/bin/$tool"
    done
    [[ -x $root/usr/lib/rustlib/$host/bin/rust-lld ]] \
        || die "the toolchain in $sysroot has no rust-lld" "install Rust with rustup"
}

linker_present() {
    local tool
    for tool in "$1"/usr/lib/rustlib/*/bin/rust-lld; do [[ -x $tool ]] && return; done
    return 1
}

candidate() {
    apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -v none || true
}

refresh_lists() {
    ((EUID == 0)) || die "$1" "run: sudo apt-get update" "and then this again"
    say "refreshing the package lists"
    apt-get -qq update || die "apt-get update failed" "is there a network?"
}

# The packages to unpack, one a line: the compiler, its library for this machine, the
# sources, and every shared library they need that the system has not installed.
packages() {
    local runtime=$1 name
    printf '%s\n' rustc-web rust-web-src libstd-rust-web-dev "$runtime"
    apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
        --no-replaces --no-enhances "$runtime" | grep -E '^[a-z0-9]' | sort -u \
        | while read -r name; do
            [[ $name == "$runtime" || $name == libc6 ]] && continue
            dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed \
                || { [[ -n $(candidate "$name") ]] && printf '%s\n' "$name"; } || true
        done
}

download() {
    local -a names=()
    local runtime version minor
    [[ -n $(candidate rustc-web) ]] || refresh_lists "the package lists have no rustc-web"
    version=$(candidate rustc-web)
    [[ -n $version ]] || die "this Debian has no package rustc-web" \
        "install Rust with rustup, then: rustup target add $target"
    minor=$(sed -n 's/^1\.\([0-9]*\)\..*/\1/p' <<<"$version")
    ((${minor:-0} >= oldest_minor)) \
        || die "rustc-web $version is too old: 1.$oldest_minor is needed" \
        "add the security suite of this Debian release to the sources of apt"
    runtime=libstd-rust-web-1.$minor
    # What an attempt left of another version would be unpacked over this one.
    [[ $(cat "$work/version" 2>/dev/null) == "$version" ]] || rm -rf "$work/debs"
    printf '%s\n' "$version" >"$work/version"
    mkdir -p "$work/debs"
    mapfile -t names < <(packages "$runtime")
    say "downloading ${#names[@]} packages of Debian's rustc $version (about 140 MB)"
    # Without the sandbox option root's apt complains that _apt may not write here.
    (cd "$work/debs" && apt-get -qq -o APT::Sandbox::User=root download "${names[@]}" >&2)
}

# Lists that are a few days old name packages that the archive has replaced.
download_or_refresh() {
    download || {
        refresh_lists "the download failed, perhaps because the package lists are old"
        download || die "the packages could not be downloaded" "is there a network?" \
            "run this again to go on"
    }
    : >"$work/downloaded"
}

unpack() {
    local root=$work/root deb lib
    say "unpacking"
    rm -rf "$root"
    mkdir -p "$root"
    for deb in "$work"/debs/*.deb; do
        case ${deb##*/} in
        # Of the sources only the library is wanted, a tenth of the package.
        rust-web-src_*) dpkg-deb --fsys-tarfile "$deb" \
            | tar -x -C "$root" --wildcards './usr/src/*/library' './usr/lib/rustlib/*' ;;
        *) dpkg-deb -x "$deb" "$root" ;;
        esac
    done
    lib=$(cd "$root" && compgen -G 'usr/lib/*-linux-gnu*' | head -n 1)
    cat >"$root/rustc" <<WRAPPER
#!/bin/sh
here=\${0%/*}
LD_LIBRARY_PATH="\$here/$lib:\$here/usr/lib" exec "\$here/usr/bin/rustc" "\$@"
WRAPPER
    chmod +x "$root/rustc"
    link_linker "$root"
    "$root/rustc" --version >/dev/null || die "the unpacked rustc does not start" \
        "the line above says why; removing $work starts afresh"
    : >"$work/unpacked"
}

compile() {
    local root=$work/root crate=$work/crate lib
    say "compiling the standard library for $target (once, about a minute)"
    mkdir -p "$crate/src"
    : >"$crate/src/lib.rs"
    printf '[package]\nname = "carrier"\nedition = "2021"\n[workspace]\n' >"$crate/Cargo.toml"
    # Bitcode, because the filters are linked with lto. A cargo of the host is told by the
    # bootstrap variable that the compiler's unstable option is meant.
    (cd "$crate" && env -u CARGO_BUILD_TARGET -u CARGO_ENCODED_RUSTFLAGS -u RUSTC_WRAPPER \
        RUSTC="$root/rustc" RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes \
        cargo build --quiet --release -Zbuild-std=std,panic_abort --target $target \
        --target-dir "$work/target" >&2) \
        || die "the standard library did not compile" \
            "its crates come from cargo's registry: is there a network?" "run this again to go on"
    lib=$root/usr/lib/rustlib/$target/lib
    mkdir -p "$lib"
    cp "$work/target/$target/release/deps/"*.rlib "$lib/"
    rm -f "$lib"/libcarrier-*.rlib
}

debian_rustc() {
    local tool
    for tool in apt-get apt-cache dpkg-deb dpkg-query flock; do
        command -v $tool >/dev/null \
            || die "no standard library for $target, and no $tool to get Debian's with" \
            "install it with rustup: rustup target add $target" \
            "or with the package of your distribution (often rust-std-static-$target)"
    done
    mkdir -p "${prefix%/*}"
    exec 9>"$prefix.lock"
    flock -n 9 || { say "waiting for another run to finish"; flock 9; }
    if [[ ! -x $prefix/rustc ]]; then
        mkdir -p "$work"
        [[ -e $work/downloaded ]] || download_or_refresh
        [[ -e $work/unpacked ]] || unpack
        compile
        rm -rf "$work/root/usr/src" "$work/root/usr/share" "$prefix"
        mv "$work/root" "$prefix"
        rm -rf "$work"
        say "ready in $prefix"
    fi
    linker_present "$prefix" || link_linker "$prefix"
    printf '%s\n' "$prefix/rustc"
}

main() {
    local own
    command -v rustc >/dev/null || die "there is no rustc" "install Rust with rustup"
    if has_std "$(rustc --print sysroot)"; then
        own=$(command -v rustc)
        printf '%s\n' "$own"
    elif [[ -x $prefix/rustc ]] && linker_present "$prefix"; then
        printf '%s\n' "$prefix/rustc"
    elif [[ ${RUSTUP_AUTO_INSTALL:-1} != 0 ]] && command -v rustup >/dev/null \
        && say "rustup target add $target" && rustup --quiet target add $target >&2; then
        command -v rustc
    else
        debian_rustc
    fi
}

main
