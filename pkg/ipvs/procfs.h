/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * procfs: the text that IPVS shows of itself, to one number. Some seven times cheaper than a dump,
 * so it is what is looked at often; it never becomes rows, for it tells less than a dump does.
 * Source: ip_vs_info_seq_show() in net/netfilter/ipvs/ip_vs_ctl.c.
 */
#pragma once

#include <stdint.h>

#include <ezlb/table.h>

#define EZLB_IPVS_PROCFS "/proc/net/ip_vs"

/*
 * The print of the services in scope and their dests, without their connection counts and in
 * whatever order they come; 0 where there are none. What is of an unknown form counts as it stands,
 * in scope or not. -ENOENT where ip_vs is not loaded, or as open(2) and read(2). Takes one fixed
 * buffer. An empty scope does not open the file.
 *
 * A table that changes between two reads may show a service twice or not at all. Then the print is
 * another than before and after, which tells of a change where there may be none.
 */
int ezlb_ipvs_procfs_print(const char *path, const struct ezlb_scope *scope, uint64_t *print);
