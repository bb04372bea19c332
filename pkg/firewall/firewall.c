// SPDX-License-Identifier: GPL-2.0-or-later
/* firewall: the layer over the four filters. */
#include <ezlb/xtables.h> /* first: the order of its includes matters */

#include <errno.h>

#include "filters.h"
#include "find.h"
#include "layer.h"
#include "legacy.h"
#include "want.h"

#define TRIES 4

#define TABLES	"/proc/net/ip_tables_names"
#define TABLES6 "/proc/net/ip6_tables_names"

struct firewall {
	struct ezlb_layer layer; /* first: a layer is its firewall */
	struct ezlb_fw_host host;
	struct ezlb_xt_look looks[2];
	bool lock_missed;
};

static struct firewall *of(struct ezlb_layer *layer)
{
	return (struct firewall *)(void *)layer;
}

static struct ezlb_fw_host *host_of(struct ezlb_layer *layer)
{
	return &of(layer)->host;
}

/* --- list and peek --------------------------------------------------------------------------- */

static void take_filter(const struct ezlb_fw_filter *filter, const struct ezlb_fw_want *want,
			struct ezlb_table *out)
{
	struct ezlb_fw_steps steps = { 0 };

	out->accepts_present |= ezlb_fw_present(&filter->actual);
	ezlb_fw_edit(&filter->actual, want, &steps);
	out->accepts_sound &= steps.len == 0;
	EZLB_VEC_CLEAR(&steps);
	for (enum ezlb_gate gate = 0; gate < EZLB_GATES; gate++)
		out->gates[gate][filter->family == AF_INET6] |= ezlb_fw_closed(&filter->actual,
									       gate);
}

static void take_all(const struct ezlb_fw_filters *filters, struct ezlb_table *out)
{
	struct ezlb_fw_want want = { .aim = EZLB_FW_FRAME };

	out->accepts_sound = true;
	ezlb_fw_common(filters, &want.rows);
	for (size_t i = 0; i < EZLB_FW_FILTERS; i++)
		take_filter(&filters->items[i], &want, out);
	for (size_t i = 0; i < want.rows.len; i++)
		*EZLB_PUSH(&out->accepts) = want.rows.items[i];
	EZLB_VEC_CLEAR(&want.rows);
}

static int layer_list(struct ezlb_layer *layer, const struct ezlb_scope *scope,
		      struct ezlb_table *out, struct ezlb_err *err)
{
	EZLB_FW_AUTO_FILTERS struct ezlb_fw_filters filters;
	struct ezlb_fw_host *host = host_of(layer);

	(void)scope; /* ezlb owns the chains: all their rules are in scope */
	ezlb_fw_filters_init(&filters);
	ezlb_nl_begin(host->nl);
	out->accepts_present = out->accepts_sound = false;
	memset(out->gates, 0, sizeof(out->gates));
	for (size_t i = 0; i < EZLB_FW_FILTERS; i++) {
		struct ezlb_fw_filter *filter = &filters.items[i];

		ezlb_fw_filter_read(host, filter);
		if (filter->rc < 0 && err)
			*err = filter->err;
		if (filter->rc < 0)
			return filter->rc;
	}
	take_all(&filters, out);
	return 0;
}

static int peek_nft(struct ezlb_fw_host *host, uint64_t *print)
{
	uint32_t gen = 0;
	int rc = -ENOENT;

	ezlb_nl_begin(host->nl);
	if (ezlb_nft_is_present(&host->presence))
		rc = ezlb_nft_gen(host->nl, &gen);
	*print = gen;
	return rc == -ENOPROTOOPT ? -ENOENT : rc;
}

