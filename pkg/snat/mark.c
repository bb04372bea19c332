// SPDX-License-Identifier: GPL-2.0-or-later
/* mark: the layer of the marks for ranges of ports. */
#include <errno.h>
#include <net/if.h> /* before linux/if.h, which would define the same names */
#include <netinet/in.h>
#include <string.h>

#include <libnftnl/chain.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <ezlb/mem.h>
#include <ezlb/netfilter.h>
#include <ezlb/snat.h>

#include "guard.h"
#include "mark.h"
#include "mark_rule.h"

#define PRIORITY (-150) /* mangle */

static const struct {
	const char *name, *type;
	uint32_t hook;
} chains[] = {
	{ "prerouting", "filter", NF_INET_PRE_ROUTING },
	{ "output", "route", NF_INET_LOCAL_OUT }, /* for clients on this host */
};
#define CHAINS (sizeof(chains) / sizeof(chains[0]))

struct mark {
	struct ezlb_layer layer; /* first: a layer is its mark */
	struct ezlb_nl *nl;
	struct ezlb_nft_presence presence;
	bool exists; /* one of the tables, when they were read last */
};

/* What the kernel has. */
struct reading {
	struct ezlb_nl *nl;
	bool exists, odd; /* the table; something in it is not ezlb's */
	size_t chain;	  /* that is read now */
	struct ezlb_marks rows[CHAINS];
	struct guard_actual guard;
};

static struct mark *of(struct ezlb_layer *layer)
{
	return (struct mark *)(void *)layer;
}

static void reading_clear(struct reading *reading)
{
	for (size_t i = 0; i < CHAINS; i++)
		EZLB_VEC_CLEAR(&reading->rows[i]);
	reading->exists = reading->odd = false;
	guard_clear(&reading->guard);
}

/* --- reading --------------------------------------------------------------------------------- */

static int on_table(void *arg, const struct nlmsghdr *msg)
{
	struct nftnl_table *table = ezlb_nft_must(nftnl_table_alloc());
	struct reading *reading = arg;

	reading->exists = true;
	reading->odd |= ezlb_nft_parse_table(msg, table) < 0 ||
			nftnl_table_get_u32(table, NFTNL_TABLE_FLAGS) != 0 || /* dormant */
			nftnl_table_get_u32(table, NFTNL_TABLE_USE) != CHAINS;
	nftnl_table_free(table);
	return 0;
}

static int on_chain(void *arg, const struct nlmsghdr *msg)
{
	struct nftnl_chain *chain = ezlb_nft_must(nftnl_chain_alloc());
	struct reading *reading = arg;
	const char *type;

	if (ezlb_nft_parse_chain(msg, chain) < 0) {
		reading->odd = true;
	} else {
		type = nftnl_chain_get_str(chain, NFTNL_CHAIN_TYPE);
		reading->odd |= !type || strcmp(type, chains[reading->chain].type) != 0 ||
				nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM) !=
					chains[reading->chain].hook ||
				nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO) != PRIORITY ||
				nftnl_chain_get_u32(chain, NFTNL_CHAIN_POLICY) != NF_ACCEPT;
	}
	nftnl_chain_free(chain);
	return 0;
}

static int on_rule(void *arg, const struct nlmsghdr *msg)
{
	struct nftnl_rule *rule = ezlb_nft_must(nftnl_rule_alloc());
	struct reading *reading = arg;
	struct ezlb_mark_row row;

	if (ezlb_nft_parse_rule(msg, rule) < 0 || ezlb_mark_rule_parse(rule, &row) < 0)
		reading->odd = true;
	else
		*EZLB_PUSH(&reading->rows[reading->chain]) = row;
	nftnl_rule_free(rule);
	return 0;
}

