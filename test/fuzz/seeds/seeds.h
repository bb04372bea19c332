/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seeds: writes the inputs of fuzz targets that are messages of the kernel, made with the code of
 * the unit tests. Run it after such a format has changed:
 *
 *   ninja -C build fuzz_seeds && build/bin/fuzz_seeds test/fuzz/corpus
 */
#pragma once

#include "cm.h"

#include <linux/netlink.h>

#include <ezlb/netlink.h>
#include <ezlb/text.h>

/* What the kernel answers in one conversation, for test/fuzz/kernel.h. */
void seed_add(struct ezlb_text *seed, const struct nlmsghdr *msg, uint32_t seq);
void seed_ack(struct ezlb_text *seed, uint32_t seq);
void seed_done(struct ezlb_text *seed, uint32_t seq);
/* Writes CORPUS/TARGET/NAME, and empties the seed. */
void seed_put(const char *target, const char *name, struct ezlb_text *seed);

void seeds_ipvs(void);
void seeds_conntrack(void);
void seeds_connlog(void);
void seeds_nft(void);
void seeds_xtables(void);
void seeds_toa(void);
void seeds_store(void);
void seeds_links(void);
void seeds_records(void);
