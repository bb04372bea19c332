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

#define FAMILIES (sizeof(ezlb_nft_families) / sizeof(ezlb_nft_families[0]))

struct nftables {
	struct ezlb_layer layer; /* first: a layer is its nftables */
	struct ezlb_nl *nl;
	struct ezlb_nft_presence presence;
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
	bool present = ezlb_nft_is_present(&nft->presence);
	int rc = 0;

	(void)scope; /* ezlb owns the tables: all their rows are in scope */
	out->snat_present = out->snat_sound = false;
	ezlb_nl_begin(nft->nl);
	for (size_t i = 0; present && rc == 0 && i < FAMILIES; i++)
		rc = ezlb_nft_actual_read(nft->nl, &ezlb_nft_families[i], &actuals[i]);
	if (rc == 0) {
		/* A sound frame has the IPv4 part; IPv6 is needed only once it exists. */
		out->snat_present = actuals[0].chain.exists || actuals[1].chain.exists;
		out->snat_sound = actuals[0].sound &&
				  (actuals[1].sound || !actuals[1].chain.exists);
		take_actual(&actuals[0], out);
		take_actual(&actuals[1], out);
	}
	ezlb_nft_actual_clear(&actuals[0]);
	ezlb_nft_actual_clear(&actuals[1]);
	/* No nf_tables means no rows: the files do not always show it. */
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
	if (!ezlb_nft_is_present(&nft->presence))
		return -ENOENT;
	ezlb_nl_begin(nft->nl);
	rc = ezlb_nft_gen(nft->nl, &gen);
	*print = gen;
	return rc;
}

/* --- changes to write ------------------------------------------------------------------------ */

/* Adds to *out the rows of a that b does not have, or has with another value. Both are sorted. */
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

/* A sound table gets the differences; any other is deleted and created again with all rows. */
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

/* The ops of a batch that belong to one family, and their result. */
struct part {
	struct ezlb_nl *nl;
	const struct ezlb_nft_family *family;
	struct ezlb_op *const *batch;
	size_t n_batch;
	struct ezlb_op **ops; /* room for the whole batch */
	size_t n;
	int rc, rejected; /* rejected is for ezlb_nft_explain */
};

static void select_ops(struct part *part, bool exists)
{
	part->n = ezlb_snat_ops_select(part->batch, part->n_batch, part->family->family, exists,
				       part->ops);
}

/* Reads the table, compares, and sends one transaction. */
static int attempt(void *arg)
{
	struct part *part = arg;
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf batch = { .items = NULL };
	EZLB_NFT_AUTO_ACTUAL struct ezlb_nft_actual now = { .sound = false };
	AUTO_CHAIN struct ezlb_snat_chain want = { 0 };
	size_t empty;
	int rc;

	part->rejected = -1;
	/* Before it is read, the table may exist. */
	select_ops(part, true);
	rc = part->n ? ezlb_nft_actual_read(part->nl, part->family, &now) : 0;
	if (rc < 0 || !part->n)
		return rc;
	select_ops(part, now.chain.exists);
	ezlb_snat_chain_edit(&now.chain, part->ops, part->n, &want);
	ezlb_nft_put_begin(&batch, now.gen);
	empty = batch.len;
	put_changes(&batch, part->family, &now, &want);
	if (batch.len == empty)
		return 0;
	ezlb_nft_put_commit(&batch);
	return ezlb_nft_commit(part->nl, &batch, &part->rejected);
}

/*
 * Each family has its own transaction: if one fails, the other is still applied. `needed`: an op
 * needs nf_tables.
 */
static int apply_ops(struct nftables *nft, struct ezlb_op *const *ops, size_t n, bool needed,
		     struct ezlb_err *err)
{
	EZLB_AUTO_FREE struct ezlb_op **room = ezlb_calloc(FAMILIES * n, sizeof(struct ezlb_op *));
	const struct part *failed = NULL;
	struct part parts[FAMILIES];
	bool some_done = false;

	ezlb_nl_begin(nft->nl);
	for (size_t i = 0; i < FAMILIES; i++) {
		parts[i] = (struct part){ .nl = nft->nl,
					  .family = &ezlb_nft_families[i],
					  .batch = ops,
					  .n_batch = n,
					  .ops = room + i * n };
		parts[i].rc = ezlb_nft_change(attempt, &parts[i]);
		if (parts[i].rc < 0 && !failed)
			failed = &parts[i];
		some_done |= parts[i].rc == 0 && parts[i].n;
	}
	if (failed && failed->rc == -ENOPROTOOPT && !needed)
		return 0; /* without nf_tables all is removed already */
	if (failed && !some_done)
		return ezlb_nft_explain(err, failed->rc, failed->rejected);
	for (size_t i = 0; i < FAMILIES; i++) {
		for (size_t j = 0; parts[i].rc < 0 && j < parts[i].n; j++)
			parts[i].ops[j]->rc = parts[i].rc;
	}
	return 0;
}

static int layer_apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
		       struct ezlb_err *err)
{
	EZLB_AUTO_FREE struct ezlb_op **good = ezlb_calloc(n, sizeof(struct ezlb_op *));
	bool needed = false;
	size_t n_good = 0;
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		ops[i]->rc = ezlb_snat_op_check(ops[i]);
		needed |= ezlb_snat_op_needs_chain(ops[i]);
		if (ops[i]->rc == 0)
			good[n_good++] = ops[i];
	}
	if (n_good && (needed || ezlb_nft_is_present(&of(layer)->presence)))
		rc = apply_ops(of(layer), good, n_good, needed, err);
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
	nft->presence.signs = signs;
	return &nft->layer;
}

int ezlb_snat_nftables_open(struct ezlb_layer **out, struct ezlb_err *err)
{
	(void)err;
	*out = ezlb_snat_nftables_new(&ezlb_nft_kernel, ezlb_nft_kernel_signs());
	return 0;
}
