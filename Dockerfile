# SPDX-License-Identifier: GPL-2.0-or-later
#
#   docker build -t ezlb:0.1.0 .
#
# The container changes the host's kernel and uses the host's network: deploy/k8s shows how to run it.
# test/deploy/dockerfile.sh checks both package lists.

FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
	gcc libc6-dev make cmake ninja-build pkg-config \
	libuv1-dev libyaml-dev libnl-3-dev libnl-genl-3-dev libip4tc-dev \
	libip6tc-dev libmnl-dev libnftnl-dev libnetfilter-conntrack-dev libkmod-dev \
	libcurl4-gnutls-dev libgnutls28-dev libmicrohttpd-dev libjansson-dev zlib1g-dev uthash-dev
COPY . /src
RUN cmake -S /src -B /build -G Ninja -DEZLB_TESTS=OFF \
	&& cmake --build /build \
	&& DESTDIR=/image cmake --install /build --strip

FROM debian:bookworm-slim
# ca-certificates: for https checks that verify without a tls_ca_file.
RUN apt-get update && apt-get install -y --no-install-recommends \
	libuv1 libyaml-0-2 libnl-3-200 libnl-genl-3-200 libip4tc2 libip6tc2 \
	libmnl0 libnftnl11 libnetfilter-conntrack3 libkmod2 libcurl3-gnutls \
	libgnutls30 libmicrohttpd12 libjansson4 zlib1g ca-certificates \
	&& rm -rf /var/lib/apt/lists/*
COPY --from=build /image/ /
ENTRYPOINT ["/usr/local/sbin/ezlb"]
CMD ["run"]