static int layer_peek(struct ezlb_layer *layer, const struct ezlb_scope *scope, uint64_t *print)
{
	static const struct ezlb_xt_form *const forms[] = { &ezlb_xt_form_ip, &ezlb_xt_form_ip6 };
	struct ezlb_fw_host *host = host_of(layer);
	uint64_t prints[3] = { 0 };
	int rcs[3] = { peek_nft(host, &prints[2]) };
	bool seen = false;

	(void)scope;
	for (size_t i = 0; i < 2; i++)
		rcs[1 + i] = ezlb_xt_peek(&of(layer)->looks[i], forms[i], host->tables[i],
					  EZLB_FW_TABLE, &prints[i]);
	for (size_t i = 0; i < 3; i++) {
		if (rcs[i] < 0 && rcs[i] != -ENOENT)
			return rcs[i];
		seen |= rcs[i] == 0;
	}
	*print = ezlb_hash(prints, sizeof(prints));
	return seen ? 0 : -ENOENT;
}

/* --- apply ----------------------------------------------------------------------------------- */

/* Writes the changes, if any, once; with `dry` does not write. Returns whether there are changes.
 */
static bool write_changes(struct ezlb_fw_host *host, struct ezlb_fw_filter *filter,
			  const struct ezlb_fw_want *want, bool dry)
{
	struct ezlb_fw_steps steps = { 0 };
	bool todo;

	ezlb_fw_edit(&filter->actual, want, &steps);
	todo = steps.len > 0;
	if (todo && !dry)
		ezlb_fw_filter_write(host, filter, &steps);
	EZLB_VEC_CLEAR(&steps);
	return todo;
}

/*
 * Writes and reads the table again until no changes are left: when a legacy table is replaced, the
 * kernel compares only the number of entries, so a program that ignores the lock may interfere. A
 * filter that could not be read is left unchanged, because `want` does not know its rows.
 */
static void apply_filter(struct ezlb_fw_host *host, struct ezlb_fw_filter *filter,
			 const struct ezlb_fw_want *want)
{
	for (int left = TRIES; filter->rc == 0; left--) {
		if (!write_changes(host, filter, want, left == 0))
			return;
		if (left == 0) {
			filter->rc = ezlb_err_set(&filter->err, EAGAIN,
						  "the %s differs from what was just written: "
						  "another program keeps changing it, or does so "
						  "without holding %s",
						  ezlb_fw_filter_str(filter),
						  ezlb_xtables_lock_path());
			return;
		}
		if (filter->rc < 0 && filter->rc != -EAGAIN)
			return;
		ezlb_fw_filter_read(host, filter);
	}
}

static bool is_about(const struct ezlb_op *op, const struct ezlb_fw_filter *filter)
{
	bool frame = ezlb_op_object(op->kind) == EZLB_OBJECT_FIREWALL_FRAME;

	return frame || op->accept.service.listen.addr.family == filter->family;
}

/* Sets the rc of each op. If all ops failed, returns the error as that of the layer. */
static int set_results(const struct ezlb_fw_filters *filters, struct ezlb_op *const *ops, size_t n,
		       struct ezlb_err *err)
{
	const struct ezlb_fw_filter *failed = NULL;
	bool some_done = false;

	for (size_t i = EZLB_FW_FILTERS; i-- > 0;) {
		const struct ezlb_fw_filter *filter = &filters->items[i];

		if (filter->rc < 0)
			failed = filter;
		for (size_t j = 0; filter->rc < 0 && j < n; j++) {
			if (ops[j]->rc == 0 && is_about(ops[j], filter))
				ops[j]->rc = filter->rc;
		}
	}
	for (size_t j = 0; j < n; j++)
		some_done |= ops[j]->rc == 0;
	if (!failed || some_done)
		return 0;
	if (err)
		*err = failed->err;
	return failed->rc;
}

/* Takes the iptables lock if a legacy table is loaded; else leaves *lock at -1. */
static int take_lock(struct firewall *firewall, int *lock, struct ezlb_err *err)
{
	const struct ezlb_fw_host *host = &firewall->host;
	bool loaded = false;

	for (size_t i = 0; i < 2 && !loaded; i++) {
		int rc = ezlb_xt_is_loaded(host->tables[i], EZLB_FW_TABLE, &loaded, err);

		if (rc < 0)
			return rc;
	}
	if (!loaded)
		return 0;
	*lock = ezlb_xtables_lock_once(&firewall->lock_missed, err);
	return *lock < 0 ? *lock : 0;
}

