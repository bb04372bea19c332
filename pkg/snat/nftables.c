// SPDX-License-Identifier: GPL-2.0-or-later
#include "nftables.h"

#include <errno.h>
#include <sys/socket.h>

#include <linux/netfilter/nf_tables.h>

#include <ezlb/mem.h>
#include <ezlb/snat.h>

#include "chain.h"
#include "nft_actual.h"
#include "nft_frame.h"
#include "nft_msg.h"

#define TRIES	 3
#define FAMILIES (sizeof(ezlb_nft_families) / sizeof(ezlb_nft_families[0]))

struct nftables {
	struct ezlb_layer layer; /* first: a layer is its nftables */
	struct ezlb_nl *nl;
	const struct ezlb_nft_signs *signs;
	bool builtin, builtin_known;
};

#define AUTO_CHAIN __attribute__((cleanup(ezlb_snat_chain_clear)))
#define AUTO_ROWS  __attribute__((cleanup(rows_clear)))

static void rows_clear(struct ezlb_snats *rows)
{
	EZLB_VEC_CLEAR(rows);
}

static struct nftables *of(struct ezlb_layer *layer)
{
	return (struct nftables *)(void *)layer;
}

/* Is there somebody to ask, without anything being loaded for it? */
static bool is_present(struct nftables *nft)
{
	if (ezlb_nft_is_loaded(nft->signs))
		return true;
	if (!nft->builtin_known) {
		nft->builtin = ezlb_nft_is_builtin(nft->signs);
		nft->builtin_known = true;
	}
	return nft->builtin;
}

/* --- list and peek --------------------------------------------------------------------------- */

static void take_actual(const struct ezlb_nft_actual *actual, struct ezlb_table *out)
{
	for (size_t i = 0; i < actual->chain.slots.len; i++) {
		if (actual->chain.slots.items[i].ours)
			*EZLB_PUSH(&out->snats) = actual->chain.slots.items[i].row;
	}
}

static int layer_list(struct ezlb_layer *layer, const struct ezlb_scope *scope,
		      struct ezlb_table *out, struct ezlb_err *err)
{
	struct nftables *nft = of(layer);
	struct ezlb_nft_actual actuals[FAMILIES] = { { .sound = false } };
	bool present = is_present(nft);
	int rc = 0;

	(void)scope; /* the tables are ours: all of them is in scope */
	out->snat_present = out->snat_sound = false;
	ezlb_nl_begin(nft->nl);
	for (size_t i = 0; present && rc == 0 && i < FAMILIES; i++)
		rc = ezlb_nft_actual_read(nft->nl, &ezlb_nft_families[i], &actuals[i]);
	if (rc == 0) {
		/* IPv4's is always there, IPv6's where a row needed it. */
		out->snat_present = actuals[0].chain.exists || actuals[1].chain.exists;
		out->snat_sound = actuals[0].sound &&
				  (actuals[1].sound || !actuals[1].chain.exists);
		take_actual(&actuals[0], out);
		take_actual(&actuals[1], out);
	}
	ezlb_nft_actual_clear(&actuals[0]);
	ezlb_nft_actual_clear(&actuals[1]);
	/* A kernel that has none of it is a sound answer: where it is asked because no sign told.
	 */
	if (rc == -ENOPROTOOPT)
		return 0;
	return rc < 0 ? ezlb_nft_explain(err, rc, -1) : 0;
}

static int layer_peek(struct ezlb_layer *layer, const struct ezlb_scope *scope, uint64_t *print)
{
	struct nftables *nft = of(layer);
	uint32_t gen;
	int rc;

	(void)scope;
	if (!is_present(nft))
		return -ENOENT;
	ezlb_nl_begin(nft->nl);
	rc = ezlb_nft_gen(nft->nl, &gen);
	*print = gen;
	return rc;
}

/* --- what has to be written ------------------------------------------------------------------ */

