// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random histories of a directory: files come, go, change and break, and each merge starts from
 * what the one before it chose. After each merge:
 *
 *   - every chosen version is the fresh or the last one of its file
 *   - no name or listener is claimed twice, nor, in half of them, the source NAT of a backend
 *   - a version in force that claims nothing new is not put out of force by another file
 *   - a fresh version was refused only where it collides with one in force
 *   - the same merge once more changes nothing
 */
#include "cm.h"

#include <ezlb/desired.h>

#include "dice.h"
#include "specs.h"

#define HISTORIES ROUNDS(5000)
#define STEPS	  12
#define FILES	  7

static struct ezlb_spec *random_spec(int file, unsigned crowd)
{
	char path[] = { (char)('a' + file), '\0' }, text[128];
	int n = snprintf(text, sizeof(text), "n%u %s 10.0.0.1:%u", dice(crowd),
			 dice(4) ? "tcp" : "udp", 80 + dice(crowd));

	if (dice(2))
		n += snprintf(text + n, sizeof(text) - (size_t)n, " snat=10.9.0.1-10.9.0.%u",
			      1 + dice(3));
	for (unsigned k = 0; k < crowd; k++)
		if (dice(4) == 0)
			n += snprintf(text + n, sizeof(text) - (size_t)n, " 10.1.0.%u:80", 1 + k);
	return spec_of(path, text);
}

static bool snat_collides(const struct ezlb_spec *a, const struct ezlb_spec *b)
{
	if (!a->full_nat || !b->full_nat || a->proto != b->proto ||
	    ezlb_range_cmp(&a->snat_ip, &b->snat_ip) == 0)
		return false;
	for (size_t i = 0; i < a->n_backends; i++)
		for (size_t k = 0; k < b->n_backends; k++)
			if (ezlb_endpoint_cmp(&a->backends[i].endpoint, &b->backends[k].endpoint) ==
			    0)
				return true;
	return false;
}

static const enum ezlb_snat_key_kind kinds[] = { EZLB_SNAT_KEY_BACKEND, EZLB_SNAT_KEY_LISTENER };

static bool collide(enum ezlb_snat_key_kind snat_key, const struct ezlb_spec *a,
		    const struct ezlb_spec *b)
{
	return strcmp(a->name, b->name) == 0 ||
	       (a->proto == b->proto && ezlb_endpoint_cmp(&a->listen, &b->listen) == 0) ||
	       (snat_key == EZLB_SNAT_KEY_BACKEND && snat_collides(a, b));
}

struct history {
	enum ezlb_snat_key_kind snat_key;
	struct ezlb_candidate files[FILES];
	struct EZLB_VEC(struct ezlb_spec *) made;
	unsigned refused, kept_last, merges;
};

static const struct ezlb_spec *own(struct history *h, struct ezlb_spec *spec)
{
	return *EZLB_PUSH(&h->made) = spec;
}

static void history_clear(struct history *h)
{
	for (size_t i = 0; i < h->made.len; i++)
		ezlb_spec_free(h->made.items[i]);
	EZLB_VEC_CLEAR(&h->made);
}

static bool meets_one_in_force(const struct history *h, int file)
{
	for (int k = 0; k < FILES; k++)
		if (k != file && h->files[k].chosen &&
		    collide(h->snat_key, h->files[k].chosen, h->files[file].fresh))
			return true;
	return false;
}

static void check_file(struct history *h, int i)
{
	const struct ezlb_candidate *c = &h->files[i];

	assert_true(!c->chosen || c->chosen == c->fresh || c->chosen == c->last);
	for (int k = 0; c->chosen && k < i; k++)
		assert_false(h->files[k].chosen &&
			     collide(h->snat_key, c->chosen, h->files[k].chosen));
	/* What was in force may only give way to what its own file says now. */
	assert_true(!c->last || c->chosen);
	if (c->fresh && c->chosen != c->fresh) {
		assert_true(meets_one_in_force(h, i));
		h->refused++;
	}
	h->kept_last += c->fresh && c->last && c->chosen == c->last && c->last != c->fresh;
}

static size_t merge(struct history *h)
{
	struct ezlb_desired desired = { 0 };
	struct ezlb_diags diags = { 0 };
	size_t n_diags, refused = 0;

	ezlb_desired_merge(h->files, FILES, h->snat_key, &desired, &diags);
	for (int i = 0; i < FILES; i++)
		refused += h->files[i].fresh && h->files[i].chosen != h->files[i].fresh;
	n_diags = diags.len;
	assert_int_equal(n_diags, refused);
	EZLB_VEC_CLEAR(&desired);
	ezlb_diags_clear(&diags);
	return n_diags;
}

static void merge_and_check(struct history *h)
{
	const struct ezlb_spec *chosen[FILES];
	size_t n_diags = merge(h);

	h->merges++;
	for (int i = 0; i < FILES; i++) {
		check_file(h, i);
		chosen[i] = h->files[i].last = h->files[i].chosen;
	}
	assert_int_equal(merge(h), n_diags);
	for (int i = 0; i < FILES; i++)
		assert_ptr_equal(h->files[i].chosen, chosen[i]);
}

static void change_files(struct history *h, unsigned crowd)
{
	for (int i = 0; i < FILES; i++)
		switch (dice(6)) {
		case 0: /* edited, or new */
		case 1:
			h->files[i].fresh = own(h, random_spec(i, crowd));
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

static void play(unsigned number, unsigned *refused, unsigned *kept_last)
{
	struct history h = { .snat_key = kinds[number % 2] };

	seed = 0x9e3779b97f4a7c15u * (number + 1);
	for (int step = 0; step < STEPS; step++) {
		change_files(&h, 3 + number % 5);
		merge_and_check(&h);
	}
	*refused += h.refused;
	*kept_last += h.kept_last;
	history_clear(&h);
}

static void test_random_histories(void **state)
{
	unsigned refused = 0, kept_last = 0;

	(void)state;
	for (unsigned i = 0; i < HISTORIES; i++)
		play(i, &refused, &kept_last);
	print_message("%d merges, %u versions refused, %u times the last one kept\n",
		      HISTORIES * STEPS, refused, kept_last);
	assert_true(refused > HISTORIES); /* else the dice are too kind */
	assert_true(kept_last > HISTORIES / 2);
}

/* A caller that breaks its side of the contract gets an answer too, and one without collisions. */
static void test_contradicting_last_versions(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HISTORIES; i++) {
		struct history h = { .snat_key = kinds[i % 2] };

		seed = 0x9e3779b97f4a7c15u * (i + 1);
		for (int k = 0; k < FILES; k++) {
			if (dice(5))
				h.files[k].last = own(&h, random_spec(k, 3 + i % 3));
			h.files[k].fresh = dice(3) ? own(&h, random_spec(k, 3 + i % 3))
						   : h.files[k].last;
		}
		merge(&h);
		for (int k = 0; k < FILES; k++)
			for (int j = 0; h.files[k].chosen && j < k; j++)
				assert_false(
					h.files[j].chosen &&
					collide(h.snat_key, h.files[j].chosen, h.files[k].chosen));
		history_clear(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_histories),
		cmocka_unit_test(test_contradicting_last_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
