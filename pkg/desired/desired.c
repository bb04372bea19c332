// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The merge is a small tournament. A candidate is settled where it stands on the version that is in
 * force already, or claims nothing that this one did not; the others are movers. Movers give up
 * their old claims all at once, so that two can swap, and then try for their new ones in file
 * order. One that loses takes its last version back, from other movers too, who lose in turn. Who
 * lost only to one of those tries again.
 */
#include <ezlb/desired.h>

#include <ezlb/mem.h>
#include <ezlb/table.h>

#include <uthash.h>

enum loss { LOST_NOTHING, LOST_NAME, LOST_LISTENER, LOST_SNAT };

struct entrant {
	struct ezlb_candidate *candidate;
	const struct ezlb_spec *now; /* the version that holds its claims; NULL: none */
	bool settled;
	enum loss lost; /* how fresh lost, to which version of whom, over which backend */
	const struct entrant *rival;
	const struct ezlb_spec *lost_to;
	size_t lost_backend;
};

/* Who holds a name, a listener or the source NAT of a backend; only the last may have several. */
struct claim {
	UT_hash_handle hh;
	struct holders EZLB_VEC(struct entrant *) holders;
	size_t key_len;
	unsigned char key[EZLB_NAME_MAX + 2];
};

struct contest {
	struct entrant *entrants; /* in file order */
	size_t n;
	enum ezlb_snat_key_kind snat_key; /* LISTENER: nobody claims the SNAT of a backend */
	struct claim *claims;
	struct losers EZLB_VEC(struct entrant *) losers; /* to be put back on their last version */
};

/* Claim i of a spec is its name, its listener, or the source NAT of backend i - SNAT_CLAIMS. */
enum { NAME_CLAIM, LISTENER_CLAIM, SNAT_CLAIMS };

static size_t n_claims(const struct contest *contest, const struct ezlb_spec *spec)
{
	bool snat = spec->full_nat && contest->snat_key == EZLB_SNAT_KEY_BACKEND;

	return SNAT_CLAIMS + (snat ? spec->n_backends : 0);
}

static size_t claim_key(const struct ezlb_spec *spec, size_t i, unsigned char *key)
{
	const struct ezlb_endpoint *ep = &spec->listen;
	size_t len = strlen(spec->name);

	key[0] = (unsigned char)(i < SNAT_CLAIMS ? i : SNAT_CLAIMS);
	if (i == NAME_CLAIM) {
		memcpy(key + 1, spec->name, len);
		return len + 1;
	}
	if (i >= SNAT_CLAIMS)
		ep = &spec->backends[i - SNAT_CLAIMS].endpoint;
	key[1] = (unsigned char)spec->proto;
	key[2] = ep->addr.family;
	memcpy(key + 3, ep->addr.bytes, sizeof(ep->addr.bytes));
	key[19] = (unsigned char)(ep->port >> 8);
	key[20] = (unsigned char)ep->port;
	return 21;
}

static struct claim *claim_find(const struct contest *contest, const struct ezlb_spec *spec,
				size_t i)
{
	unsigned char key[EZLB_NAME_MAX + 2];
	size_t len = claim_key(spec, i, key);
	struct claim *claim;

	HASH_FIND(hh, contest->claims, key, len, claim);
	return claim;
}

static struct claim *claim_make(struct contest *contest, const struct ezlb_spec *spec, size_t i)
{
	struct claim *claim = claim_find(contest, spec, i);

	if (claim)
		return claim;
	claim = ezlb_calloc(1, sizeof(*claim));
	claim->key_len = claim_key(spec, i, claim->key);
	HASH_ADD_KEYPTR(hh, contest->claims, claim->key, claim->key_len, claim);
	return claim;
}

static void contest_clear(struct contest *contest)
{
	struct claim *claim, *next;

	HASH_ITER(hh, contest->claims, claim, next) {
		HASH_DEL(contest->claims, claim);
		EZLB_VEC_CLEAR(&claim->holders);
		free(claim);
	}
	EZLB_VEC_CLEAR(&contest->losers);
}

static void take(struct contest *contest, struct entrant *e, const struct ezlb_spec *spec)
{
	e->now = spec;
	for (size_t i = 0; i < n_claims(contest, spec); i++)
		*EZLB_PUSH(&claim_make(contest, spec, i)->holders) = e;
}

static void release(struct contest *contest, struct entrant *e)
{
	for (size_t i = 0; e->now && i < n_claims(contest, e->now); i++) {
		struct holders *holders = &claim_find(contest, e->now, i)->holders;
		size_t k = 0;

		while (holders->items[k] != e)
			k++;
		holders->items[k] = holders->items[--holders->len];
	}
	e->now = NULL;
}

