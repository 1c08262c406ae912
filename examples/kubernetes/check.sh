#!/usr/bin/env bash
# Renders every overlay as `kubectl apply -k` would and checks what must never get lost in
# them. No cluster is needed.
#
#   check.sh                  prints one line for each overlay
#   check.sh --extract DIR    also writes the configuration of each overlay's ConfigMap to
#                             DIR/OVERLAY/*.yaml, for `portico check DIR/OVERLAY`
#
# Exits with 1 if something is wrong, and with 0 and a line `skipped: …` where a tool is missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
extract=
case ${1-} in
    '') ;;
    --extract) extract=${2:?--extract needs a folder} ;;
    *) printf 'usage: check.sh [--extract DIR]\n' >&2; exit 64 ;;
esac

command -v kubectl >/dev/null || { echo 'skipped: no kubectl'; exit 0; }
python3 -c 'import yaml' 2>/dev/null || { echo 'skipped: no python3 with PyYAML'; exit 0; }

failed=0
for folder in "$here"/overlays/*/; do
    overlay=$(basename "$folder")
    if ! rendered=$(kubectl kustomize "$folder"); then
        printf '%s: does not render\n' "$overlay"
        failed=1
    else
        python3 "$here/check.py" "$overlay" ${extract:+"$extract/$overlay"} <<<"$rendered" \
            || failed=1
    fi
done
exit "$failed"
