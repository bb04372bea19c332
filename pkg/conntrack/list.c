// SPDX-License-Identifier: GPL-2.0-or-later
/* list: the connections for commands: all of the table, or those that a look-up finds. */
#include "list.h"

#include <errno.h>
#include <linux/netlink.h>

#include "dump.h"
#include "entry.h"

/* A command waits for it, and not the daemon: a million entries take some seconds. */
#define TIMEOUT_MS 60000
/* Look-ups in one call. The kernel keeps the answers, some 5 KiB each, in the receive buffer. */
#define BATCH	      200
#define RECEIVE_BYTES (4 * 1024 * 1024)

static const struct ezlb_nl_source kernel = { .protocol = NETLINK_NETFILTER,
					      .timeout_ms = TIMEOUT_MS,
					      .strict = true,
					      .receive_bytes = RECEIVE_BYTES };

struct listing {
	ezlb_connection_fn fn;
	void *arg;
	int rc; /* of the look-ups */
};

static int on_entry(void *arg, const struct nlmsghdr *msg)
{
	struct listing *listing = arg;
	struct ezlb_connection connection;

	if (ezlb_ct_read_connection(msg, &connection))
		listing->fn(listing->arg, &connection);
	return 0;
}

static int explain(struct ezlb_err *err, int rc)
{
	static const char failed[] = "cannot read the connections";

	switch (rc) {
	case -ENOPROTOOPT:
	case -EPROTONOSUPPORT:
		return ezlb_err_set(err, ENOPROTOOPT,
				    "%s: this kernel cannot list its conntrack table; run "
				    "'modprobe nf_conntrack_netlink' as root",
				    failed);
	case -ETIMEDOUT:
		return ezlb_err_set(err, ETIMEDOUT,
				    "%s: the kernel took longer than %d s to list its conntrack "
				    "table",
				    failed, TIMEOUT_MS / 1000);
	case -EINTR:
		return ezlb_err_set(err, EAGAIN,
				    "the conntrack table changed while ezlb read it: connections "
				    "may be missing");
	default:
		return ezlb_err_wrap(err, ezlb_nl_explain(err, rc, "conntrack"), "%s", failed);
	}
}

/* --- all ------------------------------------------------------------------------------------- */

int ezlb_ct_list(const struct ezlb_nl_source *source, ezlb_connection_fn fn, void *arg,
		 struct ezlb_err *err)
{
	struct listing listing = { .fn = fn, .arg = arg };
	struct ezlb_nl *nl = ezlb_nl_new(source);
	int rc = ezlb_ct_dump(nl, on_entry, &listing);

	ezlb_nl_free(nl);
	return rc ? explain(err, rc) : 0;
}

int ezlb_conntrack_list(ezlb_connection_fn fn, void *arg, struct ezlb_err *err)
{
	return ezlb_ct_list(&kernel, fn, arg, err);
}

/* --- some ------------------------------------------------------------------------------------ */

/* nfnetlink answers only the first request of a process that has no right to ask. */
static bool on_code(void *arg, size_t i, int code)
{
	struct listing *listing = arg;

	(void)i;
	if (code == 0 || code == -ENOENT)
		return false;
	listing->rc = ezlb_ct_refusal(code);
	return true;
}

static int find(struct ezlb_nl *nl, const struct ezlb_connection_answer *answers, size_t n,
		struct listing *listing)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf requests = { .items = NULL };
	int rc;

	for (size_t i = 0; i < n; i++)
		ezlb_ct_put_get(&requests, &answers[i]);
	ezlb_nl_ack_last(&requests);
	rc = ezlb_nl_ask_each(nl, &requests, on_entry, on_code, listing);
	return rc ? rc : listing->rc;
}

int ezlb_ct_find(const struct ezlb_nl_source *source, const struct ezlb_connection_answers *answers,
		 ezlb_connection_fn fn, void *arg, struct ezlb_err *err)
{
	struct listing listing = { .fn = fn, .arg = arg };
	struct ezlb_nl *nl = ezlb_nl_new(source);
	int rc = 0;

	for (size_t i = 0; i < answers->len && rc == 0; i += BATCH) {
		size_t n = answers->len - i < BATCH ? answers->len - i : BATCH;

		rc = find(nl, &answers->items[i], n, &listing);
	}
	ezlb_nl_free(nl);
	return rc ? explain(err, rc) : 0;
}

int ezlb_conntrack_find(const struct ezlb_connection_answers *answers, ezlb_connection_fn fn,
			void *arg, struct ezlb_err *err)
{
	return ezlb_ct_find(&kernel, answers, fn, arg, err);
}
