// SPDX-License-Identifier: GPL-2.0-or-later
#include "listing.h"

#include <errno.h>
#include <stdio.h>

#include <ezlb/duration.h>

#define TRIES 3

/* -1: the kernel has no such setting. */
static int setting(const char *path)
{
	FILE *file = fopen(path, "re");
	int value = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%9d", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

int listing_open(struct listing *listing, const struct flags *flags, struct ezlb_err *err)
{
	size_t n_without = 0;
	int rc = ezlb_controller_services(&flags->options, &listing->index, &n_without, err);

	if (rc < 0)
		return rc;
	if (n_without > 0)
		fprintf(stderr,
			"ezlb: note: %zu service file%s with errors and without a last good version "
			"%s left out: see `ezlb check`\n",
			n_without, n_without == 1 ? "" : "s", n_without == 1 ? "is" : "are");
	listing->view = (struct ezlb_connections_view){
		.index = &listing->index,
		.host = { .timestamp = setting("/proc/sys/net/netfilter/nf_conntrack_timestamp"),
			  .accounting = setting("/proc/sys/net/netfilter/nf_conntrack_acct"),
			  .ipvs = setting("/proc/sys/net/ipv4/vs/conntrack") },
		.now_ms = ezlb_wall_ms(),
	};
	return 0;
}

int listing_read(struct listing *listing, ezlb_connection_fn fn, void (*restart)(void *arg),
		 void *arg, struct ezlb_err *err)
{
	int rc = -EAGAIN;

	for (int i = 0; i < TRIES && rc == -EAGAIN; i++) {
		restart(arg);
		rc = ezlb_conntrack_list(fn, arg, err);
	}
	if (rc == -EAGAIN) {
		ezlb_strcpy(listing->torn, sizeof(listing->torn), err->msg);
		listing->view.torn = listing->torn;
		return 0;
	}
	return rc;
}

void listing_print_notes(struct ezlb_text *notes)
{
	EZLB_AUTO_FREE char *lines = ezlb_text_take(notes, NULL);
	char *save;

	for (char *line = strtok_r(lines, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		fprintf(stderr, "ezlb: note: %s\n", line);
}

void listing_close(struct listing *listing)
{
	ezlb_connections_index_clear(&listing->index);
}
