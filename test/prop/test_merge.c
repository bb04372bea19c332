// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random histories of directories whose files want ports, ranges of ports, marks and backends that
 * others have, too. After each step the merge, which uses tables and trees, and the oracle, which
 * compares everything with everything:
 *
 *   - choose the same version of each file
 *   - refuse the same versions, for the same claim, and name the same holder and place
 *   - agree with ezlb_desired_fit on whether some versions more fit
 *
 * There are never more dests than may be, and the same merge again changes nothing.
 */
#include "cm.h"

#include "dice.h"
#include "merge_oracle.h"
#include "specs.h"
#include "within.h"

#define HISTORIES ROUNDS(4000)
#define STEPS	  8
#define FILES_MAX 24

struct history {
	enum ezlb_snat_key_kind snat_key;
	unsigned n, addresses, ports; /* files, and what they can choose from */
	size_t max;		      /* dests */
	struct ezlb_candidate files[FILES_MAX];
	struct EZLB_VEC(struct ezlb_spec *) made;
	struct {
		unsigned refused, overlaps, snats, fitting, over;
	} seen;
};

/* `plain`: one port. */
static void add_listener(const struct history *h, char *text, size_t size, bool first, bool plain)
{
	unsigned addr = 1 + dice(h->addresses), port = 1 + dice(h->ports);
	const char *proto = dice(4) ? "tcp" : "udp";

	if (!plain && dice(12) == 0) {
		ezlb_strcatf(text, size, first ? "mark %u" : " +mark/%u", 1 + dice(h->ports));
		return;
	}
	ezlb_strcatf(text, size, first ? "%s 10.0.0.%u:%u" : " +%s/10.0.0.%u:%u", proto, addr,
		     port);
	if (!plain && dice(3) == 0)
		ezlb_strcatf(text, size, "-%u", port + 1 + dice(h->ports / 2));
}

/* As in a file, the listeners of one have no port and no mark in common. */
static void drop_overlaps(struct ezlb_spec *spec)
{
	size_t n = 0;

	for (size_t i = 0; i < spec->n_listeners; i++) {
		bool free = true;

		for (size_t k = 0; k < n; k++)
			free &= !o_overlap(&spec->listeners[k], &spec->listeners[i]) &&
				ezlb_service_key_cmp(&spec->listeners[k].key,
						     &spec->listeners[i].key) != 0;
		if (free)
			spec->listeners[n++] = spec->listeners[i];
	}
	spec->n_listeners = n;
}

/* Some ranges have a mark that does not depend on their ports. */
static void choose_marks(const struct history *h, struct ezlb_spec *spec)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (spec->listeners[i].last_port && dice(2))
			spec->listeners[i].key.fwmark = 1000 + dice(h->ports * 4);
}

static struct ezlb_spec *random_spec(struct history *h, unsigned file)
{
	char path[16], text[1024] = "";
	bool plain = dice(3) == 0;
	struct ezlb_spec *spec;

	snprintf(path, sizeof(path), "f%02u-%zu", file, h->made.len);
	ezlb_strcatf(text, sizeof(text), "n%u ", dice(4) ? file : dice(h->n));
	add_listener(h, text, sizeof(text), true, plain);
	for (unsigned k = dice(5); k > 0; k--)
		add_listener(h, text, sizeof(text), false, plain);
	if (plain)
		ezlb_strcatf(text, sizeof(text), " snat=10.9.0.1-10.9.0.%u", 1 + dice(3));
	for (unsigned k = 1; k < 4; k++)
		if (dice(3) == 0)
			ezlb_strcatf(text, sizeof(text), dice(3) ? " 10.1.0.%u:80" : " 10.1.0.%u",
				     k);
	spec = spec_of(path, text);
	choose_marks(h, spec);
	drop_overlaps(spec);
	return *EZLB_PUSH(&h->made) = spec;
}

static void change_files(struct history *h)
{
	for (unsigned i = 0; i < h->n; i++)
		switch (dice(6)) {
		case 0: /* edited, or new */
		case 1:
			h->files[i].fresh = random_spec(h, i);
			break;
		case 2: /* broken */
			h->files[i].fresh = NULL;
			break;
		case 3: /* deleted */
			if (dice(3) == 0)
				h->files[i] = (struct ezlb_candidate){ NULL, NULL, NULL };
			break;
		}
}

static void check_diag(struct history *h, const struct o_entry *e, const struct ezlb_diag *diag)
{
	const struct ezlb_spec *fresh = e->fresh;
	const struct ezlb_mark at = oracle_place(e);
	char holder[64], text[EZLB_LISTENER_TEXT_STRLEN];

	snprintf(holder, sizeof(holder), "%s:%d:%d", e->holder_spec->file, at.line, at.col);
	assert_non_null(strstr(diag->message, holder));
	if (e->conflict == O_LISTENER) {
		const struct ezlb_listener *listener = &fresh->listeners[e->claim - 1];

		h->seen.overlaps += !ezlb_spec_has(e->holder_spec, &listener->key);
		assert_non_null(strstr(diag->message, ezlb_listener_text(listener, text)));
	}
	h->seen.snats += e->conflict == O_SNAT;
	assert_int_equal(diag->code, e->conflict == O_NAME	 ? EZLB_E_NAME_TAKEN
				     : e->conflict == O_LISTENER ? EZLB_E_LISTENER_TAKEN
								 : EZLB_E_SNAT_CONFLICT);
	assert_string_equal(diag->file, fresh->file);
}

