# SPDX-License-Identifier: GPL-2.0-or-later
#
#   docker build -t ezlb:0.1.0 .
#   docker build -t ezlb:0.1.0 --platform linux/arm64 .     # cross-compiled: no emulation
#
# scripts/image builds it without a registry. docs/image.md says what is in the image and how to run it.
# test/deploy/dockerfile.sh checks the package lists, test/image/image.sh the image.

FROM --platform=$BUILDPLATFORM debian:bookworm-slim AS build
# The architecture of the image: amd64 or arm64. Empty: that of this machine.
ARG TARGETARCH
ENV TOOLS="gcc make cmake ninja-build pkg-config uthash-dev ca-certificates clang bpftool"
ENV LIBRARIES="libc6-dev libuv1-dev libyaml-dev libnl-3-dev libnl-genl-3-dev libip4tc-dev \
	libip6tc-dev libmnl-dev libnftnl-dev libnetfilter-conntrack-dev libkmod-dev \
	libcurl4-gnutls-dev libgnutls28-dev libmicrohttpd-dev libjansson-dev zlib1g-dev libbpf-dev \
	libcap-ng-dev libseccomp-dev"
# /target has the architecture, for the steps below.
RUN own=$(dpkg --print-architecture); arch=${TARGETARCH:-$own}; echo "$arch" >/target \
	&& if [ "$arch" != "$own" ]; then dpkg --add-architecture "$arch"; TOOLS="$TOOLS gcc-aarch64-linux-gnu"; fi \
	&& apt-get update \
	&& apt-get install -y --no-install-recommends $TOOLS $(printf "%s:$arch " $LIBRARIES)
COPY . /src
RUN arch=$(cat /target); toolchain=; [ "$arch" = "$(dpkg --print-architecture)" ] \
	|| toolchain=--toolchain=/src/cmake/$arch.cmake; \
	cmake -S /src -B /build -G Ninja $toolchain -DEZLB_TESTS=OFF -DEZLB_BPF=ON \
	-DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE="-O2 -DNDEBUG" \
	&& cmake --build /build
# All that the program needs at run time, and nothing else.
RUN /src/deploy/image/collect "$(cat /target)" /build/bin/ezlb /image

FROM scratch
ARG REVISION=
ARG CREATED=
ARG SOURCE=
LABEL org.opencontainers.image.title="ezlb" \
	org.opencontainers.image.description="A layer-4 load balancer: configures IPVS and source NAT from YAML files" \
	org.opencontainers.image.version="0.1.0" \
	org.opencontainers.image.licenses="GPL-2.0-or-later" \
	org.opencontainers.image.base.name="debian:bookworm-slim" \
	org.opencontainers.image.revision="$REVISION" \
	org.opencontainers.image.created="$CREATED" \
	org.opencontainers.image.source="$SOURCE"
COPY --from=build /image/ /
ENV PATH=/usr/local/sbin
# The same as the liveness probe of the DaemonSet in deploy/k8s.
HEALTHCHECK --interval=20s --timeout=10s --start-period=120s --retries=6 \
	CMD ["/usr/local/sbin/ezlb", "probe", "live"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/sbin/ezlb"]
CMD ["run"]
