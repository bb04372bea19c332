/* SPDX-License-Identifier: GPL-2.0-or-later */
/* from: the addresses that may send a client's address. Pure. */
#pragma once

#include <ezlb/addr.h>
#include <ezlb/mem.h>
#include <ezlb/text.h>

#include "receive.h"

/* Bits beyond `bits` are zero. An IPv4 address is written as IPv4, and has at most 32 bits. */
struct from {
	struct ezlb_addr addr;
	uint8_t bits;
};
struct from_list EZLB_VEC(struct from);

/*
 * Adds what `text` lists: addresses, networks (10.0.0.0/24) and ranges (10.0.0.3-10.0.0.6), with
 * commas or blanks between them. -EINVAL with err set names the first one that is none; the list is
 * then as far as it was read. An empty text adds nothing. The caller clears the list with
 * EZLB_VEC_CLEAR.
 */
int from_parse(const char *text, struct from_list *list, struct ezlb_err *err);

/* "10.0.0.3, fd00::/64" */
void from_format(const struct from *from, struct ezlb_text *text);

/* To a key of the map toa_from and back. */
struct toa_from from_to_key(const struct from *from, uint32_t generation);
struct from from_of_key(const struct toa_from *key);
int from_cmp(const void *a, const void *b);
