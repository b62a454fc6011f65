# The image of Vigia: one static binary, no shell, not root, nothing to write but /var/lib/vigia.
#
#   docker build -t vigia .
#   docker run --read-only -v vigia:/var/lib/vigia -p 127.0.0.1:8420:8420 vigia
#
# Build and target platforms differ for `docker buildx build --platform linux/amd64,linux/arm64`: Go compiles for both, nothing is emulated.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY proto proto
COPY internal internal
COPY cmd cmd
ARG VERSION=dev
ARG TARGETOS
ARG TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /out/usr/bin/vigia ./cmd/vigia \
 && mkdir -p /out/var/lib/vigia /out/var/lib/prometheus /out/etc/vigia

FROM gcr.io/distroless/static-debian12:nonroot
# Folders that volumes are mounted on take their owner from here.
COPY --from=build --chown=65532:65532 /out /
ENV VIGIA_CONFIG=/etc/vigia/vigia.yml
USER 65532:65532
WORKDIR /var/lib/vigia
EXPOSE 8420 8421
# Exit code 0 when /livez answers where the configuration says; compose and Kubernetes may ask /readyz instead.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/usr/bin/vigia", "healthcheck"]
ENTRYPOINT ["/usr/bin/vigia"]
CMD ["run"]