static void check_result(struct history *h, const struct oracle *o, const struct ezlb_diags *diags)
{
	size_t k = 0;

	for (size_t i = 0; i < o->n; i++) {
		const struct o_entry *e = &o->entries[i];

		assert_ptr_equal(h->files[i].chosen, e->now);
		if (e->conflict != O_NONE) {
			assert_true(k < diags->len);
			check_diag(h, e, &diags->items[k++]);
		} else if (o->over[i]) {
			assert_true(k < diags->len);
			assert_int_equal(diags->items[k].code, EZLB_E_TOTAL);
			assert_string_equal(diags->items[k++].file, h->files[i].fresh->file);
			h->seen.over++;
		} else if (h->files[i].fresh && !e->fresh) {
			assert_true(k < diags->len);
			assert_int_equal(diags->items[k++].code, EZLB_E_SNAT_MARK);
		}
	}
	assert_int_equal(k, diags->len);
	h->seen.refused += (unsigned)k;
}

/* Some more fit if the oracle, to which the others are settled, refuses none of them. */
static void check_fit(struct history *h, const struct ezlb_desired *desired)
{
	unsigned n_more = 1 + dice(3);
	size_t n = desired->len + n_more;
	struct ezlb_candidate *candidates = ezlb_calloc(n, sizeof(*candidates));
	struct ezlb_desired more = { 0 };
	bool fit = true;
	struct oracle o;

	for (size_t i = 0; i < desired->len; i++)
		candidates[i].fresh = candidates[i].last = desired->items[i];
	for (unsigned i = 0; i < n_more; i++)
		candidates[desired->len + i].fresh = *EZLB_PUSH(&more) = random_spec(h,
										     FILES_MAX + i);
	oracle_merge(&o, candidates, n, h->snat_key, h->max);
	for (size_t i = desired->len; i < n; i++)
		fit &= o.entries[i].now != NULL;
	assert_int_equal(desired_fit_within(&more, desired, h->snat_key, h->max), fit);
	h->seen.fitting += fit;
	EZLB_VEC_CLEAR(&more);
	oracle_clear(&o);
	free(candidates);
}

static void check_again(struct history *h, const struct ezlb_diags *before)
{
	struct ezlb_desired desired = { 0 };
	struct ezlb_diags diags = { 0 };

	desired_merge_within(h->files, h->n, h->snat_key, h->max, &desired, &diags);
	for (unsigned i = 0; i < h->n; i++)
		assert_ptr_equal(h->files[i].chosen, h->files[i].last);
	assert_int_equal(diags.len, before->len);
	EZLB_VEC_CLEAR(&desired);
	ezlb_diags_clear(&diags);
}

static void merge_and_check(struct history *h)
{
	size_t n_dests = 0;
	struct ezlb_desired desired = { 0 };
	struct ezlb_diags diags = { 0 };
	struct oracle o;

	desired_merge_within(h->files, h->n, h->snat_key, h->max, &desired, &diags);
	oracle_merge(&o, h->files, h->n, h->snat_key, h->max);
	check_result(h, &o, &diags);
	check_fit(h, &desired);
	for (unsigned i = 0; i < h->n; i++) {
		n_dests += desired_dests(h->files[i].chosen);
		h->files[i].last = h->files[i].chosen;
	}
	assert_true(n_dests <= h->max);
	check_again(h, &diags);
	oracle_clear(&o);
	EZLB_VEC_CLEAR(&desired);
	ezlb_diags_clear(&diags);
}

static void test_merge_and_oracle(void **state)
{
	unsigned refused = 0, overlaps = 0, snats = 0, fitting = 0, over = 0;

	(void)state;
	for (unsigned i = 0; i < HISTORIES; i++) {
		struct history h = { .snat_key = i % 2 ? EZLB_SNAT_KEY_BACKEND
						       : EZLB_SNAT_KEY_LISTENER };

		seed = 0x9e3779b97f4a7c15u * (i + 1);
		h.n = 2 + dice(FILES_MAX - 1);
		h.addresses = 1 + dice(3);
		h.ports = 4 + dice(60);
		h.max = dice(3) ? SIZE_MAX : dice(60);
		for (int step = 0; step < STEPS; step++) {
			change_files(&h);
			merge_and_check(&h);
		}
		refused += h.seen.refused;
		overlaps += h.seen.overlaps;
		snats += h.seen.snats;
		fitting += h.seen.fitting;
		over += h.seen.over;
		for (size_t k = 0; k < h.made.len; k++)
			ezlb_spec_free(h.made.items[k]);
		EZLB_VEC_CLEAR(&h.made);
	}
	print_message("%d merges: %u versions refused, %u of them for a part of a range, %u for a "
		      "source NAT, %u for the number of dests; %u more would fit\n",
		      HISTORIES * STEPS, refused, overlaps, snats, over, fitting);
	assert_true(refused > HISTORIES * STEPS);
	assert_true(overlaps > HISTORIES && snats > HISTORIES / 4 && fitting > HISTORIES / 4);
	assert_true(over > HISTORIES);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_merge_and_oracle) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
