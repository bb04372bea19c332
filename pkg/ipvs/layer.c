// SPDX-License-Identifier: GPL-2.0-or-later
#include "layer.h"

#include <errno.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <ezlb/ipvs.h>
#include <ezlb/mem.h>

#include "codec.h"
#include "genl.h"
#include "look.h"
#include "syncs.h"

#define DUMP_TRIES 3
/* Up to so many services are asked for one by one: that costs less than a dump of very many. */
#define SMALL_SCOPE 32
/* It must hold 256 errors of about 1 KiB each; dumps arrive in pieces of 32 KiB. */
#define RECEIVE_BUFFER (4 * 1024 * 1024)

/* Whether the kernel has tunnel types other than IP in IP. A message about a dest shows it. */
enum tunnels { TUNNELS_UNKNOWN, TUNNELS_MISSING, TUNNELS_KNOWN };

struct ipvs {
	struct ezlb_layer layer; /* first: a layer is an ipvs */
	struct ezlb_ipvs_nl *nl;
	const char *procfs;
	enum tunnels tunnels;
	bool timeouts; /* list reads them */
	struct look look;
	struct syncs syncs;
};

/* --- list and peek ------------------------------------------------------------------------- */

/* The state of one list call, with the service whose dests are read. */
struct listing {
	struct ipvs *ipvs;
	const struct ezlb_scope *scope;
	struct ezlb_services services;
	struct ezlb_dests dests;
	const struct ezlb_service_key *service;
};

static int on_service(void *arg, const struct nlmsghdr *msg)
{
	struct listing *listing = arg;
	struct ezlb_service_row row;
	int rc = ezlb_ipvs_get_service(msg, msg->nlmsg_len, &row);

	if (rc == -EPROTONOSUPPORT)
		return 0;
	if (rc == 0 && ezlb_scope_has(listing->scope, &row.key))
		*EZLB_PUSH(&listing->services) = row;
	return rc;
}

static int on_dest(void *arg, const struct nlmsghdr *msg)
{
	struct listing *listing = arg;
	struct ezlb_dest_row row;
	int rc = ezlb_ipvs_get_dest(msg, msg->nlmsg_len, listing->service, &row);

	if (rc)
		return rc;
	*EZLB_PUSH(&listing->dests) = row;
	if (listing->ipvs->tunnels == TUNNELS_UNKNOWN)
		listing->ipvs->tunnels = ezlb_ipvs_has_tunnels(msg, msg->nlmsg_len)
						 ? TUNNELS_KNOWN
						 : TUNNELS_MISSING;
	return 0;
}

int ezlb_ipvs_dump(struct ezlb_ipvs_nl *nl, const struct ezlb_service_key *service,
		   const struct ezlb_ipvs_rows *rows, struct ezlb_err *err)
{
	size_t before = *rows->len;
	int rc = -EAGAIN;

	for (int i = 0; i < DUMP_TRIES && rc == -EAGAIN; i++) {
		rc = ezlb_ipvs_nl_dump(nl, service, rows->fn, rows->arg, err);
		if (rc)
			*rows->len = before;
	}
	return rc;
}

/*
 * -ESRCH: there is no such service. -EAFNOSUPPORT: the kernel has no IPv6 in IPVS, so it has none
 * either (ip_vs_genl_parse_service).
 */
static int read_by_key(struct listing *listing, struct ezlb_err *err)
{
	const struct ezlb_scope *scope = listing->scope;
	int rc = 0;

	for (size_t i = 0; i < scope->len && rc == 0; i++) {
		rc = ezlb_ipvs_nl_service(listing->ipvs->nl, &scope->items[i], on_service, listing,
					  err);
		if (rc == -ESRCH || rc == -EAFNOSUPPORT)
			rc = 0;
	}
	return rc;
}

static int read_services(struct listing *listing, struct ezlb_err *err)
{
	const struct ezlb_ipvs_rows services = { on_service, listing, &listing->services.len };

	if (listing->scope->len <= SMALL_SCOPE)
		return read_by_key(listing, err);
	return ezlb_ipvs_dump(listing->ipvs->nl, NULL, &services, err);
}

