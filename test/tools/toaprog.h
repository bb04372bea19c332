/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toaprog: what its two files share. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <ezlb/toa.h>

#include "program.h"

extern struct ezlb_err toaprog_err;
void toaprog_die(const char *what);

/* The checksum of TCP over the addresses and the segment. 0 if the segment has the right one. */
uint16_t toaprog_tcp_sum(int family, const void *addresses, const void *segment, size_t len);

/* listen NULL: the service with this mark, for IPv4. */
void toaprog_put(const struct ezlb_toa_program *program, const char *listen,
		 enum ezlb_toa_mode mode, uint8_t kind, uint32_t mark);

/* Sends each kind of packet through the program; prints what is wrong. Returns the exit status. */
int toaprog_packets(const struct ezlb_toa_program *program);
