// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft_actual.h"

#include <errno.h>

#include <linux/netfilter/nf_tables.h>

#include <ezlb/mem.h>
#include <ezlb/snat.h>

#include "nft_frame.h"

struct reading {
	struct ezlb_nl *nl;
	const struct ezlb_nft_family *family;
	struct ezlb_nft_actual *actual;
	enum ezlb_nft_set set; /* the set that is read now */
	unsigned rules;	       /* read so far */
	bool known;	       /* the set is one of ezlb's */
};

void ezlb_nft_actual_clear(struct ezlb_nft_actual *actual)
{
	ezlb_snat_chain_clear(&actual->chain);
	*actual = (struct ezlb_nft_actual){ .sound = false };
}

/* --- the frame ----------------------------------------------------------------------------- */

static int on_table(void *arg, const struct nlmsghdr *msg)
{
	struct reading *reading = arg;

	reading->actual->chain.exists = true;
	reading->actual->sound = ezlb_nft_is_table(msg);
	return 0;
}

static int on_chain(void *arg, const struct nlmsghdr *msg)
{
	struct reading *reading = arg;

	reading->actual->sound = reading->actual->sound && ezlb_nft_is_chain(msg);
	return 0;
}

static int on_set(void *arg, const struct nlmsghdr *msg)
{
	struct reading *reading = arg;

	reading->known = ezlb_nft_is_set(msg, reading->family, reading->set);
	return 0;
}

/* The n-th rule is that of the n-th set. */
static int on_rule(void *arg, const struct nlmsghdr *msg)
{
	struct reading *reading = arg;
	unsigned i = reading->rules++;

	if (i >= EZLB_NFT_SETS || !ezlb_nft_is_rule(msg, reading->family, i))
		reading->actual->sound = false;
	return 0;
}

/* A missing part is no error: the frame is not sound. */
static int get(struct reading *reading, uint16_t type, const char *name, ezlb_nl_msg_fn fn)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	int rc;

	ezlb_nft_put_get(&buf, reading->family->family, type, name);
	rc = ezlb_nl_ask(reading->nl, &buf, fn, reading);
	if (rc == -ENOENT) {
		reading->actual->sound = false;
		return 0;
	}
	return rc;
}

static int dump(struct reading *reading, uint16_t type, const char *name, ezlb_nl_msg_fn fn)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };

	ezlb_nft_put_dump(&buf, reading->family->family, type, name);
	return ezlb_nl_ask(reading->nl, &buf, fn, reading);
}

static int read_rules(struct reading *reading)
{
	int rc = dump(reading, NFT_MSG_GETRULE, EZLB_SNAT_CHAIN, on_rule);

	if (reading->rules != EZLB_NFT_SETS)
		reading->actual->sound = false;
	return rc;
}

/* --- the elements -------------------------------------------------------------------------- */

static int on_elem(struct nftnl_set_elem *elem, void *arg)
{
	struct reading *reading = arg;
	struct ezlb_snat_row row;

	if (ezlb_nft_row_parse(reading->family, reading->set, elem, &row) < 0)
		reading->actual->sound = false;
	else
		*EZLB_PUSH(&reading->actual->chain.slots) = (struct ezlb_snat_slot){ .ours = true,
										     .row = row };
	return 0;
}

static int on_elems(void *arg, const struct nlmsghdr *msg)
{
	struct reading *reading = arg;
	struct nftnl_set *set = ezlb_nft_must(nftnl_set_alloc());

	/* It fails only for what libnftnl does not know, which ezlb did not create. */
	if (ezlb_nft_parse_elems(msg, set) < 0)
		reading->actual->sound = false;
	else
		nftnl_set_elem_foreach(set, on_elem, reading);
	nftnl_set_free(set);
	return 0;
}

static int slot_cmp(const void *a, const void *b)
{
	const struct ezlb_snat_slot *x = a, *y = b;

	return ezlb_snat_row_cmp(&x->row, &y->row);
}

/*
 * The kernel dumps a set by position and may resize the set meanwhile: some elements then come
 * twice and as many are missing, without a new generation (nft_rhash_walk() in nft_set_hash.c).
 * Sorts the slots from `start` on.
 */
static bool has_twice(struct ezlb_snat_slots *slots, size_t start)
{
	ezlb_sort(slots->items + start, slots->len - start, sizeof(*slots->items), slot_cmp);
	for (size_t i = start + 1; i < slots->len; i++) {
		if (slot_cmp(&slots->items[i - 1], &slots->items[i]) == 0)
			return true;
	}
	return false;
}

static int read_set(struct reading *reading, enum ezlb_nft_set set)
{
	struct ezlb_snat_slots *slots = &reading->actual->chain.slots;
	const char *name = ezlb_nft_set_str(set);
	size_t start = slots->len;
	int rc;

	reading->set = set;
	reading->known = false;
	rc = get(reading, NFT_MSG_GETSET, name, on_set);
	if (rc < 0 || !reading->known) {
		reading->actual->sound = false;
		return rc;
	}
	rc = dump(reading, NFT_MSG_GETSETELEM, name, on_elems);
	return rc == 0 && slots->len && has_twice(slots, start) ? -EAGAIN : rc;
}

/* --- the whole table ----------------------------------------------------------------------- */

/* If a service is in both sets, the first rule decides; the other element is a duplicate. */
static void find_duplicates(struct ezlb_nft_actual *actual)
{
	ezlb_snat_chain_mark_duplicates(&actual->chain);
	for (size_t i = 0; i < actual->chain.slots.len; i++) {
		if (!actual->chain.slots.items[i].ours)
			actual->sound = false;
	}
}

static int read_parts(void *arg)
{
	struct reading *reading = arg;
	int rc;

	ezlb_nft_actual_clear(reading->actual);
	reading->rules = 0;
	rc = get(reading, NFT_MSG_GETTABLE, NULL, on_table);
	if (rc < 0 || !reading->actual->chain.exists)
		return rc;
	rc = get(reading, NFT_MSG_GETCHAIN, EZLB_SNAT_CHAIN, on_chain);
	if (rc == 0)
		rc = read_rules(reading);
	for (enum ezlb_nft_set set = 0; rc == 0 && set < EZLB_NFT_SETS; set++)
		rc = read_set(reading, set);
	find_duplicates(reading->actual);
	return rc;
}

int ezlb_nft_actual_read(struct ezlb_nl *nl, const struct ezlb_nft_family *family,
			 struct ezlb_nft_actual *actual)
{
	struct reading reading = { .nl = nl, .family = family, .actual = actual };
	uint32_t gen;
	int rc = ezlb_nft_read(nl, read_parts, &reading, &gen);

	if (rc < 0)
		ezlb_nft_actual_clear(actual);
	actual->gen = gen;
	return rc;
}
