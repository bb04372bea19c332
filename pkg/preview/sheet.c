// SPDX-License-Identifier: GPL-2.0-or-later
#include "sheet.h"

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int owned_cmp(const void *a, const void *b)
{
	const struct owned *x = a, *y = b;

	return ezlb_service_key_cmp(&x->key, &y->key);
}

static int file_cmp(const void *pa, const void *pb)
{
	const struct owner *a = pa, *b = pb;

	return strcmp(base_of(a->spec->file), base_of(b->spec->file));
}

/* Two directories may have files of the same name: then both are shown with their path. */
static void name_files(struct owners *owners)
{
	EZLB_SORT(owners, file_cmp);
	for (size_t i = 0; i < owners->len; i++) {
		struct owner *owner = &owners->items[i];
		bool twice = (i > 0 && file_cmp(owner - 1, owner) == 0) ||
			     (i + 1 < owners->len && file_cmp(owner, owner + 1) == 0);

		owner->file = twice ? owner->spec->file : base_of(owner->spec->file);
	}
}

static void index_owners(struct sheet *sheet)
{
	const struct ezlb_desired *desired = sheet->preview->desired;

	for (size_t i = 0; i < desired->len; i++)
		EZLB_PUSH(&sheet->owners)->spec = desired->items[i];
	name_files(&sheet->owners);
	for (size_t i = 0; i < sheet->owners.len; i++) {
		const struct owner *owner = &sheet->owners.items[i];

		for (size_t k = 0; k < owner->spec->n_listeners; k++)
			*EZLB_PUSH(&sheet->owned) = (struct owned){ owner->spec->listeners[k].key,
								    owner };
	}
	EZLB_SORT(&sheet->owned, owned_cmp);
}

const struct owner *sheet_owner(const struct sheet *sheet, const struct ezlb_service_key *key)
{
	const struct owned of = { .key = *key };
	const struct owned *found = EZLB_FIND(&sheet->owned, &of, owned_cmp);

	return found ? found->owner : NULL;
}

static bool listens_on(const struct ezlb_spec *spec, const struct ezlb_addr *addr)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (ezlb_addr_cmp(&spec->listeners[i].listen.addr, addr) == 0)
			return true;
	return false;
}

const struct owner *sheet_listener(const struct sheet *sheet, const struct ezlb_addr *addr)
{
	const struct owner *found = NULL;

	for (size_t i = 0; i < sheet->owners.len; i++) {
		const struct owner *owner = &sheet->owners.items[i];

		if (listens_on(owner->spec, addr) &&
		    (!found || strcmp(owner->spec->name, found->spec->name) < 0))
			found = owner;
	}
	return found;
}

/* --- who uses a backend -------------------------------------------------------------------- */

static int use_cmp(const void *pa, const void *pb)
{
	const struct use *a = pa, *b = pb;
	int rc = ezlb_snat_key_cmp(&a->key, &b->key);

	if (rc == 0 && a->rank != b->rank)
		rc = a->rank < b->rank ? -1 : 1;
	if (rc != 0 || a->owner == b->owner)
		return rc;
	if (!a->owner || !b->owner) /* a service that stays comes first */
		return a->owner ? -1 : 1;
	return strcmp(a->owner->spec->name, b->owner->spec->name);
}

static void use_backends(struct sheet *sheet, const struct owner *owner,
			 const struct ezlb_service_key *key)
{
	const struct ezlb_spec *spec = owner->spec;

	for (size_t i = 0; i < spec->n_backends; i++) {
		struct use *use = EZLB_PUSH(&sheet->uses);

		use->key = ezlb_snat_key_of(EZLB_SNAT_KEY_BACKEND, key,
					    &spec->backends[i].endpoint);
		use->rank = spec->full_nat ? RANK_SNAT : RANK_PLAIN;
		use->owner = owner;
		use->backend = &spec->backends[i];
	}
}

static void index_uses(struct sheet *sheet)
{
	const struct ezlb_plan *plan = sheet->preview->plan;

	for (size_t i = 0; i < sheet->owned.len; i++)
		use_backends(sheet, sheet->owned.items[i].owner, &sheet->owned.items[i].key);
	for (size_t i = 0; i < plan->len; i++) {
		const struct ezlb_dest_row *dest = &plan->items[i].dest;
		struct use *use;

		if (plan->items[i].kind != EZLB_OP_DEST_DEL)
			continue;
		use = EZLB_PUSH(&sheet->uses);
		use->key = ezlb_snat_key_of(EZLB_SNAT_KEY_BACKEND, &dest->service, &dest->endpoint);
		use->rank = RANK_GONE;
		use->owner = sheet_owner(sheet, &dest->service);
	}
	EZLB_SORT(&sheet->uses, use_cmp);
}

