/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listing: what `who` and `connections` share: the services, and connections from the kernel. */
#pragma once

#include <ezlb/conntrack.h>

#include "cmd.h"

struct listing {
	struct ezlb_connections_index index;
	struct ezlb_connections_view view;
	char torn[256];
};

/* Reads the service files. The caller closes the listing after a failure, too. */
int listing_open(struct listing *listing, const struct flags *flags, struct ezlb_err *err);
/*
 * Passes the connections to fn. If the kernel's table changes meanwhile it calls `restart` and
 * begins again; after some tries it goes on with what there is, and the notes say so.
 */
int listing_read(struct listing *listing, ezlb_connection_fn fn, void (*restart)(void *arg),
		 void *arg, struct ezlb_err *err);
/* Prints each line of the notes to stderr, and empties them. */
void listing_print_notes(struct ezlb_text *notes);
void listing_close(struct listing *listing);
