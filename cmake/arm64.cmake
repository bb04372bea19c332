# SPDX-License-Identifier: GPL-2.0-or-later
# Cross-compiles for arm64 with Debian's toolchain (gcc-aarch64-linux-gnu) and the libraries of a Debian
# that knows both architectures (dpkg --add-architecture arm64):
#
#   cmake -S . -B build-arm64 --toolchain cmake/arm64.cmake
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
# ctest runs the test programs with it (package qemu-user).
find_program(EZLB_QEMU qemu-aarch64)
if(EZLB_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${EZLB_QEMU})
endif()
