# An image with one static binary: no shell, no libraries, a numeric user.
#
#   docker build -t readiness-exporter .      builds both stages from a clean checkout
#   make image                                builds the last stage with a binary built on the host
#
# `make test-image` tests the last stage. The first stage requires the public Rust image, and runs
# the same build as `packaging/image`.

FROM docker.io/library/rust:1.95-alpine AS build
ARG REVISION=unknown
WORKDIR /src
COPY . .
# The host of this image is a musl target, which links statically by default.
RUN READINESS_EXPORTER_REVISION="$REVISION" \
    READINESS_EXPORTER_RUSTVERSION="$(rustc --version | cut -d' ' -f2)" \
    cargo build --release --locked \
 && cp target/release/readiness-exporter /

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="readiness-exporter" \
      org.opencontainers.image.description="Prometheus exporter for production readiness reports, which are kept as YAML in Git" \
      org.opencontainers.image.source="https://github.com/readiness-exporter/readiness-exporter" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /readiness-exporter /bin/readiness-exporter
# Numeric, as required by runAsNonRoot of Kubernetes.
USER 65534:65534
EXPOSE 20430
ENTRYPOINT ["/bin/readiness-exporter"]
CMD ["serve", "/etc/readiness"]