/* Reads each service in scope with its dests; leaves out one deleted meanwhile (ESRCH). */
static int read_kernel(struct listing *listing, struct ezlb_err *err)
{
	const struct ezlb_ipvs_rows dests = { on_dest, listing, &listing->dests.len };
	size_t kept = 0;
	int rc = read_services(listing, err);

	for (size_t i = 0; rc == 0 && i < listing->services.len; i++) {
		listing->service = &listing->services.items[i].key;
		rc = ezlb_ipvs_dump(listing->ipvs->nl, listing->service, &dests, err);
		if (rc == 0)
			listing->services.items[kept++] = listing->services.items[i];
		if (rc == -ESRCH)
			rc = 0;
	}
	listing->services.len = kept;
	return rc;
}

/*
 * Adds the rows to *out, each once. A dump continues by row number, so a row that another program
 * adds meanwhile makes another row appear twice. The diff would take the second for a surplus row.
 */
static void hand_over(struct listing *listing, struct ezlb_table *out)
{
	const struct ezlb_service_row *service = listing->services.items;
	const struct ezlb_dest_row *dest = listing->dests.items;

	EZLB_SORT(&listing->services, ezlb_service_row_cmp);
	for (size_t i = 0; i < listing->services.len; i++) {
		if (i == 0 || ezlb_service_row_cmp(&service[i - 1], &service[i]) != 0)
			*EZLB_PUSH(&out->services) = service[i];
	}
	EZLB_SORT(&listing->dests, ezlb_dest_row_cmp);
	for (size_t i = 0; i < listing->dests.len; i++) {
		if (i == 0 || ezlb_dest_row_cmp(&dest[i - 1], &dest[i]) != 0)
			*EZLB_PUSH(&out->dests) = dest[i];
	}
}

static int list_timeouts(struct ipvs *ipvs, struct ezlb_table *out, struct ezlb_err *err)
{
	uint32_t seconds[EZLB_TIMEOUTS] = { 0 };
	int rc = ezlb_ipvs_nl_timeouts(ipvs->nl, seconds, err);

	for (int i = 0; rc == 0 && i < EZLB_TIMEOUTS; i++)
		*EZLB_PUSH(&out->timeouts) = (struct ezlb_timeout_row){ (enum ezlb_timeout)i,
									seconds[i] };
	return rc;
}

static int list(struct ezlb_layer *layer, const struct ezlb_scope *scope, struct ezlb_table *out,
		struct ezlb_err *err)
{
	struct listing listing = { .ipvs = (struct ipvs *)layer, .scope = scope };
	struct ezlb_err why = { 0 };
	int rc;

	if (scope->len == 0 && !listing.ipvs->timeouts && !listing.ipvs->syncs.managed)
		return 0;
	rc = ezlb_ipvs_nl_begin(listing.ipvs->nl, &why);
	if (rc == 0 && scope->len > 0) {
		look_list(&listing.ipvs->look, scope);
		rc = read_kernel(&listing, &why);
	}
	if (rc == 0 && listing.ipvs->timeouts)
		rc = list_timeouts(listing.ipvs, out, &why);
	if (rc == 0)
		rc = syncs_list(&listing.ipvs->syncs, out, &why);
	if (rc == 0)
		hand_over(&listing, out);
	else
		look_list_failed(&listing.ipvs->look);
	if (rc && err)
		*err = why;
	EZLB_VEC_CLEAR(&listing.services);
	EZLB_VEC_CLEAR(&listing.dests);
	return rc;
}

/*
 * The module makes its file in /proc before it registers the family. While the family is unknown
 * the file alone is not "readable": a pass would fail, and the print would not change afterwards.
 */
static int peek(struct ezlb_layer *layer, const struct ezlb_scope *scope, uint64_t *print)
{
	struct ipvs *ipvs = (struct ipvs *)layer;
	struct ezlb_err why;
	int rc = look_print(&ipvs->look, ipvs->procfs, scope, print);

	if (rc == 0 && (scope->len > 0 || ipvs->syncs.managed))
		rc = ezlb_ipvs_nl_begin(ipvs->nl, &why);
	return rc ? rc : syncs_peek(&ipvs->syncs, print);
}

static void changed(struct ezlb_layer *layer, const struct ezlb_scope *services)
{
	look_changed(&((struct ipvs *)layer)->look, services);
}

static bool unchanged(struct ezlb_layer *layer)
{
	return look_unchanged(&((struct ipvs *)layer)->look);
}

