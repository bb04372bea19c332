// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/conntrack.h>

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "delete.h"
#include "entry.h"

/* How often to dump a table that changes during the dump. */
#define MAX_DUMPS  3
#define TIMEOUT_MS 5000

struct work {
	struct ezlb_nl *nl;
	struct ezlb_nl_buf request;
	struct ezlb_flows flows; /* sorted */
	struct ezlb_ct_entries found;
	size_t deleted;
};

/* strict: a dump of a busy table may go on forever without a pause. */
const struct ezlb_nl_source ezlb_ct_kernel = { .protocol = NETLINK_NETFILTER,
					       .timeout_ms = TIMEOUT_MS,
					       .strict = true };

static int on_entry(void *arg, const struct nlmsghdr *msg)
{
	struct work *work = arg;
	struct ezlb_ct_entry entry;

	if (ezlb_ct_read(msg, &entry) && ezlb_flows_find(&work->flows, &entry))
		*EZLB_PUSH(&work->found) = entry;
	return 0;
}

static int dump_once(struct work *work, const struct ezlb_ct_filter *filter, bool narrow)
{
	work->request.len = 0;
	ezlb_ct_put_dump(&work->request, filter, narrow);
	return ezlb_nl_ask(work->nl, &work->request, on_entry, work);
}

static int dump(struct work *work, const struct ezlb_ct_filter *filter)
{
	int rc = dump_once(work, filter, true);

	if (rc != -EINVAL && rc != -EOPNOTSUPP)
		return rc;
	/* This kernel may not support such filters, which only save time. */
	rc = dump_once(work, filter, false);
	/* nfnetlink returns these for a missing subsystem: the request itself is valid. */
	return rc == -EINVAL || rc == -EOPNOTSUPP ? -ENOPROTOOPT : rc;
}

static int delete_found(struct work *work)
{
	for (size_t i = 0; i < work->found.len; i++) {
		int rc;

		work->request.len = 0;
		ezlb_ct_put_delete(&work->request, &work->found.items[i]);
		rc = ezlb_nl_ask(work->nl, &work->request, NULL, NULL);
		if (rc && rc != -ENOENT)
			return rc;
		work->deleted += rc == 0;
	}
	return 0;
}

/* The entries of an interrupted dump are valid, but there may be more. */
static int clear_family(struct work *work, uint8_t family)
{
	struct ezlb_ct_filter filter;
	int dumped = -EINTR, rc = 0;

	if (!ezlb_flows_filter(&work->flows, family, &filter))
		return 0;
	for (int i = 0; i < MAX_DUMPS && dumped == -EINTR && rc == 0; i++) {
		work->found.len = 0;
		dumped = dump(work, &filter);
		if (dumped == 0 || dumped == -EINTR)
			rc = delete_found(work);
	}
	return rc ? rc : dumped;
}

static int explain(struct ezlb_err *err, int rc)
{
	static const char failed[] = "some stale conntrack entries were not deleted";

	switch (rc) {
	case -ENOPROTOOPT:
	case -EPROTONOSUPPORT:
		return ezlb_err_set(err, ENOPROTOOPT,
				    "cannot delete stale conntrack entries: this kernel cannot "
				    "list its conntrack table; run 'modprobe nf_conntrack_netlink' "
				    "as root");
	case -EPERM:
		return ezlb_nl_explain(err, rc, "conntrack");
	case -ETIMEDOUT:
		return ezlb_err_set(err, ETIMEDOUT,
				    "%s: the kernel took too long to list its conntrack table; "
				    "run 'conntrack -D -d VIP' to delete them",
				    failed);
	case -EINTR:
		return ezlb_err_set(err, EAGAIN,
				    "%s, perhaps: the conntrack table kept changing while ezlb "
				    "read it",
				    failed);
	default:
		return ezlb_err_wrap(err, ezlb_nl_explain(err, rc, "conntrack"), "%s", failed);
	}
}

int ezlb_ct_delete(const struct ezlb_nl_source *source, const struct ezlb_flows *flows, size_t *n,
		   struct ezlb_err *err)
{
	struct work work = { .deleted = 0 };
	int rc;

	*n = 0;
	if (!flows->len)
		return 0;
	work.nl = ezlb_nl_new(source);
	work.flows = ezlb_flows_sorted(flows);
	rc = clear_family(&work, AF_INET);
	if (rc == 0)
		rc = clear_family(&work, AF_INET6);
	*n = work.deleted;
	EZLB_VEC_CLEAR(&work.found);
	EZLB_VEC_CLEAR(&work.flows);
	ezlb_nl_buf_clear(&work.request);
	ezlb_nl_free(work.nl);
	return rc ? explain(err, rc) : 0;
}

int ezlb_conntrack_delete(const struct ezlb_flows *flows, size_t *n, struct ezlb_err *err)
{
	return ezlb_ct_delete(&ezlb_ct_kernel, flows, n, err);
}