/* A missing part is no error. */
static int ask(struct reading *reading, uint16_t type, uint16_t flags, uint16_t attr,
	       ezlb_nl_msg_fn fn)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nft_msg_start(&buf, type, NFPROTO_INET, flags);
	int rc;

	/* All these requests have the table name in attribute 1. */
	mnl_attr_put_strz(msg, NFTA_TABLE_NAME, EZLB_MARK_TABLE);
	if (attr)
		mnl_attr_put_strz(msg, attr, chains[reading->chain].name);
	ezlb_nl_msg_end(&buf);
	rc = ezlb_nl_ask(reading->nl, &buf, fn, reading);
	reading->odd |= rc == -ENOENT && reading->exists;
	return rc == -ENOENT ? 0 : rc;
}

/* Both chains have the same rows, each once. */
static void compare_chains(struct reading *reading)
{
	for (size_t i = 0; i < CHAINS; i++) {
		size_t len = reading->rows[i].len;

		EZLB_SORT(&reading->rows[i], ezlb_mark_row_cmp);
		EZLB_UNIQUE(&reading->rows[i], ezlb_mark_row_cmp);
		reading->odd |= reading->rows[i].len != len || len != reading->rows[0].len;
	}
	for (size_t i = 0; !reading->odd && i < reading->rows[0].len; i++)
		reading->odd = ezlb_mark_row_cmp(&reading->rows[0].items[i],
						 &reading->rows[1].items[i]) != 0;
	/* ezlb never leaves it empty. */
	reading->odd |= reading->exists && reading->rows[0].len == 0;
}

static int read_parts(void *arg)
{
	struct reading *reading = arg;
	int rc;

	reading_clear(reading);
	rc = ask(reading, NFT_MSG_GETTABLE, NLM_F_ACK, 0, on_table);
	for (reading->chain = 0; rc == 0 && reading->exists && reading->chain < CHAINS;
	     reading->chain++) {
		rc = ask(reading, NFT_MSG_GETCHAIN, NLM_F_ACK, NFTA_CHAIN_NAME, on_chain);
		if (rc == 0)
			rc = ask(reading, NFT_MSG_GETRULE, NLM_F_DUMP, NFTA_RULE_CHAIN, on_rule);
	}
	compare_chains(reading);
	return rc;
}

static int read_all(void *arg)
{
	struct reading *reading = arg;
	int rc = read_parts(reading);

	return rc == 0 ? guard_read(reading->nl, &reading->guard) : rc;
}

static void take_rows(const struct reading *reading, struct ezlb_table *out)
{
	if (reading->odd)
		EZLB_PUSH(&out->marks)->last_port = 0;
	else
		EZLB_VEC_APPEND(&out->marks, &reading->rows[0]);
	if (reading->guard.odd)
		EZLB_PUSH(&out->guards)->addr.family = 0;
	else
		EZLB_VEC_APPEND(&out->guards, &reading->guard.rows);
}

static int layer_list(struct ezlb_layer *layer, const struct ezlb_scope *scope,
		      struct ezlb_table *out, struct ezlb_err *err)
{
	struct mark *mark = of(layer);
	struct reading reading = { .nl = mark->nl };
	uint32_t gen;
	int rc = 0;

	(void)scope; /* ezlb owns the table: all its rules are in scope */
	ezlb_nl_begin(mark->nl);
	if (ezlb_nft_is_present(&mark->presence))
		rc = ezlb_nft_read(mark->nl, read_all, &reading, &gen);
	mark->exists = rc == 0 && (reading.exists || reading.guard.exists);
	if (rc == 0)
		take_rows(&reading, out);
	reading_clear(&reading);
	if (rc == -ENOPROTOOPT)
		return 0;
	return rc < 0 ? ezlb_nft_explain(err, rc, -1) : 0;
}

static int layer_peek(struct ezlb_layer *layer, const struct ezlb_scope *scope, uint64_t *print)
{
	struct mark *mark = of(layer);
	uint32_t gen = 0;
	int rc = 0;

	(void)scope;
	*print = 0;
	if (!mark->exists)
		return 0;
	ezlb_nl_begin(mark->nl);
	rc = ezlb_nft_gen(mark->nl, &gen);
	*print = gen;
	return rc;
}