static bool as_listed(struct ezlb_layer *layer, const struct ezlb_scope *scope)
{
	return look_as_listed(&((struct ipvs *)layer)->look, scope);
}

/* --- apply --------------------------------------------------------------------------------- */

static bool already_gone(const struct ezlb_op *op)
{
	return ezlb_op_action(op->kind) == EZLB_ACTION_DEL &&
	       (op->rc == -ESRCH || op->rc == -ENOENT);
}

static bool needs_tunnels(const struct ezlb_op *op)
{
	return ezlb_op_object(op->kind) == EZLB_OBJECT_DEST &&
	       ezlb_op_action(op->kind) != EZLB_ACTION_DEL && op->dest.forward == EZLB_TUNNEL &&
	       op->dest.tunnel.type != EZLB_TUNNEL_IPIP;
}

/* The first op that created a dest of such a tunnel, as far as the kernel says. */
static const struct ezlb_op *find_tunnel(struct ezlb_op *const *ops, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (needs_tunnels(ops[i]) && ops[i]->rc == 0)
			return ops[i];
	return NULL;
}

/* Deletes a dest that would send its packets in the wrong tunnel. */
static int take_back(struct ipvs *ipvs, struct ezlb_op *op, struct ezlb_err *err)
{
	struct ezlb_op del = { .kind = EZLB_OP_DEST_DEL, .dest = op->dest }, *dels[] = { &del };

	op->rc = -EPROTONOSUPPORT;
	return ezlb_ipvs_nl_apply(ipvs->nl, dels, 1, err);
}

/*
 * A kernel without tunnel types accepts such a dest as IP in IP. While that is unknown, no dest was
 * read, so each of these dests is new.
 */
static int check_tunnels(struct ipvs *ipvs, struct ezlb_op *const *ops, size_t n,
			 struct ezlb_err *err)
{
	const struct ezlb_op *first = find_tunnel(ops, n);
	struct listing listing = { .ipvs = ipvs };
	const struct ezlb_ipvs_rows dests = { on_dest, &listing, &listing.dests.len };
	int rc = 0;

	if (!first || ipvs->tunnels != TUNNELS_UNKNOWN)
		return 0;
	listing.service = &first->dest.service;
	ezlb_ipvs_dump(ipvs->nl, listing.service, &dests, NULL);
	EZLB_VEC_CLEAR(&listing.dests);
	for (size_t i = 0; i < n && ipvs->tunnels == TUNNELS_MISSING && rc == 0; i++)
		if (needs_tunnels(ops[i]) && ops[i]->rc == 0)
			rc = take_back(ipvs, ops[i], err);
	return rc;
}

static int send_ops(struct ipvs *ipvs, struct ezlb_op *const *ops, size_t n, struct ezlb_err *err)
{
	EZLB_AUTO_FREE struct ezlb_op **able = ezlb_calloc(n, sizeof(struct ezlb_op *));
	size_t len = 0;
	int rc;

	for (size_t i = 0; i < n; i++)
		if (ipvs->tunnels == TUNNELS_MISSING && needs_tunnels(ops[i]))
			ops[i]->rc = -EPROTONOSUPPORT;
		else
			able[len++] = ops[i];
	if (len == 0)
		return 0;
	rc = ezlb_ipvs_nl_apply(ipvs->nl, able, len, err);
	return rc ? rc : check_tunnels(ipvs, able, len, err);
}

static int apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
		 struct ezlb_err *err)
{
	struct ipvs *ipvs = (struct ipvs *)layer;
	struct ezlb_err why = { 0 };
	int rc = ezlb_ipvs_nl_begin(ipvs->nl, &why);
	bool done = false;

	/* They have a phase of their own, and are no reason to give up all of IPVS. */
	if (rc == 0 && n > 0 && ezlb_op_object(ops[0]->kind) == EZLB_OBJECT_SYNC)
		syncs_apply(&ipvs->syncs, ops, n);
	else if (rc == 0)
		rc = send_ops(ipvs, ops, n, &why);
	if (rc && err)
		*err = why;
	for (size_t i = 0; i < n; i++) {
		if (rc)
			ops[i]->rc = rc;
		else if (already_gone(ops[i]))
			ops[i]->rc = 0;
		done |= ops[i]->rc == 0 && ezlb_op_object(ops[i]->kind) != EZLB_OBJECT_SYNC;
	}
	look_wrote(&ipvs->look, done);
	return rc;
}