/* Whoever holds claim i of spec so that both cannot be; those who agree on a source NAT can. */
static struct entrant *rival_on(const struct contest *contest, const struct ezlb_spec *spec,
				size_t i)
{
	const struct claim *claim = claim_find(contest, spec, i);
	struct entrant *holder = claim && claim->holders.len ? claim->holders.items[0] : NULL;

	if (holder && i >= SNAT_CLAIMS &&
	    ezlb_range_cmp(&holder->now->snat_ip, &spec->snat_ip) == 0)
		return NULL;
	return holder;
}

/* Its fresh version, where nobody is in the way. */
static bool try_fresh(struct contest *contest, struct entrant *e)
{
	const struct ezlb_spec *fresh = e->candidate->fresh;

	for (size_t i = 0; i < n_claims(contest, fresh); i++) {
		e->rival = rival_on(contest, fresh, i);
		if (!e->rival)
			continue;
		e->lost = i == NAME_CLAIM	? LOST_NAME
			  : i == LISTENER_CLAIM ? LOST_LISTENER
						: LOST_SNAT;
		e->lost_to = e->rival->now;
		e->lost_backend = i - (e->lost == LOST_SNAT ? SNAT_CLAIMS : i);
		return false;
	}
	e->lost = LOST_NOTHING;
	take(contest, e, fresh);
	return true;
}

/* Its last version, against movers that hold something of it now: they become losers. */
static void put_back(struct contest *contest, struct entrant *e)
{
	const struct ezlb_spec *last = e->candidate->last;
	struct entrant *rival;

	e->settled = true;
	for (size_t i = 0; last && i < n_claims(contest, last); i++)
		while ((rival = rival_on(contest, last, i))) {
			if (rival->settled) /* only where two last versions collide */
				return;
			release(contest, rival);
			*EZLB_PUSH(&contest->losers) = rival;
		}
	if (last)
		take(contest, e, last);
}

static bool snat_claim_same(const struct ezlb_spec *a, const struct ezlb_spec *b)
{
	if (!a->full_nat)
		return true;
	if (!b->full_nat || ezlb_range_cmp(&a->snat_ip, &b->snat_ip) != 0)
		return false;
	for (size_t i = 0; i < a->n_backends; i++) {
		bool known = false;

		for (size_t k = 0; k < b->n_backends && !known; k++)
			known = ezlb_endpoint_cmp(&a->backends[i].endpoint,
						  &b->backends[k].endpoint) == 0;
		if (!known)
			return false;
	}
	return true;
}

/* Does `fresh` claim nothing that `last` does not hold already? */
static bool claims_nothing_new(const struct ezlb_spec *fresh, const struct ezlb_spec *last)
{
	return strcmp(fresh->name, last->name) == 0 && fresh->proto == last->proto &&
	       ezlb_endpoint_cmp(&fresh->listen, &last->listen) == 0 &&
	       snat_claim_same(fresh, last);
}

static void enter(struct contest *contest, struct entrant *e, struct ezlb_candidate *candidate)
{
	const struct ezlb_spec *fresh = candidate->fresh, *last = candidate->last;

	e->candidate = candidate;
	e->settled = !fresh || (last && claims_nothing_new(fresh, last));
	if (e->settled && (!fresh || !try_fresh(contest, e)))
		put_back(contest, e);
}

static void play_movers(struct contest *contest)
{
	for (size_t i = 0; i < contest->n; i++) {
		if (contest->entrants[i].settled)
			continue;
		*EZLB_PUSH(&contest->losers) = &contest->entrants[i];
		while (contest->losers.len > 0) {
			struct entrant *e = contest->losers.items[--contest->losers.len];

			if (!try_fresh(contest, e))
				put_back(contest, e);
		}
	}
	for (size_t i = 0; i < contest->n; i++)
		contest->entrants[i].settled = true;
}

/* Who lost to a version that lost in turn may have its claims after all. */
static bool retry_one_by_one(struct contest *contest)
{
	bool any = false;

	for (size_t i = 0; i < contest->n; i++) {
		struct entrant *e = &contest->entrants[i];
		const struct ezlb_spec *now = e->now;

		if (e->lost == LOST_NOTHING || e->rival->now == e->lost_to)
			continue;
		release(contest, e);
		if (try_fresh(contest, e))
			any = true;
		else if (now)
			take(contest, e, now);
	}
	return any;
}