/* --- writing --------------------------------------------------------------------------------- */

static struct nlmsghdr *start(struct ezlb_nl_buf *buf, uint16_t type)
{
	bool del = type == NFT_MSG_DELTABLE, rule = type == NFT_MSG_NEWRULE;

	return ezlb_nft_msg_start(buf, type, NFPROTO_INET,
				  del	 ? 0
				  : rule ? NLM_F_CREATE | NLM_F_APPEND
					 : NLM_F_CREATE | NLM_F_EXCL);
}

static void put_table(struct ezlb_nl_buf *buf, uint16_t type)
{
	mnl_attr_put_strz(start(buf, type), NFTA_TABLE_NAME, EZLB_MARK_TABLE);
	ezlb_nl_msg_end(buf);
}

static void put_chain(struct ezlb_nl_buf *buf, size_t i)
{
	struct nftnl_chain *chain = ezlb_nft_must(nftnl_chain_alloc());

	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, EZLB_MARK_TABLE);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, chains[i].name);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, chains[i].type);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, chains[i].hook);
	nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, PRIORITY);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	nftnl_chain_nlmsg_build_payload(start(buf, NFT_MSG_NEWCHAIN), chain);
	ezlb_nl_msg_end(buf);
	nftnl_chain_free(chain);
}

static void put_rule(struct ezlb_nl_buf *buf, const struct ezlb_mark_row *row, const char *chain)
{
	struct nftnl_rule *rule = ezlb_mark_rule_build(row, chain);

	nftnl_rule_nlmsg_build_payload(start(buf, NFT_MSG_NEWRULE), rule);
	ezlb_nl_msg_end(buf);
	nftnl_rule_free(rule);
}

void mark_put_all(struct ezlb_nl_buf *buf, const struct ezlb_marks *rows)
{
	put_table(buf, NFT_MSG_NEWTABLE);
	for (size_t i = 0; i < CHAINS; i++) {
		put_chain(buf, i);
		for (size_t k = 0; k < rows->len; k++)
			put_rule(buf, &rows->items[k], chains[i].name);
	}
}

/* The rows with the ops applied; sorted. */
static void edit(const struct reading *now, struct ezlb_op *const *ops, size_t n,
		 struct ezlb_marks *want)
{
	if (!now->odd)
		EZLB_VEC_APPEND(want, &now->rows[0]);
	for (size_t i = 0; i < n; i++) {
		const struct ezlb_mark_row *row = &ops[i]->mark;

		EZLB_VEC_KEEP(want, k, ezlb_mark_row_cmp(&want->items[k], row) != 0);
		if (ops[i]->kind == EZLB_OP_MARK_ADD)
			*EZLB_PUSH(want) = *row;
	}
	EZLB_SORT(want, ezlb_mark_row_cmp);
}

static bool is_so(const struct reading *now, const struct ezlb_marks *want)
{
	bool same = !now->odd && now->rows[0].len == want->len;

	for (size_t i = 0; same && i < want->len; i++)
		same = ezlb_mark_row_cmp(&now->rows[0].items[i], &want->items[i]) == 0;
	return same;
}

struct change {
	struct mark *mark;
	struct ezlb_op *const *ops;
	size_t n;
	int rejected;
};

static int attempt(void *arg)
{
	struct change *change = arg;
	struct ezlb_nl *nl = change->mark->nl;
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf batch = { .items = NULL };
	struct reading now = { .nl = nl };
	struct ezlb_marks want = { 0 };
	uint32_t gen;
	int rc = ezlb_nft_read(nl, read_parts, &now, &gen);

	change->rejected = -1;
	if (rc == 0)
		edit(&now, change->ops, change->n, &want);
	if (rc == 0 && !is_so(&now, &want)) {
		ezlb_nft_put_begin(&batch, gen);
		if (now.exists)
			put_table(&batch, NFT_MSG_DELTABLE);
		if (want.len > 0)
			mark_put_all(&batch, &want);
		ezlb_nft_put_commit(&batch);
		rc = ezlb_nft_commit(nl, &batch, &change->rejected);
	}
	reading_clear(&now);
	EZLB_VEC_CLEAR(&want);
	return rc;
}

