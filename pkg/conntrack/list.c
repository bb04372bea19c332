// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * list: the connections that somebody asks for. Each select is a dump that the kernel filters. A
 * connection that several selects have is passed on by the first of these.
 */
#include "list.h"

#include <errno.h>
#include <linux/netlink.h>

#include "dump.h"
#include "entry.h"

/* A command waits for it, and not the daemon: a million entries take some seconds. */
#define TIMEOUT_MS 60000

struct listing {
	const struct ezlb_connection_selects *selects;
	size_t first, last; /* the selects of this dump: from first to before last */
	ezlb_connection_fn fn;
	void *arg;
	bool is_filtered; /* no entry so far that the kernel should have left out */
};

static bool is_of(const struct listing *listing, size_t from, size_t to,
		  const struct ezlb_connection *connection)
{
	for (size_t i = from; i < to; i++)
		if (ezlb_connection_select_has(&listing->selects->items[i], connection))
			return true;
	return false;
}

static int on_entry(void *arg, const struct nlmsghdr *msg)
{
	struct listing *listing = arg;
	struct ezlb_connection connection;

	if (!ezlb_ct_read_connection(msg, &connection))
		return 0;
	if (!is_of(listing, listing->first, listing->last, &connection))
		listing->is_filtered = false;
	else if (!is_of(listing, 0, listing->first, &connection))
		listing->fn(listing->arg, &connection);
	return 0;
}

/* The kernel does not compare addresses of IPv6, nor ports with those of a range. */
static bool is_exact(const struct ezlb_connection_select *select)
{
	return ezlb_connection_select_family(select) == AF_INET && select->last_port == 0;
}

/*
 * A kernel before 5.8 ignores the filter. Then one dump of everything serves all selects that are
 * left.
 */
static int dump_all(struct listing *listing, struct ezlb_nl *nl)
{
	const struct ezlb_connection_selects *selects = listing->selects;
	bool narrow = true, is_torn = false;

	for (size_t i = 0; i < selects->len; i = listing->last) {
		const struct ezlb_connection_select *select = &selects->items[i];
		int rc;

		listing->is_filtered = true;
		listing->first = i;
		listing->last = narrow ? i + 1 : selects->len;
		rc = ezlb_ct_dump(nl, narrow ? ezlb_connection_select_family(select) : 0,
				  narrow ? select : NULL, on_entry, listing);
		if (rc && rc != -EINTR)
			return rc;
		is_torn |= rc == -EINTR;
		narrow &= listing->is_filtered || !is_exact(select);
	}
	return is_torn ? -EINTR : 0;
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

int ezlb_ct_list(const struct ezlb_nl_source *source, const struct ezlb_connection_selects *selects,
		 ezlb_connection_fn fn, void *arg, struct ezlb_err *err)
{
	struct listing listing = { .selects = selects, .fn = fn, .arg = arg };
	struct ezlb_nl *nl;
	int rc;

	if (selects->len == 0)
		return 0;
	nl = ezlb_nl_new(source);
	rc = dump_all(&listing, nl);
	ezlb_nl_free(nl);
	return rc ? explain(err, rc) : 0;
}

int ezlb_conntrack_list(const struct ezlb_connection_selects *selects, ezlb_connection_fn fn,
			void *arg, struct ezlb_err *err)
{
	const struct ezlb_nl_source kernel = { .protocol = NETLINK_NETFILTER,
					       .timeout_ms = TIMEOUT_MS,
					       .strict = true };

	return ezlb_ct_list(&kernel, selects, fn, arg, err);
}