/* The rows of one chain, sorted, that the other, sorted as well, has not got just so. */
static void rows_beyond(const struct ezlb_snats *a, const struct ezlb_snats *b,
			struct ezlb_snats *out)
{
	for (size_t i = 0; i < a->len; i++) {
		const struct ezlb_snat_row *row = &a->items[i];
		const struct ezlb_snat_row *same = EZLB_FIND(b, row, ezlb_snat_row_cmp);

		if (!same || !ezlb_snat_row_same(same, row))
			*EZLB_PUSH(out) = *row;
	}
}

static void sorted_rows(const struct ezlb_snat_chain *chain, struct ezlb_snats *out)
{
	for (size_t i = 0; i < chain->slots.len; i++) {
		if (chain->slots.items[i].ours)
			*EZLB_PUSH(out) = chain->slots.items[i].row;
	}
	EZLB_SORT(out, ezlb_snat_row_cmp);
}

static void put_all(struct ezlb_nl_buf *out, uint16_t type, const struct ezlb_snats *rows)
{
	for (enum ezlb_nft_set set = 0; set < EZLB_NFT_SETS; set++)
		ezlb_nft_put_rows(out, type, set, rows);
}

/* A sound table gets what differs; any other goes, and is made again with all that it should have.
 */
static void put_changes(struct ezlb_nl_buf *out, const struct ezlb_nft_family *family,
			const struct ezlb_nft_actual *now, const struct ezlb_snat_chain *want)
{
	AUTO_ROWS struct ezlb_snats have = { 0 }, should = { 0 }, gone = { 0 }, come = { 0 };

	if (now->chain.exists && (!now->sound || !want->exists))
		ezlb_nft_put_deltable(out, family->family);
	if (!want->exists)
		return;
	if (now->sound)
		sorted_rows(&now->chain, &have);
	else
		ezlb_nft_put_frame(out, family);
	sorted_rows(want, &should);
	rows_beyond(&have, &should, &gone);
	rows_beyond(&should, &have, &come);
	put_all(out, NFT_MSG_DELSETELEM, &gone);
	put_all(out, NFT_MSG_NEWSETELEM, &come);
}

/* --- apply ----------------------------------------------------------------------------------- */

/* The part of a batch that concerns one family, and what became of it. */
struct part {
	const struct ezlb_nft_family *family;
	struct ezlb_op **ops; /* room for the whole batch */
	size_t n;
	int rc, refused; /* the latter for the sentence */
};

static bool is_row_op(const struct ezlb_op *op)
{
	return ezlb_op_object(op->kind) == EZLB_OBJECT_SNAT;
}

/* Ops on the frame are about IPv6's only where there is one: a row makes it, if it is needed. */
static bool concerns(const struct ezlb_op *op, const struct ezlb_nft_family *family, bool exists)
{
	if (is_row_op(op))
		return op->snat.key.endpoint.addr.family == family->family;
	return exists || family->family == AF_INET;
}

/* exists: whether the family has a table, or may have one. */
static void select_ops(struct part *part, struct ezlb_op *const *ops, size_t n, bool exists)
{
	part->n = 0;
	for (size_t i = 0; i < n; i++) {
		if (!concerns(ops[i], part->family, exists))
			continue;
		part->ops[part->n++] = ops[i];
		/* What follows is about a table that is there by then. */
		exists |= ezlb_snat_op_makes(ops[i]);
	}
}

/* Read, compare, one transaction. */
static int attempt(struct nftables *nft, struct part *part, struct ezlb_op *const *ops, size_t n)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf batch = { .items = NULL };
	EZLB_NFT_AUTO_ACTUAL struct ezlb_nft_actual now = { .sound = false };
	AUTO_CHAIN struct ezlb_snat_chain want = { 0 };
	size_t empty;
	int rc;

	part->refused = -1;
	/* As long as nobody knows, an op on the frame is not done. */
	select_ops(part, ops, n, true);
	rc = part->n ? ezlb_nft_actual_read(nft->nl, part->family, &now) : 0;
	if (rc < 0 || !part->n)
		return rc;
	select_ops(part, ops, n, now.chain.exists);
	ezlb_snat_chain_edit(&now.chain, part->ops, part->n, &want);
	ezlb_nft_put_begin(&batch, now.gen);
	empty = batch.len;
	put_changes(&batch, part->family, &now, &want);
	if (batch.len == empty)
		return 0;
	ezlb_nft_put_commit(&batch);
	return ezlb_nft_commit(nft->nl, &batch, &part->refused);
}