static int apply_good(struct firewall *firewall, struct ezlb_op *const *ops, size_t n,
		      struct ezlb_err *err)
{
	struct ezlb_fw_host *host = &firewall->host;
	EZLB_FW_AUTO_FILTERS struct ezlb_fw_filters filters;
	struct ezlb_fw_want want = { .aim = EZLB_FW_TRIM };
	EZLB_AUTO_CLOSE int lock = -1;
	int rc;

	ezlb_fw_filters_init(&filters);
	rc = take_lock(firewall, &lock, err);
	if (rc < 0)
		return rc;
	ezlb_nl_begin(host->nl);
	for (size_t i = 0; i < EZLB_FW_FILTERS; i++)
		ezlb_fw_filter_read(host, &filters.items[i]);
	ezlb_fw_want_make(&filters, ops, n, &want);
	for (size_t i = 0; i < EZLB_FW_FILTERS; i++)
		apply_filter(host, &filters.items[i], &want);
	EZLB_VEC_CLEAR(&want.rows);
	return set_results(&filters, ops, n, err);
}

static int op_check(const struct ezlb_op *op)
{
	const struct ezlb_endpoint *listen = &op->accept.service.listen;

	if (ezlb_op_object(op->kind) == EZLB_OBJECT_FIREWALL_FRAME)
		return 0;
	if (listen->addr.family != AF_INET && listen->addr.family != AF_INET6)
		return -EAFNOSUPPORT;
	return listen->port ? 0 : -EINVAL;
}

static int layer_apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
		       struct ezlb_err *err)
{
	EZLB_AUTO_FREE struct ezlb_op **good = ezlb_calloc(n + 1, sizeof(struct ezlb_op *));
	size_t n_good = 0;
	int rc;

	for (size_t i = 0; i < n; i++) {
		ops[i]->rc = op_check(ops[i]);
		if (ops[i]->rc == 0)
			good[n_good++] = ops[i];
	}
	rc = n_good ? apply_good(of(layer), good, n_good, err) : 0;
	for (size_t i = 0; rc < 0 && i < n; i++)
		ops[i]->rc = rc;
	return rc;
}

/* --- opening --------------------------------------------------------------------------------- */

static void layer_close(struct ezlb_layer *layer)
{
	for (size_t i = 0; i < 2; i++)
		ezlb_xt_look_close(&of(layer)->looks[i]);
	ezlb_nl_free(host_of(layer)->nl);
	free(layer);
}

struct ezlb_layer *ezlb_firewall_new(const char *tables, const char *tables6,
				     const struct ezlb_nl_source *source,
				     const struct ezlb_nft_signs *signs)
{
	struct firewall *firewall = ezlb_calloc(1, sizeof(*firewall));

	*firewall = (struct firewall){
		.layer = { .list = layer_list,
			   .peek = layer_peek,
			   .apply = layer_apply,
			   .close = layer_close },
		.host = { .tables = { tables, tables6 },
			  .presence.signs = signs,
			  .nl = ezlb_nl_new(source) },
	};
	return &firewall->layer;
}

int ezlb_firewall_open(struct ezlb_layer **out, struct ezlb_err *err)
{
	(void)err;
	*out = ezlb_firewall_new(TABLES, TABLES6, &ezlb_nft_kernel, ezlb_nft_kernel_signs());
	return 0;
}

int ezlb_firewall_find(struct ezlb_drops *out, struct ezlb_err *err)
{
	struct ezlb_fw_host host = { .tables = { TABLES, TABLES6 },
				     .presence.signs = ezlb_nft_kernel_signs(),
				     .nl = ezlb_nl_new(&ezlb_nft_kernel) };
	int rc = ezlb_fw_find(&host, out, err);

	ezlb_nl_free(host.nl);
	return rc;
}
