/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host: kernel settings that FullNAT needs, as a layer. Never sets one that no service needs. */
#pragma once

#include <ezlb/layer.h>

/*
 * Settings are files under `root`, which is /proc but for tests; borrowed. Reading them is cheap,
 * so peek reads what list reads, and misses nothing.
 */
int ezlb_host_open(const char *root, struct ezlb_layer **out, struct ezlb_err *err);

/*
 * Who is likely to take away what ezlb puts into `layer`, in one sentence with the remedy, as far
 * as the interfaces and processes under `root` tell; false where nobody can be named. Looks once
 * through the processes: not for often. Whoever is in another network namespace is not suspected.
 * `listen` is the address that is concerned, for the remedy; only IPVS asks for it.
 */
#define EZLB_SUSPECT_STRLEN 256
bool ezlb_host_suspect(const char *root, enum ezlb_layer_kind layer, const struct ezlb_addr *listen,
		       char buf[EZLB_SUSPECT_STRLEN]);