/* A fresh look each time; the kernel says ERESTART when somebody else was faster. */
static void apply_part(struct nftables *nft, struct part *part, struct ezlb_op *const *ops,
		       size_t n)
{
	int rc = -ERESTART;

	for (int i = 0; i < TRIES && (rc == -ERESTART || rc == -EAGAIN || rc == -EINTR); i++)
		rc = attempt(nft, part, ops, n);
	/* ERESTART is not for programs to see. */
	part->rc = rc == -ERESTART || rc == -EINTR ? -EAGAIN : rc;
}

/* Each family is a transaction of its own: a kernel without IPv6 does IPv4 all the same. */
static int apply_ops(struct nftables *nft, struct ezlb_op *const *ops, size_t n, bool makes,
		     struct ezlb_err *err)
{
	EZLB_AUTO_FREE struct ezlb_op **room = ezlb_calloc(FAMILIES * n, sizeof(struct ezlb_op *));
	const struct part *failed = NULL;
	struct part parts[FAMILIES];
	bool some_done = false;

	ezlb_nl_begin(nft->nl);
	for (size_t i = 0; i < FAMILIES; i++) {
		parts[i] = (struct part){ .family = &ezlb_nft_families[i], .ops = room + i * n };
		apply_part(nft, &parts[i], ops, n);
		if (parts[i].rc < 0 && !failed)
			failed = &parts[i];
		some_done |= parts[i].rc == 0 && parts[i].n;
	}
	if (failed && failed->rc == -ENOPROTOOPT && !makes)
		return 0; /* nothing to remove anything from */
	if (failed && !some_done)
		return ezlb_nft_explain(err, failed->rc, failed->refused);
	for (size_t i = 0; i < FAMILIES; i++) {
		for (size_t j = 0; parts[i].rc < 0 && j < parts[i].n; j++)
			parts[i].ops[j]->rc = parts[i].rc;
	}
	return 0;
}

static int op_check(const struct ezlb_op *op)
{
	return is_row_op(op) ? ezlb_nft_row_check(&op->snat) : 0;
}

static int layer_apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
		       struct ezlb_err *err)
{
	EZLB_AUTO_FREE struct ezlb_op **good = ezlb_calloc(n, sizeof(struct ezlb_op *));
	bool makes = false;
	size_t n_good = 0;
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		ops[i]->rc = op_check(ops[i]);
		makes |= ezlb_snat_op_makes(ops[i]);
		if (ops[i]->rc == 0)
			good[n_good++] = ops[i];
	}
	if (n_good && (makes || is_present(of(layer))))
		rc = apply_ops(of(layer), good, n_good, makes, err);
	for (size_t i = 0; rc < 0 && i < n; i++)
		ops[i]->rc = rc;
	return rc;
}

/* --- opening --------------------------------------------------------------------------------- */

static void layer_close(struct ezlb_layer *layer)
{
	ezlb_nl_free(of(layer)->nl);
	free(layer);
}

struct ezlb_layer *ezlb_snat_nftables_new(const struct ezlb_nl_source *source,
					  const struct ezlb_nft_signs *signs)
{
	struct nftables *nft = ezlb_calloc(1, sizeof(*nft));

	nft->layer = (struct ezlb_layer){ .snat_key = EZLB_SNAT_KEY_LISTENER,
					  .list = layer_list,
					  .peek = layer_peek,
					  .apply = layer_apply,
					  .close = layer_close };
	nft->nl = ezlb_nl_new(source);
	nft->signs = signs;
	return &nft->layer;
}

int ezlb_snat_nftables_open(struct ezlb_layer **out, struct ezlb_err *err)
{
	(void)err;
	*out = ezlb_snat_nftables_new(&ezlb_nft_kernel, ezlb_nft_kernel_signs());
	return 0;
}