static int apply_good(struct mark *mark, struct ezlb_op *const *ops, size_t n, bool adds,
		      struct ezlb_err *err)
{
	struct change change = { .mark = mark, .ops = ops, .n = n, .rejected = -1 };
	int rc;

	if (!adds && !ezlb_nft_is_present(&mark->presence))
		return 0;
	ezlb_nl_begin(mark->nl);
	rc = ezlb_nft_change(attempt, &change);
	return rc < 0 ? ezlb_nft_explain(err, rc, change.rejected) : 0;
}

static int apply_marks(struct mark *mark, struct ezlb_op *const *ops, size_t n,
		       struct ezlb_err *err)
{
	EZLB_AUTO_FREE struct ezlb_op **good = ezlb_calloc(n, sizeof(struct ezlb_op *));
	bool adds = false;
	size_t n_good = 0;
	int rc;

	for (size_t i = 0; i < n; i++) {
		bool add = ops[i]->kind == EZLB_OP_MARK_ADD;

		ops[i]->rc = add ? ezlb_mark_row_check(&ops[i]->mark) : 0;
		adds |= add;
		if (ops[i]->rc == 0)
			good[n_good++] = ops[i];
	}
	rc = n_good ? apply_good(mark, good, n_good, adds, err) : 0;
	for (size_t i = 0; rc < 0 && i < n; i++)
		ops[i]->rc = rc;
	return rc;
}

/* Marks work without guards: what fails there is not an error of the layer. */
static void apply_guards(struct mark *mark, struct ezlb_op *const *ops, size_t n)
{
	bool adds = false;

	for (size_t i = 0; i < n; i++) {
		adds |= ops[i]->kind == EZLB_OP_GUARD_ADD;
		ops[i]->rc = 0;
	}
	if (!adds && !ezlb_nft_is_present(&mark->presence))
		return;
	ezlb_nl_begin(mark->nl);
	guard_apply(mark->nl, ops, n);
}

static int layer_apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
		       struct ezlb_err *err)
{
	size_t begin = 0;
	int rc = 0;

	while (begin < n && rc == 0) {
		enum ezlb_object object = ezlb_op_object(ops[begin]->kind);
		size_t end = begin;

		while (end < n && ezlb_op_object(ops[end]->kind) == object)
			end++;
		if (object == EZLB_OBJECT_GUARD)
			apply_guards(of(layer), ops + begin, end - begin);
		else
			rc = apply_marks(of(layer), ops + begin, end - begin, err);
		begin = end;
	}
	for (size_t i = begin; rc < 0 && i < n; i++)
		ops[i]->rc = rc;
	return rc;
}

/* --- opening --------------------------------------------------------------------------------- */

static void layer_close(struct ezlb_layer *layer)
{
	ezlb_nl_free(of(layer)->nl);
	free(layer);
}

struct ezlb_layer *ezlb_mark_new(const struct ezlb_nl_source *source,
				 const struct ezlb_nft_signs *signs)
{
	struct mark *mark = ezlb_calloc(1, sizeof(*mark));

	mark->layer = (struct ezlb_layer){
		.list = layer_list, .peek = layer_peek, .apply = layer_apply, .close = layer_close
	};
	mark->nl = ezlb_nl_new(source);
	mark->presence.signs = signs;
	return &mark->layer;
}

int ezlb_mark_open(struct ezlb_layer **out, struct ezlb_err *err)
{
	(void)err;
	*out = ezlb_mark_new(&ezlb_nft_kernel, ezlb_nft_kernel_signs());
	return 0;
}
