// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The merge is a small tournament. A candidate is settled when it stands on the version that is in
 * force already (nothing to claim anew, or it has lost its new claim); the others are movers.
 * Settled claims are taken first, then movers in file order. A mover that loses falls back to its
 * last version and is settled from then on, which may cost another mover its claim: so the round is
 * played again. Each round settles one more candidate, so it ends.
 */
#include <ezlb/desired.h>

#include <ezlb/mem.h>
#include <ezlb/table.h>

#include <uthash.h>

/* What a spec claims, as bytes, and by whom it is held. */
struct claim {
	UT_hash_handle hh;
	const struct ezlb_spec *holder;
	struct ezlb_addr snat_to; /* claims on a backend's SNAT agree where this is equal */
	size_t key_len;
	unsigned char key[EZLB_NAME_MAX + 2];
};

enum loss { LOST_NOTHING, LOST_NAME, LOST_LISTENER, LOST_SNAT };

struct entrant {
	struct ezlb_candidate *candidate;
	const struct ezlb_spec *now; /* the version it competes with, NULL: out */
	bool settled;
	enum loss lost; /* how fresh lost */
	const struct ezlb_spec *lost_to;
	size_t lost_backend; /* index, for LOST_SNAT */
	bool retried;
};

static size_t name_key(const struct ezlb_spec *spec, unsigned char *key)
{
	size_t len = strlen(spec->name);

	key[0] = 'n';
	memcpy(key + 1, spec->name, len);
	return len + 1;
}

static size_t endpoint_key(char kind, enum ezlb_proto proto, const struct ezlb_endpoint *ep,
			   unsigned char *key)
{
	key[0] = (unsigned char)kind;
	key[1] = (unsigned char)proto;
	key[2] = ep->addr.family;
	memcpy(key + 3, ep->addr.bytes, sizeof(ep->addr.bytes));
	key[19] = (unsigned char)(ep->port >> 8);
	key[20] = (unsigned char)ep->port;
	return 21;
}

static struct claim *claim_find(struct claim *claims, const unsigned char *key, size_t len)
{
	struct claim *claim;

	HASH_FIND(hh, claims, key, len, claim);
	return claim;
}

static void claim_add(struct claim **claims, const unsigned char *key, size_t len,
		      const struct ezlb_spec *holder)
{
	struct claim *claim = ezlb_calloc(1, sizeof(*claim));

	memcpy(claim->key, key, len);
	claim->key_len = len;
	claim->holder = holder;
	claim->snat_to = holder->snat_ip;
	HASH_ADD_KEYPTR(hh, *claims, claim->key, claim->key_len, claim);
}

static void claims_free(struct claim **claims)
{
	struct claim *claim, *next;

	HASH_ITER(hh, *claims, claim, next) {
		HASH_DEL(*claims, claim);
		free(claim);
	}
}

/* Whoever holds something that spec needs. */
static enum loss find_rival(struct claim *claims, const struct ezlb_spec *spec,
			    const struct ezlb_spec **holder, size_t *backend)
{
	unsigned char key[sizeof(claims->key)];
	struct claim *claim = claim_find(claims, key, name_key(spec, key));

	*holder = claim ? claim->holder : NULL;
	if (claim)
		return LOST_NAME;
	claim = claim_find(claims, key, endpoint_key('l', spec->proto, &spec->listen, key));
	*holder = claim ? claim->holder : NULL;
	if (claim)
		return LOST_LISTENER;
	for (size_t i = 0; spec->full_nat && i < spec->n_backends; i++) {
		size_t len = endpoint_key('s', spec->proto, &spec->backends[i].endpoint, key);

		claim = claim_find(claims, key, len);
		if (!claim || ezlb_addr_cmp(&claim->snat_to, &spec->snat_ip) == 0)
			continue;
		*holder = claim->holder;
		*backend = i;
		return LOST_SNAT;
	}
	return LOST_NOTHING;
}

static void take_claims(struct claim **claims, const struct ezlb_spec *spec)
{
	unsigned char key[sizeof((*claims)->key)];

	claim_add(claims, key, name_key(spec, key), spec);
	claim_add(claims, key, endpoint_key('l', spec->proto, &spec->listen, key), spec);
	for (size_t i = 0; spec->full_nat && i < spec->n_backends; i++) {
		size_t len = endpoint_key('s', spec->proto, &spec->backends[i].endpoint, key);

		if (!claim_find(*claims, key, len))
			claim_add(claims, key, len, spec);
	}
}

