/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xtables: libiptc and libip6tc behind one table of calls. An entry is a struct ipt_entry or
 * ip6t_entry, as the form says. Like the libraries they speak through errno: NULL or 0 for failure.
 */
#pragma once

#include "rules.h"

#include <libiptc/xtcshared.h>

struct ezlb_xt {
	const struct ezlb_snat_form *form;
	const char *nat;	/* "nat table"; for sentences */
	const char *module;	/* that the kernel lacks where it knows nothing of such tables */
	const char *nat_module; /* where it knows of no nat table */
	struct xtc_handle *(*init)(const char *table);
	void (*free)(struct xtc_handle *handle);
	const char *(*first_chain)(struct xtc_handle *handle);
	const char *(*next_chain)(struct xtc_handle *handle);
	int (*is_chain)(const char *chain, struct xtc_handle *handle);
	int (*create_chain)(const char *chain, struct xtc_handle *handle);
	int (*delete_chain)(const char *chain, struct xtc_handle *handle);
	int (*flush)(const char *chain, struct xtc_handle *handle);
	int (*references)(unsigned *refs, const char *chain, struct xtc_handle *handle);
	const void *(*first_rule)(const char *chain, struct xtc_handle *handle);
	const void *(*next_rule)(const void *entry, struct xtc_handle *handle);
	const char *(*target)(const void *entry, struct xtc_handle *handle);
	int (*insert)(const char *chain, const void *entry, unsigned at, struct xtc_handle *handle);
	int (*append)(const char *chain, const void *entry, struct xtc_handle *handle);
	int (*delete_at)(const char *chain, unsigned at, struct xtc_handle *handle);
	int (*commit)(struct xtc_handle *handle);
	const char *(*strerror)(int code);
};
extern const struct ezlb_xt ezlb_xt_ip, ezlb_xt_ip6;
