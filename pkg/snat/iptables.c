// SPDX-License-Identifier: GPL-2.0-or-later
#include "iptables.h"

#include <errno.h>

#include <ezlb/netfilter.h>
#include <ezlb/snat.h>

#include "rules.h"
#include "xt_nat.h"

static const struct ezlb_xt *const families[] = { &ezlb_xt_ip, &ezlb_xt_ip6 };

#define FAMILIES (sizeof(families) / sizeof(families[0]))

struct iptables {
	struct ezlb_layer layer;      /* first: a layer is its iptables */
	const char *tables[FAMILIES]; /* files in which the kernel lists the loaded tables */
	struct ezlb_xt_look looks[FAMILIES];
	bool lock_missed;
};

static const char *const proc_tables[FAMILIES] = { "/proc/net/ip_tables_names",
						   "/proc/net/ip6_tables_names" };

static const char *const *tables_of(const struct ezlb_layer *layer)
{
	return ((const struct iptables *)(const void *)layer)->tables;
}

/* --- list and peek --------------------------------------------------------------------------- */

/* Adds ezlb's rows; false if the chain has other rules. */
static bool take_rows(const struct ezlb_xt_actual *actual, struct ezlb_snats *out)
{
	bool all = true;

	for (size_t i = 0; i < actual->chain.slots.len; i++) {
		const struct ezlb_snat_slot *slot = &actual->chain.slots.items[i];

		if (slot->ours)
			*EZLB_PUSH(out) = slot->row;
		else
			all = false;
	}
	return all;
}

static int read_loaded(const struct ezlb_xt *xt, const char *tables, struct ezlb_xt_actual *actual,
		       struct ezlb_err *err)
{
	bool loaded;
	int rc = ezlb_xt_is_loaded(tables, "nat", &loaded, err);

	return rc < 0 || !loaded ? rc : ezlb_xt_read(xt, actual, err);
}

static int layer_list(struct ezlb_layer *layer, const struct ezlb_scope *scope,
		      struct ezlb_table *out, struct ezlb_err *err)
{
	struct ezlb_xt_actual actuals[FAMILIES] = { { .refs = 0 } };
	int rc = 0;

	(void)scope; /* ezlb owns the chains: all their rules are in scope */
	out->snat_present = out->snat_sound = false;
	for (size_t i = 0; rc == 0 && i < FAMILIES; i++)
		rc = read_loaded(families[i], tables_of(layer)[i], &actuals[i], err);
	if (rc == 0) {
		bool ip = actuals[0].chain.exists, ip6 = actuals[1].chain.exists;

		out->snat_present = ip || ip6;
		/* A sound frame has the IPv4 part; IPv6 is needed only once it exists. */
		out->snat_sound = ezlb_xt_frame_sound(&actuals[0]) &&
				  (ezlb_xt_frame_sound(&actuals[1]) || !ip6);
		out->snat_sound &= take_rows(&actuals[0], &out->snats);
		out->snat_sound &= take_rows(&actuals[1], &out->snats);
	}
	ezlb_xt_actual_clear(&actuals[0]);
	ezlb_xt_actual_clear(&actuals[1]);
	return rc;
}

static int layer_peek(struct ezlb_layer *layer, const struct ezlb_scope *scope, uint64_t *print)
{
	struct iptables *iptables = (void *)layer;
	uint64_t prints[FAMILIES] = { 0 };
	bool seen = false;

	(void)scope;
	for (size_t i = 0; i < FAMILIES; i++) {
		int rc = ezlb_xt_peek(&iptables->looks[i], families[i]->form, iptables->tables[i],
				      "nat", &prints[i]);

		if (rc < 0 && rc != -ENOENT)
			return rc;
		seen |= rc == 0;
	}
	if (!seen)
		return -ENOENT;
	*print = ezlb_hash(prints, sizeof(prints));
	return 0;
}

bool ezlb_snat_has_chain(const char *tables, const char *prefix)
{
	bool loaded;

	return ezlb_xt_is_loaded(tables, "nat", &loaded, NULL) == 0 && loaded &&
	       ezlb_xt_has_chain(&ezlb_xt_ip, prefix);
}

/* --- apply ----------------------------------------------------------------------------------- */

