// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/conntrack.h>

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "delete.h"
#include "dump.h"
#include "entry.h"

/* How often to dump a table that changes during the dump. */
#define MAX_DUMPS  3
#define TIMEOUT_MS 5000

struct work {
	struct ezlb_nl *nl;
	struct ezlb_nl_buf request;
	struct ezlb_flow_index flows;
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

	if (ezlb_ct_read(msg, &entry) && ezlb_flow_index_find(&work->flows, &entry))
		*EZLB_PUSH(&work->found) = entry;
	return 0;
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
static int clear(struct work *work)
{
	int dumped = -EINTR, rc = 0;

	for (int i = 0; i < MAX_DUMPS && dumped == -EINTR && rc == 0; i++) {
		work->found.len = 0;
		dumped = ezlb_ct_dump(work->nl, on_entry, work);
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
	ezlb_flow_index_make(flows, &work.flows);
	rc = clear(&work);
	*n = work.deleted;
	EZLB_VEC_CLEAR(&work.found);
	ezlb_flow_index_clear(&work.flows);
	ezlb_nl_buf_clear(&work.request);
	ezlb_nl_free(work.nl);
	return rc ? explain(err, rc) : 0;
}

int ezlb_conntrack_delete(const struct ezlb_flows *flows, size_t *n, struct ezlb_err *err)
{
	return ezlb_ct_delete(&ezlb_ct_kernel, flows, n, err);
}

/* --- counting ------------------------------------------------------------------------------ */

struct tally {
	struct ezlb_flow_index flows;
	size_t *n;
};

static int on_counted(void *arg, const struct nlmsghdr *msg)
{
	struct tally *tally = arg;
	const struct ezlb_flow *flow;
	struct ezlb_ct_entry entry;

	if (!ezlb_ct_read(msg, &entry) || entry.closing)
		return 0;
	flow = ezlb_flow_index_find(&tally->flows, &entry);
	if (flow)
		tally->n[flow - tally->flows.flows.items]++;
	return 0;
}

int ezlb_ct_count(const struct ezlb_nl_source *source, struct ezlb_flows *flows, size_t *n,
		  struct ezlb_err *err)
{
	struct tally tally = { .n = n };
	struct ezlb_nl *nl;
	int rc;

	if (!flows->len)
		return 0;
	memset(n, 0, flows->len * sizeof(*n));
	EZLB_SORT(flows, ezlb_flow_cmp);
	ezlb_flow_index_make(flows, &tally.flows);
	nl = ezlb_nl_new(source);
	rc = ezlb_ct_dump(nl, on_counted, &tally);
	ezlb_flow_index_clear(&tally.flows);
	ezlb_nl_free(nl);
	/* An interrupted dump is good enough for a number that changes all the time. */
	return rc && rc != -EINTR ? ezlb_nl_explain(err, rc, "conntrack") : 0;
}

int ezlb_conntrack_count(struct ezlb_flows *flows, size_t *n, struct ezlb_err *err)
{
	return ezlb_ct_count(&ezlb_ct_kernel, flows, n, err);
}