static bool snat_claim_same(const struct ezlb_spec *a, const struct ezlb_spec *b)
{
	if (!a->full_nat)
		return true;
	if (!b->full_nat || ezlb_addr_cmp(&a->snat_ip, &b->snat_ip) != 0)
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

static void enter(struct entrant *entrant, struct ezlb_candidate *candidate)
{
	const struct ezlb_spec *fresh = candidate->fresh, *last = candidate->last;

	entrant->candidate = candidate;
	entrant->now = fresh ? fresh : last;
	entrant->settled = !fresh || (last && claims_nothing_new(fresh, last));
}

/* One round; true where somebody lost and another round is due. */
static bool play(struct entrant *entrants, size_t n, bool settled, struct claim **claims)
{
	bool again = false;

	for (size_t i = 0; i < n; i++) {
		struct entrant *e = &entrants[i];
		const struct ezlb_spec *rival;
		enum loss why;
		size_t backend = 0;

		if (!e->now || e->settled != settled)
			continue;
		why = find_rival(*claims, e->now, &rival, &backend);
		if (why == LOST_NOTHING) {
			take_claims(claims, e->now);
			continue;
		}
		if (e->now == e->candidate->fresh) {
			e->lost = why;
			e->lost_to = rival;
			e->lost_backend = backend;
		}
		e->now = e->now == e->candidate->last ? NULL : e->candidate->last;
		e->settled = true;
		again = true;
	}
	return again;
}

static void report_snat(const struct entrant *e, struct ezlb_diags *diags)
{
	const struct ezlb_spec *spec = e->candidate->fresh;
	const struct ezlb_backend *backend = &spec->backends[e->lost_backend];
	char ep[EZLB_ENDPOINT_STRLEN];
	struct ezlb_diag *diag;

	diag = ezlb_diags_add(diags, spec->file, backend->at, EZLB_E_SNAT_CONFLICT,
			      "backend %s has another source NAT already, from service '%s' at %s",
			      ezlb_endpoint_format(&backend->endpoint, ep), e->lost_to->name,
			      e->lost_to->file);
	diag->help = ezlb_strdup("give both services the same snat_ip, or this one another "
				 "backend port");
}

static void report(const struct entrant *e, struct ezlb_diags *diags)
{
	const struct ezlb_spec *spec = e->candidate->fresh, *rival = e->lost_to;
	struct ezlb_service_key listener = { spec->proto, spec->listen };
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
	struct ezlb_service_key ka = { a->proto, a->listen }, kb = { b->proto, b->listen };

	return ezlb_service_key_cmp(&ka, &kb);
}

/* Rounds until nobody loses. */
static void settle(struct entrant *entrants, size_t n)
{
	struct claim *claims = NULL;
	bool again = true;

	while (again) {
		claims_free(&claims);
		again = play(entrants, n, true, &claims);
		again = play(entrants, n, false, &claims) || again;
	}
	claims_free(&claims);
}

/* Who lost to a version that lost in turn gets one more chance; true where there is one. */
static bool revive(struct entrant *entrants, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		struct entrant *e = &entrants[i];
		bool in_force = false;

		if (e->lost == LOST_NOTHING || e->retried)
			continue;
		for (size_t k = 0; k < n && !in_force; k++)
			in_force = entrants[k].now == e->lost_to;
		if (in_force)
			continue;
		*e = (struct entrant){ .candidate = e->candidate,
				       .now = e->candidate->fresh,
				       .retried = true };
		any = true;
	}
	return any;
}

void ezlb_desired_merge(struct ezlb_candidate *candidates, size_t n, struct ezlb_desired *out,
			struct ezlb_diags *diags)
{
	EZLB_AUTO_FREE struct entrant *entrants = ezlb_calloc(n, sizeof(*entrants));

	for (size_t i = 0; i < n; i++)
		enter(&entrants[i], &candidates[i]);
	do
		settle(entrants, n);
	while (revive(entrants, n));
	for (size_t i = 0; i < n; i++) {
		candidates[i].chosen = entrants[i].now;
		if (entrants[i].now)
			*EZLB_PUSH(out) = entrants[i].now;
		if (entrants[i].lost != LOST_NOTHING)
			report(&entrants[i], diags);
	}
	EZLB_SORT(out, spec_ptr_cmp);
}
