/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tcp_received: how many bytes the other side of a TCP connection has sent, read or not. */
#pragma once

#include <stdint.h>

/* 0 also if the kernel cannot say. */
uint64_t ezlb_tcp_received(int fd);
