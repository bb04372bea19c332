// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "listing.h"

#define STDIN "-" /* as an argument */

struct who {
	struct listing listing;
	struct ezlb_who who;
	bool failed; /* a line is no address, or there is no connection for one */
};

/* --- addresses ------------------------------------------------------------------------------- */

static int add(struct who *who, const char *text, struct ezlb_err *err)
{
	struct ezlb_endpoint address;
	int rc = ezlb_who_parse(text, &address, err);

	if (rc < 0)
		return rc;
	if (who->who.addresses.len >= EZLB_WHO_MAX)
		return ezlb_err_set(err, E2BIG, "more than %d addresses", EZLB_WHO_MAX);
	*EZLB_PUSH(&who->who.addresses) = address;
	return 0;
}

/* Reads on after a line that is no address: a log has other lines, too. */
static int add_lines(struct who *who, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *line = NULL;
	size_t size = 0;
	int rc = 0;

	for (unsigned n = 1; rc != -E2BIG && getline(&line, &size, stdin) > 0; n++) {
		rc = add(who, line, err);
		if (rc == -EINVAL) {
			fprintf(stderr, "ezlb: line %u: ", n);
			cmd_fail(err);
		}
		who->failed |= rc == -EINVAL;
	}
	if (ferror(stdin))
		return ezlb_err_sys(err, errno, "cannot read stdin");
	return rc == -E2BIG ? rc : 0;
}

/* Returns an exit status; 0 to go on. */
static int read_args(struct who *who, const struct flags *flags)
{
	struct ezlb_err err;

	if (flags->n_args == 0) {
		fprintf(stderr, "ezlb: who takes addresses with ports, or - for standard input\n");
		return EXIT_USAGE;
	}
	for (int i = 0; i < flags->n_args; i++) {
		bool lines = strcmp(flags->args[i], STDIN) == 0;
		int rc = lines ? add_lines(who, &err) : add(who, flags->args[i], &err);

		if (rc < 0) {
			cmd_fail(&err);
			return lines || rc == -E2BIG ? 1 : EXIT_USAGE;
		}
	}
	return 0;
}

/* --- connections ----------------------------------------------------------------------------- */

/* What was found so far is right. It is removed where it comes again. */
static void restart(void *arg)
{
	struct who *who = arg;

	ezlb_who_finish(&who->who);
}

static void on_connection(void *arg, const struct ezlb_connection *connection)
{
	struct who *who = arg;
	const struct ezlb_connections_row row = {
		.connection = *connection,
		.service = ezlb_connections_match(&who->listing.index, connection),
	};

	if (row.service)
		ezlb_who_add(&who->who, &row);
}

/*
 * Answers of the backends in the files are looked up one by one, which takes the kernel no time.
 * All connections are read only for an address that has none of these: its backend may have left
 * the files.
 */
static int find(struct who *who, struct ezlb_err *err)
{
	struct ezlb_connection_answers answers = { 0 };
	bool all = ezlb_who_answers(&who->who, &who->listing.index, &answers);
	int rc = ezlb_conntrack_find(&answers, on_connection, who, err);

	EZLB_VEC_CLEAR(&answers);
	ezlb_who_finish(&who->who);
	if (rc == 0 && (!all || ezlb_who_is_missing(&who->who)))
		rc = listing_read(&who->listing, on_connection, restart, who, err);
	ezlb_who_finish(&who->who);
	return rc;
}

static int ask_kernel(struct who *who, const struct flags *flags, struct ezlb_err *err)
{
	int rc = listing_open(&who->listing, flags, err);

	return rc == 0 ? find(who, err) : rc;
}

/* --- printing -------------------------------------------------------------------------------- */

static void print_missing(struct who *who)
{
	char text[EZLB_ENDPOINT_STRLEN];
	size_t n;

	for (size_t i = 0; i < who->who.addresses.len; i++) {
		const struct ezlb_endpoint *address = &who->who.addresses.items[i];

		if (ezlb_who_rows(&who->who, address, &n))
			continue;
		who->failed = true;
		fprintf(stderr,
			"ezlb: %s: no connection of a service has this source address now; if it "
			"has ended, connection_log: true would have recorded it\n",
			ezlb_endpoint_format(address, text));
	}
}

static int print(struct who *who, const struct flags *flags)
{
	struct ezlb_text text = { 0 }, notes = { 0 };

	if (flags->json) {
		ezlb_who_json(&who->listing.view, &who->who, &text);
	} else {
		ezlb_who_text(&who->listing.view, &who->who, &text);
		ezlb_who_notes(&who->listing.view, &who->who, &notes);
	}
	if (cmd_print_text(&text) != 0)
		who->failed = true;
	print_missing(who);
	listing_print_notes(&notes);
	return who->failed ? 1 : 0;
}

int cmd_who(const struct flags *flags)
{
	struct who who = { .failed = false };
	struct ezlb_err err;
	int status = read_args(&who, flags);

	if (status == 0)
		status = ask_kernel(&who, flags, &err) < 0 ? cmd_fail(&err) : print(&who, flags);
	listing_close(&who.listing);
	ezlb_who_clear(&who.who);
	return status;
}