/* --- open and close ------------------------------------------------------------------------ */

static void close_layer(struct ezlb_layer *layer)
{
	struct ipvs *ipvs = (struct ipvs *)layer;

	look_clear(&ipvs->look);
	ezlb_ipvs_nl_close(ipvs->nl);
	free(ipvs);
}

int ezlb_ipvs_open_source(const struct ezlb_ipvs_source *source, struct ezlb_layer **out,
			  struct ezlb_err *err)
{
	struct ezlb_ipvs_nl *nl = NULL;
	struct ipvs *ipvs;
	int rc = ezlb_ipvs_nl_open(source, true, &nl, err);

	if (rc)
		return rc;
	ipvs = ezlb_calloc(1, sizeof(*ipvs));
	ipvs->layer = (struct ezlb_layer){ .list = list,
					   .peek = peek,
					   .apply = apply,
					   .changed = changed,
					   .unchanged = unchanged,
					   .as_listed = as_listed,
					   .close = close_layer };
	ipvs->nl = nl;
	ipvs->procfs = source->procfs;
	look_init(&ipvs->look, source->now_ms, source->cpu_ns);
	ipvs->syncs = (struct syncs){ .nl = nl, .index_of = source->index_of };
	*out = &ipvs->layer;
	return 0;
}

void ezlb_ipvs_manage_timeouts(struct ezlb_layer *layer)
{
	((struct ipvs *)layer)->timeouts = true;
}

void ezlb_ipvs_manage_syncs(struct ezlb_layer *layer, const char *device)
{
	struct ipvs *ipvs = (struct ipvs *)layer;

	ipvs->syncs.managed = true;
	ezlb_strcpy(ipvs->syncs.device, sizeof(ipvs->syncs.device), device);
}

static void call_set(void *arg)
{
	ezlb_ipvs_nl_no_service(arg);
}

void ezlb_ipvs_count_changes(struct ezlb_layer *layer)
{
	struct ipvs *ipvs = (struct ipvs *)layer;

	if (ipvs->look.changes)
		return;
	ipvs->look.changes = ezlb_changes_new(EZLB_CHANGES_IPVS, call_set, ipvs->nl);
	ezlb_changes_prepare(ipvs->look.changes);
}

bool ezlb_ipvs_counts_changes(const struct ezlb_layer *layer, struct ezlb_err *why)
{
	return ezlb_changes_counts(((const struct ipvs *)layer)->look.changes, why);
}

static unsigned kernel_index_of(const char *device, bool *up)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_ifindex = 0 };
	unsigned index = EZLB_IPVS_NO_INDEX;

	ezlb_strcpy(ifr.ifr_name, sizeof(ifr.ifr_name), device);
	if (fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &ifr) == 0) {
		*up = ifr.ifr_flags & IFF_UP;
		index = ioctl(fd, SIOCGIFINDEX, &ifr) == 0 ? (unsigned)ifr.ifr_ifindex : 0;
	} else if (fd >= 0 && errno == ENODEV) {
		index = 0;
	}
	ezlb_close_fd(&fd);
	return index;
}

static int kernel_resolve(void *arg, bool load, uint16_t *family, struct ezlb_err *err)
{
	(void)arg;
	return ezlb_ipvs_genl_resolve(IPVS_GENL_NAME, load, EZLB_IPVS_TIMEOUT_MS, family, err);
}

struct ezlb_ipvs_source ezlb_ipvs_kernel(void)
{
	return (struct ezlb_ipvs_source){
		.nl = { .protocol = NETLINK_GENERIC,
			.timeout_ms = EZLB_IPVS_TIMEOUT_MS,
			.receive_bytes = RECEIVE_BUFFER },
		.resolve = kernel_resolve,
		.index_of = kernel_index_of,
		.procfs = EZLB_IPVS_PROCFS,
	};
}

int ezlb_ipvs_open(struct ezlb_layer **out, struct ezlb_err *err)
{
	const struct ezlb_ipvs_source kernel = ezlb_ipvs_kernel();

	return ezlb_ipvs_open_source(&kernel, out, err);
}