static int use_key_cmp(const void *a, const void *b)
{
	return ezlb_snat_key_cmp(&((const struct use *)a)->key, &((const struct use *)b)->key);
}

/* The first of the *n uses of the backend; NULL: none. */
static const struct use *uses_of(const struct sheet *sheet, const struct ezlb_snat_key *backend,
				 size_t *n)
{
	const struct use key = { .key = *backend };
	size_t low = EZLB_FIRST(&sheet->uses, &key, use_key_cmp);

	for (*n = 0; low + *n < sheet->uses.len; (*n)++)
		if (ezlb_snat_key_cmp(&sheet->uses.items[low + *n].key, backend) != 0)
			break;
	return *n > 0 ? &sheet->uses.items[low] : NULL;
}

const struct use *sheet_use(const struct sheet *sheet, const struct ezlb_snat_key *backend)
{
	size_t n;

	return uses_of(sheet, backend, &n);
}

static bool removes_from(const struct sheet *sheet, const struct owner *owner,
			 const struct ezlb_service_key *service,
			 const struct ezlb_endpoint *backend)
{
	const struct ezlb_snat_key key = ezlb_snat_key_of(EZLB_SNAT_KEY_BACKEND, service, backend);
	size_t n;
	const struct use *uses = uses_of(sheet, &key, &n);

	for (size_t i = 0; i < n; i++)
		if (uses[i].rank == RANK_GONE && uses[i].owner == owner)
			return true;
	return false;
}

bool sheet_removes(const struct sheet *sheet, const struct owner *owner,
		   const struct ezlb_endpoint *backend)
{
	for (size_t i = 0; i < owner->spec->n_listeners; i++)
		if (removes_from(sheet, owner, &owner->spec->listeners[i].key, backend))
			return true;
	return false;
}

const struct ezlb_backend *sheet_backend(const struct owner *owner,
					 const struct ezlb_service_key *key,
					 const struct ezlb_endpoint *dest)
{
	const struct ezlb_spec *spec = owner->spec;

	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_endpoint have = ezlb_dest_endpoint(key,
								     &spec->backends[i].endpoint);

		if (ezlb_endpoint_cmp(&have, dest) == 0)
			return &spec->backends[i];
	}
	return NULL;
}

static int touched_cmp(const void *a, const void *b)
{
	const struct touched *x = a, *y = b;
	int rc = ezlb_service_key_cmp(&x->service, &y->service);

	return rc ? rc : ezlb_endpoint_cmp(&x->dest, &y->dest);
}

static void index_touched(struct sheet *sheet)
{
	const struct ezlb_plan *plan = sheet->preview->plan;

	for (size_t i = 0; i < plan->len; i++)
		if (ezlb_op_object(plan->items[i].kind) == EZLB_OBJECT_DEST)
			*EZLB_PUSH(&sheet->touched) = (struct touched){
				plan->items[i].dest.service, plan->items[i].dest.endpoint
			};
	EZLB_SORT(&sheet->touched, touched_cmp);
}

bool sheet_touches(const struct sheet *sheet, const struct ezlb_service_key *service,
		   const struct ezlb_endpoint *dest)
{
	const struct touched key = { *service, *dest };

	return EZLB_FIND(&sheet->touched, &key, touched_cmp) != NULL;
}

/* --- the items ----------------------------------------------------------------------------- */

static int item_cmp(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;
	int rc = 0;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->group == GROUP_SERVICE)
		rc = strcmp(a->owner->spec->name, b->owner->spec->name);
	if (rc != 0)
		return rc;
	return a->index < b->index ? -1 : a->index > b->index;
}

static void add_items(struct sheet *sheet, const struct ezlb_plan *plan, bool old)
{
	for (size_t i = 0; plan && i < plan->len; i++) {
		struct item *item = EZLB_PUSH(&sheet->items);

		item->op = &plan->items[i];
		item->index = sheet->items.len;
		item->old = old;
		reason_find(sheet, item);
	}
}

void sheet_open(struct sheet *sheet, const struct ezlb_preview *preview)
{
	*sheet = (struct sheet){ .preview = preview };
	index_owners(sheet);
	index_uses(sheet);
	index_touched(sheet);
	add_items(sheet, preview->plan, false);
	add_items(sheet, preview->old, true);
	warnings_add(sheet);
	EZLB_SORT(&sheet->items, item_cmp);
}

void sheet_close(struct sheet *sheet)
{
	EZLB_VEC_CLEAR(&sheet->owners);
	EZLB_VEC_CLEAR(&sheet->owned);
	EZLB_VEC_CLEAR(&sheet->uses);
	EZLB_VEC_CLEAR(&sheet->touched);
	EZLB_VEC_CLEAR(&sheet->items);
}
