# One static binary, and nothing else: no shell, no libraries, no users but a number.
#
#   docker build -t readiness-exporter .      builds everything, from a clean checkout
#   make image                                builds the last stage, around a binary built here
#
# What `make test-image` tests is the last stage. The first one needs the public Rust image; what
# it runs is what `packaging/image` runs, the rest is that image's.

FROM docker.io/library/rust:1.95-alpine AS build
ARG REVISION=unknown
WORKDIR /src
COPY . .
# The host of this image is a musl target, which links statically by itself.
RUN READINESS_EXPORTER_REVISION="$REVISION" \
    READINESS_EXPORTER_RUSTVERSION="$(rustc --version | cut -d' ' -f2)" \
    cargo build --release --locked \
 && cp target/release/readiness-exporter /

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="readiness-exporter" \
      org.opencontainers.image.description="Production readiness, kept as YAML in Git, served as Prometheus metrics" \
      org.opencontainers.image.source="https://github.com/readiness-exporter/readiness-exporter" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /readiness-exporter /bin/readiness-exporter
# A number, so that Kubernetes sees that it isn't root (runAsNonRoot).
USER 65534:65534
EXPOSE 20430
ENTRYPOINT ["/bin/readiness-exporter"]
CMD ["serve", "/etc/readiness"]
