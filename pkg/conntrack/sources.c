// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: counts the source ports in use towards a backend. */
#include <ezlb/conntrack.h>

#include <errno.h>

#include "delete.h"
#include "entry.h"

#define SOURCES_MAX 4096 /* a range has 1,024 addresses */

struct counting {
	enum ezlb_proto proto;
	const struct ezlb_endpoint *backend;
	struct ezlb_ports_sources *out; /* sorted */
};

static int source_cmp(const void *pa, const void *pb)
{
	const struct ezlb_ports_source *a = pa, *b = pb;

	return a->port != b->port ? (int)a->port - b->port : ezlb_addr_cmp(&a->addr, &b->addr);
}

/* Keeps the order. */
static void insert(struct ezlb_ports_sources *sources, const struct ezlb_ports_source *source)
{
	size_t i = sources->len;

	EZLB_PUSH(sources);
	for (; i > 0 && source_cmp(source, &sources->items[i - 1]) < 0; i--)
		sources->items[i] = sources->items[i - 1];
	sources->items[i] = *source;
}

static bool is_from(const struct ezlb_ct_entry *entry, const struct ezlb_endpoint *backend)
{
	return ezlb_addr_cmp(&entry->backend.addr, &backend->addr) == 0 &&
	       (backend->port == 0 || entry->backend.port == backend->port);
}

static int on_entry(void *arg, const struct nlmsghdr *msg)
{
	struct counting *counting = arg;
	struct ezlb_ports_source key = { .used = 1 }, *found;
	struct ezlb_ct_entry entry;

	if (!ezlb_ct_read(msg, &entry) || entry.proto != counting->proto ||
	    !is_from(&entry, counting->backend))
		return 0;
	key.port = entry.backend.port;
	key.addr = entry.source.addr;
	found = EZLB_FIND(counting->out, &key, source_cmp);
	if (found)
		found->used++;
	else if (counting->out->len < SOURCES_MAX)
		insert(counting->out, &key);
	return 0;
}

static int dump(struct ezlb_nl *nl, struct ezlb_nl_buf *request, struct counting *counting,
		bool narrow)
{
	request->len = 0;
	counting->out->len = 0;
	ezlb_ct_put_backend_dump(request, counting->proto, counting->backend, narrow);
	return ezlb_nl_ask(nl, request, on_entry, counting);
}

int ezlb_ct_sources(const struct ezlb_nl_source *source, enum ezlb_proto proto,
		    const struct ezlb_endpoint *backend, struct ezlb_ports_sources *out,
		    struct ezlb_err *err)
{
	struct counting counting = { proto, backend, out };
	struct ezlb_nl *nl = ezlb_nl_new(source);
	struct ezlb_nl_buf request = { 0 };
	int rc = dump(nl, &request, &counting, true);

	/* This kernel may not support such filters, which only save time. */
	if (rc == -EINVAL || rc == -EOPNOTSUPP)
		rc = dump(nl, &request, &counting, false);
	/* An interrupted dump is good enough for a number that changes all the time. */
	if (rc == -EINTR)
		rc = 0;
	ezlb_nl_buf_clear(&request);
	ezlb_nl_free(nl);
	return rc ? ezlb_nl_explain(err, rc, "conntrack") : 0;
}

int ezlb_conntrack_sources(enum ezlb_proto proto, const struct ezlb_endpoint *backend,
			   struct ezlb_ports_sources *out, struct ezlb_err *err)
{
	return ezlb_ct_sources(&ezlb_ct_kernel, proto, backend, out, err);
}