/* True if the table must be read: one that is not loaded has no chain to remove from. */
static bool part_begin(struct ezlb_xt_part *part, const char *tables, struct ezlb_op *const *ops,
		       size_t n)
{
	bool needed;

	part->rc = ezlb_xt_is_loaded(tables, "nat", &part->exists, &part->err);
	/* If the file cannot be read, the chain may exist. */
	part->exists |= part->rc < 0;
	part->n = ezlb_snat_ops_select(ops, n, part->xt->form->family, part->exists, part->ops);
	needed = part->exists;
	for (size_t i = 0; i < part->n; i++)
		needed |= ezlb_snat_op_needs_chain(part->ops[i]);
	return part->rc == 0 && part->n && needed;
}

/* Sets the rc of each op. If every family failed, returns the error, IPv4's if there are two. */
static int parts_end(const struct ezlb_xt_part *parts, struct ezlb_err *err)
{
	const struct ezlb_xt_part *failed = NULL;
	bool some_done = false;

	for (size_t i = FAMILIES; i-- > 0;) {
		if (parts[i].n && parts[i].rc < 0)
			failed = &parts[i];
		some_done |= parts[i].n && parts[i].rc == 0;
	}
	if (failed && !some_done) {
		if (err)
			*err = failed->err;
		return failed->rc;
	}
	for (size_t i = 0; i < FAMILIES; i++) {
		for (size_t j = 0; parts[i].rc < 0 && j < parts[i].n; j++)
			parts[i].ops[j]->rc = parts[i].rc;
	}
	return 0;
}

/* Each family has its own table: if one fails, the other is still applied. */
static int apply_parts(struct ezlb_layer *layer, struct ezlb_xt_part *parts,
		       struct ezlb_op *const *ops, size_t n, struct ezlb_err *err)
{
	EZLB_AUTO_CLOSE int lock = -1;
	bool todo[FAMILIES], any = false;

	for (size_t i = 0; i < FAMILIES; i++) {
		todo[i] = part_begin(&parts[i], tables_of(layer)[i], ops, n);
		any |= todo[i];
	}
	if (any) {
		lock = ezlb_xtables_lock_once(&((struct iptables *)(void *)layer)->lock_missed,
					      err);
		if (lock < 0)
			return lock;
	}
	for (size_t i = 0; i < FAMILIES; i++) {
		if (todo[i])
			ezlb_xt_apply(&parts[i], ops, n);
	}
	return parts_end(parts, err);
}

static int layer_apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
		       struct ezlb_err *err)
{
	EZLB_AUTO_FREE struct ezlb_op **sound = ezlb_calloc(3 * n, sizeof(struct ezlb_op *));
	struct ezlb_xt_part parts[FAMILIES] = { { .xt = families[0], .ops = sound + n },
						{ .xt = families[1], .ops = sound + 2 * n } };
	size_t n_sound = 0;
	int rc;

	for (size_t i = 0; i < n; i++) {
		ops[i]->rc = ezlb_snat_op_check(ops[i]);
		if (ops[i]->rc == 0)
			sound[n_sound++] = ops[i];
	}
	rc = n_sound ? apply_parts(layer, parts, sound, n_sound, err) : 0;
	for (size_t i = 0; rc < 0 && i < n; i++)
		ops[i]->rc = rc;
	return rc;
}

/* --- opening --------------------------------------------------------------------------------- */

static void layer_close(struct ezlb_layer *layer)
{
	for (size_t i = 0; i < FAMILIES; i++)
		ezlb_xt_look_close(&((struct iptables *)(void *)layer)->looks[i]);
	free(layer);
}

struct ezlb_layer *ezlb_snat_iptables_new(const char *tables, const char *tables6)
{
	struct iptables *iptables = ezlb_calloc(1, sizeof(*iptables));

	*iptables = (struct iptables){
		.layer = { .snat_key = EZLB_SNAT_KEY_BACKEND,
			   .list = layer_list,
			   .peek = layer_peek,
			   .apply = layer_apply,
			   .close = layer_close },
		.tables = { tables, tables6 },
	};
	return &iptables->layer;
}

int ezlb_snat_iptables_open(struct ezlb_layer **out, struct ezlb_err *err)
{
	(void)err;
	*out = ezlb_snat_iptables_new(proc_tables[0], proc_tables[1]);
	return 0;
}

bool ezlb_snat_iptables_has_chain(const char *prefix)
{
	return ezlb_snat_has_chain(proc_tables[0], prefix);
}
