# Two images from one build:
#
#   docker build --target portico --tag portico:dev .     the gateway (also without --target)
#   docker build --target fleet   --tag fleet:dev .       the demo's services
#
# The gateway's image has no shell and no package manager, runs as the user 65532 and with
# a read-only root:
#
#   docker run --read-only --tmpfs /var/cache/portico:uid=65532 -p 30080:30080 \
#     --mount type=bind,source="$PWD/config",target=/etc/portico/config,readonly portico:dev
#
# Mount the folder and not one file: editors and Kubernetes replace files, and a mounted
# file would stay the old one. The shipped configuration expects the fleet on 127.0.0.1: add
# `--network host` to reach one that runs on this machine.

# The compiler of `rust-version`, on the Debian release of the final image, so that both have
# the same C library. Node.js is only needed to build the console.
ARG RUST=1.95
ARG NODE=22
FROM node:${NODE}-bookworm-slim AS console
WORKDIR /source/gateway/console
COPY gateway/console .
RUN --mount=type=cache,id=portico-npm,target=/npm npm_config_cache=/npm ./build.sh --strict


FROM rust:${RUST}-slim-bookworm AS build
# cmake and g++ compile the C and C++ libraries that some crates bring along.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends cmake g++ make pkg-config \
    && rm -rf /var/lib/apt/lists/*
RUN rustup target add wasm32-unknown-unknown
WORKDIR /source
COPY . .
COPY --from=console /source/gateway/console/dist gateway/console/dist
# The caches outlive a build but are no part of an image, so what ships is copied out of them.
RUN --mount=type=cache,id=portico-registry,target=/usr/local/cargo/registry \
    --mount=type=cache,id=portico-guests,target=/source/plugins/target \
    plugins/build.sh /out/plugins
RUN --mount=type=cache,id=portico-registry,target=/usr/local/cargo/registry \
    --mount=type=cache,id=portico-host,target=/source/target \
    cargo build --locked --profile dist --package portico --package fleet \
    && install -D --target-directory /out target/dist/portico target/dist/fleet
# Owned by the user of the final image; a folder cannot be made there without a shell.
RUN install -d /out/cache


FROM gcr.io/distroless/cc-debian12:nonroot AS base
# Of the image built: --build-arg VERSION=… --build-arg REVISION="$(git rev-parse HEAD)"
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
USER 65532:65532


FROM base AS fleet
LABEL org.opencontainers.image.title="fleet" \
      org.opencontainers.image.description="The demo behind Portico: vehicles on a map, and a service that hangs"
COPY --from=build /out/fleet /usr/local/bin/fleet
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/fleet"]
CMD ["web", "--listen", "0.0.0.0:8080"]


FROM base AS portico
LABEL org.opencontainers.image.title="portico" \
      org.opencontainers.image.description="An ingress gateway that changes its configuration and its WebAssembly filters while it serves"
COPY --from=build /out/portico /usr/local/bin/portico
COPY --from=build /out/plugins /usr/local/bin/plugins
COPY --from=build --chown=65532:65532 /out/cache /var/cache/portico
COPY config/default.yaml config/schema.json /etc/portico/config/
EXPOSE 30080 31000
# The admin API listens for everyone who can reach the container, so that its port can be
# published; without PORTICO_ADMIN_TOKEN it says that it is healthy and nothing else.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["/usr/local/bin/portico", "health"]
ENTRYPOINT ["/usr/local/bin/portico"]
CMD ["run", "--config", "/etc/portico/config", "--admin", "0.0.0.0:31000", "--cache", "/var/cache/portico"]
