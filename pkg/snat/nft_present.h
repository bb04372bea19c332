/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_present: has the kernel nf_tables at hand? Seen without asking it: a question loads the
 * module (nfnetlink_rcv_msg() in nfnetlink.c).
 */
#pragma once

#include <stdbool.h>

/* Where that can be seen; the strings are borrowed. */
struct ezlb_nft_signs {
	const char *module;  /* is there while the module is loaded */
	const char *builtin; /* lists what is built in; need not be there */
	const char *symbols; /* lists the kernel's functions, in place of that */
};

bool ezlb_nft_is_loaded(const struct ezlb_nft_signs *signs);

/*
 * As good as loaded, and never otherwise while the kernel runs. True also where neither list can be
 * read: then only asking helps. May take some 50 ms.
 */
bool ezlb_nft_is_builtin(const struct ezlb_nft_signs *signs);

/* The running kernel's; the same pointer each time. */
const struct ezlb_nft_signs *ezlb_nft_kernel_signs(void);
