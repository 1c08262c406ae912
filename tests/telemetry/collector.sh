#!/usr/bin/env bash
# Builds an OpenTelemetry collector, once, and sends it traces: tests/telemetry/collector.sh
# The build takes some minutes and is kept in the target folder.
set -euo pipefail
cd "$(dirname "$0")/../.."

builder=v0.145.0
out=$(realpath -m "${CARGO_TARGET_DIR:-target}")/telemetry/collector

if ! command -v go >/dev/null; then
    echo "skipped: Go is not installed, so that no collector can be built"
    exit 0
fi

# Built anew when what it is built of has changed.
if [[ ! -x $out/otelcol ]] || ! cmp -s tests/telemetry/collector.yaml "$out/built.yaml"; then
    mkdir -p "$out"
    sed "s|^  name: otelcol|&\n  output_path: $out|" tests/telemetry/collector.yaml >"$out/builder.yaml"
    if ! { GOBIN=$out nice timeout 900 go install "go.opentelemetry.io/collector/cmd/builder@$builder" &&
        nice timeout 900 "$out/builder" --config "$out/builder.yaml"; } >"$out/build.log" 2>&1; then
        tail -n 5 "$out/build.log"
        echo "skipped: the collector did not build; $out/build.log says why"
        exit 0
    fi
    cp tests/telemetry/collector.yaml "$out/built.yaml"
fi

PORTICO_COLLECTOR=$out/otelcol cargo test --release -p portico-telemetry --test collector -- --nocapture
