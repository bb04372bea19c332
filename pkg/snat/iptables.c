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
	const char *tables[FAMILIES]; /* files in which the kernel lists those that are loaded */
	bool lock_missed;
};

static const char *const proc_tables[FAMILIES] = { "/proc/net/ip_tables_names",
						   "/proc/net/ip6_tables_names" };

static const char *const *tables_of(const struct ezlb_layer *layer)
{
	return ((const struct iptables *)(const void *)layer)->tables;
}

/* --- list and peek --------------------------------------------------------------------------- */

/* Adds the rows of ours; false where there are others. */
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

	(void)scope; /* the chains are ours: all of them is in scope */
	out->snat_present = out->snat_sound = false;
	for (size_t i = 0; rc == 0 && i < FAMILIES; i++)
		rc = read_loaded(families[i], tables_of(layer)[i], &actuals[i], err);
	if (rc == 0) {
		bool ip = actuals[0].chain.exists, ip6 = actuals[1].chain.exists;

		out->snat_present = ip || ip6;
		/* IPv4's is always there, IPv6's where a row needed it. */
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
	uint64_t prints[FAMILIES] = { 0 };
	bool seen = false;

	(void)scope;
	for (size_t i = 0; i < FAMILIES; i++) {
		int rc = ezlb_xt_peek(families[i]->form, tables_of(layer)[i], "nat", &prints[i]);

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

/* True where the table has to be asked: nothing of ours can be in one that is not loaded. */
static bool part_begin(struct ezlb_xt_part *part, const char *tables, struct ezlb_op *const *ops,
		       size_t n)
{
	bool makes;

	part->rc = ezlb_xt_is_loaded(tables, "nat", &part->exists, &part->err);
	/* Unless the file says that nothing is loaded, there may be a chain. */
	part->exists |= part->rc < 0;
	makes = ezlb_xt_select(part, ops, n);
	return part->rc == 0 && part->n && (part->exists || makes);
}

/*
 * Hands out the verdicts. Where all that was to do failed, it was the layer; IPv4's reason is as
 * good as the other.
 */
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

/* Each family is a table of its own: a host without one of them gets the other all the same. */
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

/* What one op says of itself, before the kernel is asked. */
static int op_check(const struct ezlb_op *op)
{
	struct ezlb_xt_entry rule;

	if (ezlb_op_object(op->kind) == EZLB_OBJECT_SNAT_FRAME)
		return 0;
	return ezlb_snat_rule_build(&op->snat, &rule);
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
		ops[i]->rc = op_check(ops[i]);
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
