# `make run` and `make test` do everything on a fresh machine and nothing twice.

SHELL := /bin/bash
.DEFAULT_GOAL := help

BIN := $(or $(CARGO_TARGET_DIR),target)/release
CONFIG ?= config/default.yaml

.PHONY: help
help: ## this list
	@echo 'Portico: an ingress gateway that changes while it serves.'
	@echo
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

.PHONY: run
run: build ## build what is missing, start the fleet demo and the gateway
	@examples/fleet/run.sh $(BIN) $(CONFIG)

# The configuration's tests go alone: their JSON Schema validator wants other features of half the
# dependencies, and all of these would be built again, wasmtime and pingora among them.
.PHONY: test
test: build guests ## build what is missing, run every test
	cargo test --release -p portico-config
	cargo test --release --workspace --exclude portico-config
	cargo test --quiet --manifest-path plugins/Cargo.toml
	python3 plugins/tests/on_envoy.py
	tests/compat/test.sh $(BIN)
	tests/telemetry/collector.sh
	gateway/console/test.sh $(BIN)
	examples/kubernetes/check.sh --extract $(BIN)/kubernetes
	$(BIN)/portico check $(BIN)/kubernetes/nodeport

.PHONY: build
build: setup plugins console ## the gateway, its console, the fleet demo and the bundled filters
	@cargo build --release --workspace --bins

.PHONY: console
console: ## the web console, if Node.js is here
	@gateway/console/build.sh

.PHONY: plugins
plugins: setup ## the bundled filters, to WebAssembly
	@plugins/build.sh $(BIN)/plugins

.PHONY: guests
guests: setup ## the test guests and the example filters, to WebAssembly
	@plugins/build.sh $(BIN)/guests tests/guests examples/filters/hello

.PHONY: setup
setup: # what the build needs and this machine lacks
	@.ci/setup

.PHONY: check
check: ## format, clippy and docs, warnings denied
	@.ci/check

.PHONY: golden
golden: ## rewrite the expected texts of golden tests; look at the difference before you commit
	UPDATE=1 cargo test --release -p portico-config
	UPDATE=1 cargo test --release -p portico --lib router
	UPDATE=1 cargo test --release -p portico-wasm --test host

.PHONY: bench
bench: plugins ## CPU time per request beside nginx, HAProxy and Envoy, as far as they are installed
	cargo build --profile dist -p portico
	@tests/bench/run.py --bin $(or $(CARGO_TARGET_DIR),target)/dist

.PHONY: bench-plugins
bench-plugins: plugins guests ## what filters cost here and on Envoy, and what a hostile one does to its neighbours
	@tests/guests/probe/build.sh $(BIN)/guests
	@tests/guests/porter/build.sh $(BIN)/guests
	cargo build --profile dist -p portico
	@tests/bench/compare.py --bin $(or $(CARGO_TARGET_DIR),target)/dist

.PHONY: bench-host
bench-host: plugins ## CPU time of an instance, a request, each hot host function, and `auth`
	cargo bench -p portico-wasm --bench host

.PHONY: compat
compat: plugins guests ## the recorded cases on Envoy and here, side by side
	@tests/compat/test.sh $(BIN) --beside

.PHONY: clean
clean: ## remove everything that was built here
	cargo clean
	cargo clean --manifest-path plugins/Cargo.toml
