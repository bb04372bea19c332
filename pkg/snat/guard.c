// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard.h"

#include <errno.h>
#include <net/if.h> /* before linux/if.h, which would define the same names */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <ezlb/mem.h>
#include <ezlb/snat.h>

#include "guard_table.h"

struct reading {
	struct ezlb_nl *nl;
	struct guard_actual *actual;
	unsigned six, rules; /* the set that is read now; rules read so far */
};

void guard_clear(struct guard_actual *actual)
{
	EZLB_VEC_CLEAR(&actual->rows);
	actual->exists = actual->odd = false;
}

/* --- reading --------------------------------------------------------------------------------- */

static int on_table(void *arg, const struct nlmsghdr *msg)
{
	struct reading *reading = arg;

	reading->actual->exists = true;
	reading->actual->odd |= !guard_is_table(msg);
	return 0;
}

static int on_chain(void *arg, const struct nlmsghdr *msg)
{
	struct reading *reading = arg;

	reading->actual->odd |= !guard_is_chain(msg);
	return 0;
}

static int on_rule(void *arg, const struct nlmsghdr *msg)
{
	struct reading *reading = arg;
	unsigned i = reading->rules++;

	reading->actual->odd |= i >= GUARD_RULES || !guard_is_rule(msg, i);
	return 0;
}

static int on_set(void *arg, const struct nlmsghdr *msg)
{
	struct reading *reading = arg;

	reading->actual->odd |= !guard_is_set(msg, reading->six);
	return 0;
}

static int on_elem(struct nftnl_set_elem *elem, void *arg)
{
	struct reading *reading = arg;
	struct ezlb_guard_row row;

	if (guard_elem_parse(elem, reading->six, &row) < 0)
		reading->actual->odd = true;
	else
		*EZLB_PUSH(&reading->actual->rows) = row;
	return 0;
}

static int on_elems(void *arg, const struct nlmsghdr *msg)
{
	struct nftnl_set *set = ezlb_nft_must(nftnl_set_alloc());
	struct reading *reading = arg;

	/* It fails only for what libnftnl does not know, which ezlb did not create. */
	if (ezlb_nft_parse_elems(msg, set) < 0)
		reading->actual->odd = true;
	else
		nftnl_set_elem_foreach(set, on_elem, reading);
	nftnl_set_free(set);
	return 0;
}

/* A missing part is no error. In all these requests attributes 1 and 2 are table and name. */
static int ask(struct reading *reading, uint16_t type, uint16_t flags, const char *name,
	       ezlb_nl_msg_fn fn)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nft_msg_start(&buf, type, NFPROTO_INET, flags);
	int rc;

	mnl_attr_put_strz(msg, NFTA_TABLE_NAME, EZLB_GUARD_TABLE);
	if (name)
		mnl_attr_put_strz(msg, type == NFT_MSG_GETCHAIN ? NFTA_CHAIN_NAME : 2, name);
	ezlb_nl_msg_end(&buf);
	rc = ezlb_nl_ask(reading->nl, &buf, fn, reading);
	reading->actual->odd |= rc == -ENOENT && reading->actual->exists;
	return rc == -ENOENT ? 0 : rc;
}

static int read_sets(struct reading *reading)
{
	int rc = 0;

	for (reading->six = 0; rc == 0 && reading->six < GUARD_SETS; reading->six++) {
		const char *name = guard_sets[reading->six];

		rc = ask(reading, NFT_MSG_GETSET, NLM_F_ACK, name, on_set);
		if (rc == 0)
			rc = ask(reading, NFT_MSG_GETSETELEM, NLM_F_DUMP, name, on_elems);
	}
	return rc;
}

/*
 * While a set is dumped the kernel may resize it: some elements then come twice and as many are
 * missing, without a new generation (nft_rhash_walk() in nft_set_hash.c).
 */
static int sort_rows(struct ezlb_guards *rows)
{
	size_t len = rows->len;

	EZLB_SORT(rows, ezlb_guard_row_cmp);
	EZLB_UNIQUE(rows, ezlb_guard_row_cmp);
	return rows->len == len ? 0 : -EAGAIN;
}

int guard_read(struct ezlb_nl *nl, struct guard_actual *actual)
{
	struct reading reading = { .nl = nl, .actual = actual };
	int rc;

	actual->rows.len = 0;
	actual->exists = actual->odd = false;
	rc = ask(&reading, NFT_MSG_GETTABLE, NLM_F_ACK, NULL, on_table);
	if (rc < 0 || !actual->exists)
		return rc;
	rc = ask(&reading, NFT_MSG_GETCHAIN, NLM_F_ACK, GUARD_CHAIN, on_chain);
	if (rc == 0)
		rc = ask(&reading, NFT_MSG_GETRULE, NLM_F_DUMP, GUARD_CHAIN, on_rule);
	if (rc == 0)
		rc = read_sets(&reading);
	/* ezlb never leaves it empty. */
	actual->odd |= reading.rules != GUARD_RULES || actual->rows.len == 0;
	return rc == 0 ? sort_rows(&actual->rows) : rc;
}

/* --- writing --------------------------------------------------------------------------------- */

struct change {
	struct ezlb_nl *nl;
	struct ezlb_op *const *ops;
	size_t n;
};

/* The rows with the ops applied; sorted. */
static void edit(const struct guard_actual *now, struct ezlb_op *const *ops, size_t n,
		 struct ezlb_guards *want)
{
	if (!now->odd)
		EZLB_VEC_APPEND(want, &now->rows);
	for (size_t i = 0; i < n; i++) {
		const struct ezlb_guard_row *row = &ops[i]->guard;

		EZLB_VEC_KEEP(want, k, ezlb_guard_row_cmp(&want->items[k], row) != 0);
		if (ops[i]->kind == EZLB_OP_GUARD_ADD)
			*EZLB_PUSH(want) = *row;
	}
	EZLB_SORT(want, ezlb_guard_row_cmp);
}

static bool is_so(const struct guard_actual *now, const struct ezlb_guards *want)
{
	bool same = !now->odd && now->rows.len == want->len;

	for (size_t i = 0; same && i < want->len; i++)
		same = ezlb_guard_row_cmp(&now->rows.items[i], &want->items[i]) == 0;
	return same;
}

static int read_now(void *arg)
{
	struct reading *reading = arg;

	return guard_read(reading->nl, reading->actual);
}

static int attempt(void *arg)
{
	struct change *change = arg;
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf batch = { .items = NULL };
	struct guard_actual now = { .exists = false };
	struct reading reading = { .nl = change->nl, .actual = &now };
	struct ezlb_guards want = { 0 };
	uint32_t gen;
	int rejected, rc = ezlb_nft_read(change->nl, read_now, &reading, &gen);

	if (rc == 0)
		edit(&now, change->ops, change->n, &want);
	if (rc == 0 && !is_so(&now, &want)) {
		ezlb_nft_put_begin(&batch, gen);
		if (now.exists)
			guard_put_del(&batch);
		if (want.len > 0)
			guard_put_all(&batch, &want);
		ezlb_nft_put_commit(&batch);
		rc = ezlb_nft_commit(change->nl, &batch, &rejected);
	}
	guard_clear(&now);
	EZLB_VEC_CLEAR(&want);
	return rc;
}

int guard_apply(struct ezlb_nl *nl, struct ezlb_op *const *ops, size_t n)
{
	struct change change = { .nl = nl, .ops = ops, .n = n };
	int rc = ezlb_nft_change(attempt, &change);

	for (size_t i = 0; i < n; i++)
		ops[i]->rc = rc;
	return rc;
}
