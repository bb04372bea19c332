// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/conntrack.h>

#include <errno.h>
#include <sys/socket.h>

#include "delete.h"
#include "entry.h"

/* How often a table that changes too much to be read is read. */
#define MAX_DUMPS 3

struct work {
	struct ezlb_ct_talk *talk;
	struct ezlb_flows flows; /* sorted */
	struct ezlb_ct_entries found;
	size_t deleted;
};

union request {
	struct nlmsghdr msg;
	unsigned char bytes[EZLB_CT_REQUEST_BYTES];
};

static void on_entry(void *arg, const struct nlmsghdr *msg)
{
	struct work *work = arg;
	struct ezlb_ct_entry entry;

	if (ezlb_ct_read(msg, &entry) && ezlb_flows_find(&work->flows, &entry))
		*EZLB_PUSH(&work->found) = entry;
}

static int dump(struct work *work, const struct ezlb_ct_filter *filter)
{
	union request request = { .bytes = { 0 } };
	int rc;

	ezlb_ct_put_dump(&request.msg, filter, true);
	rc = ezlb_ct_ask(work->talk, &request.msg, on_entry, work);
	if (rc != -EINVAL && rc != -EOPNOTSUPP)
		return rc;
	/* Perhaps this kernel has its own opinion of filters: they save time, nothing else. */
	request = (union request){ .bytes = { 0 } };
	ezlb_ct_put_dump(&request.msg, filter, false);
	rc = ezlb_ct_ask(work->talk, &request.msg, on_entry, work);
	/* What nfnetlink says for a subsystem that it does not have; the question is a right one.
	 */
	return rc == -EINVAL || rc == -EOPNOTSUPP ? -ENOPROTOOPT : rc;
}

static int delete_found(struct work *work)
{
	for (size_t i = 0; i < work->found.len; i++) {
		union request request = { .bytes = { 0 } };
		int rc;

		ezlb_ct_put_delete(&request.msg, &work->found.items[i]);
		rc = ezlb_ct_ask(work->talk, &request.msg, NULL, NULL);
		if (rc && rc != -ENOENT)
			return rc;
		work->deleted += rc == 0;
	}
	return 0;
}

/* What an interrupted dump has shown is true all the same; only, there may be more. */
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
	switch (rc) {
	case -ENOPROTOOPT:
	case -EPROTONOSUPPORT:
		return ezlb_err_set(err, ENOPROTOOPT,
				    "old flows cannot be ended, this kernel does not let its "
				    "conntrack table be read: run 'modprobe nf_conntrack_netlink' "
				    "as root");
	case -EPERM:
		return ezlb_err_set(err, EPERM,
				    "not allowed to end old flows: conntrack needs CAP_NET_ADMIN, "
				    "run ezlb as root (in Kubernetes: add NET_ADMIN to the "
				    "container)");
	case -ETIMEDOUT:
		return ezlb_err_set(err, ETIMEDOUT,
				    "not all old flows are ended: the kernel took too long to "
				    "read out its conntrack table; 'conntrack -D -d VIP' ends "
				    "the others");
	case -EINTR:
		return ezlb_err_set(err, EAGAIN,
				    "perhaps not all old flows are ended: the conntrack table "
				    "kept changing while it was read");
	case -ENOBUFS:
		return ezlb_err_set(err, ENOBUFS,
				    "not all old flows are ended: answers of the kernel's "
				    "conntrack were lost");
	case -EBADMSG:
		return ezlb_err_set(err, EBADMSG,
				    "not all old flows are ended: an answer of the kernel's "
				    "conntrack is damaged");
	default:
		return ezlb_err_sys(err, -rc,
				    "not all old flows are ended: the kernel's conntrack");
	}
}

int ezlb_ct_delete(const struct ezlb_ct_source *source, const struct ezlb_flows *flows, size_t *n,
		   struct ezlb_err *err)
{
	struct work work = { .talk = NULL };
	int rc;

	*n = 0;
	if (!flows->len)
		return 0;
	rc = ezlb_ct_talk_new(source, &work.talk);
	if (rc)
		return explain(err, rc);
	work.flows = ezlb_flows_sorted(flows);
	rc = clear_family(&work, AF_INET);
	if (rc == 0)
		rc = clear_family(&work, AF_INET6);
	*n = work.deleted;
	EZLB_VEC_CLEAR(&work.found);
	EZLB_VEC_CLEAR(&work.flows);
	ezlb_ct_talk_free(work.talk);
	return rc ? explain(err, rc) : 0;
}

int ezlb_conntrack_delete(const struct ezlb_flows *flows, size_t *n, struct ezlb_err *err)
{
	return ezlb_ct_delete(&ezlb_ct_kernel, flows, n, err);
}