/* All losers are movers again: two of them may swap now that others have settled. */
static bool retry_together(struct contest *contest)
{
	bool any = false;

	for (size_t i = 0; i < contest->n; i++) {
		struct entrant *e = &contest->entrants[i];

		if (e->lost == LOST_NOTHING)
			continue;
		release(contest, e);
		e->settled = false;
		any = true;
	}
	return any;
}

static size_t count_unbeaten(const struct contest *contest)
{
	size_t n = 0;

	for (size_t i = 0; i < contest->n; i++)
		n += contest->entrants[i].lost == LOST_NOTHING;
	return n;
}

/* Until nobody gains any more, so that the same merge again changes nothing. */
static void compete(struct contest *contest)
{
	size_t won = 0, before;

	do {
		play_movers(contest);
		while (retry_one_by_one(contest))
			continue;
		before = won;
		won = count_unbeaten(contest);
	} while (won > before && retry_together(contest));
}

static struct ezlb_mark place_of_backend(const struct ezlb_spec *spec,
					 const struct ezlb_endpoint *endpoint)
{
	for (size_t i = 0; i < spec->n_backends; i++)
		if (ezlb_endpoint_cmp(&spec->backends[i].endpoint, endpoint) == 0)
			return spec->backends[i].at;
	return spec->snat_ip_at;
}

static void report_snat(const struct entrant *e, struct ezlb_diags *diags)
{
	const struct ezlb_spec *spec = e->candidate->fresh, *rival = e->lost_to;
	const struct ezlb_backend *backend = &spec->backends[e->lost_backend];
	struct ezlb_mark at = place_of_backend(rival, &backend->endpoint);
	char ep[EZLB_ENDPOINT_STRLEN];
	struct ezlb_diag *diag;

	diag = ezlb_diags_add(diags, spec->file, backend->at, EZLB_E_SNAT_CONFLICT,
			      "backend %s has another source NAT already, from service '%s' at "
			      "%s:%d:%d",
			      ezlb_endpoint_format(&backend->endpoint, ep), rival->name,
			      rival->file, at.line, at.col);
	diag->help = ezlb_strdup("give both services the same snat_ip, or this one another "
				 "backend port, or run ezlb with --snat-backend nftables");
}

static void report(const struct entrant *e, struct ezlb_diags *diags)
{
	const struct ezlb_spec *spec = e->candidate->fresh, *rival = e->lost_to;
	struct ezlb_service_key listener = ezlb_spec_key(spec);
	char key[EZLB_SERVICE_KEY_STRLEN];
	struct ezlb_diag *diag;

	if (e->lost == LOST_SNAT) {
		report_snat(e, diags);
		return;
	}
	if (e->lost == LOST_NAME)
		diag = ezlb_diags_add(diags, spec->file, spec->name_at, EZLB_E_NAME_TAKEN,
				      "the name '%s' is taken by %s:%d:%d", spec->name, rival->file,
				      rival->name_at.line, rival->name_at.col);
	else
		diag = ezlb_diags_add(diags, spec->file, spec->listen_at, EZLB_E_LISTENER_TAKEN,
				      "the listener %s is taken by service '%s' at %s:%d:%d",
				      ezlb_service_key_format(&listener, key), rival->name,
				      rival->file, rival->listen_at.line, rival->listen_at.col);
	if (e->now)
		diag->help = ezlb_strdup("the last good version of this file stays in force");
}

static int spec_ptr_cmp(const void *pa, const void *pb)
{
	const struct ezlb_spec *a = *(const struct ezlb_spec *const *)pa;
	const struct ezlb_spec *b = *(const struct ezlb_spec *const *)pb;
	struct ezlb_service_key ka = ezlb_spec_key(a), kb = ezlb_spec_key(b);

	return ezlb_service_key_cmp(&ka, &kb);
}

void ezlb_desired_merge(struct ezlb_candidate *candidates, size_t n,
			enum ezlb_snat_key_kind snat_key, struct ezlb_desired *out,
			struct ezlb_diags *diags)
{
	EZLB_AUTO_FREE struct entrant *entrants = ezlb_calloc(n, sizeof(*entrants));
	struct contest contest = { .entrants = entrants, .n = n, .snat_key = snat_key };

	for (size_t i = 0; i < n; i++)
		enter(&contest, &entrants[i], &candidates[i]);
	compete(&contest);
	for (size_t i = 0; i < n; i++) {
		candidates[i].chosen = entrants[i].now;
		if (entrants[i].now)
			*EZLB_PUSH(out) = entrants[i].now;
		if (entrants[i].lost != LOST_NOTHING)
			report(&entrants[i], diags);
	}
	contest_clear(&contest);
	EZLB_SORT(out, spec_ptr_cmp);
}
