// SPDX-License-Identifier: GPL-2.0-or-later
/* diff: compares target and actual with one merge over two sorted arrays per kind of row. */
#include <ezlb/reconcile.h>

#include "guards.h"

typedef bool (*same_fn)(const void *want, const void *have);

/* How to compare the rows of one object. */
struct kind {
	enum ezlb_object object;
	size_t size;
	ezlb_cmp_fn cmp;
	same_fn same;
};

struct rows {
	const char *items;
	size_t len;
};

static bool setting_same(const void *want, const void *have)
{
	const struct ezlb_setting_row *a = want, *b = have;

	return b->value >= a->value;
}

/* For rows without values. */
static bool always_same(const void *want, const void *have)
{
	(void)want;
	(void)have;
	return true;
}

#define KIND(object, row, same)                                               \
	{                                                                     \
		(object), sizeof(struct ezlb_##row), ezlb_##row##_cmp, (same) \
	}
static const struct kind service_kind = KIND(EZLB_OBJECT_SERVICE, service_row,
					     ezlb_service_row_same);
static const struct kind dest_kind = KIND(EZLB_OBJECT_DEST, dest_row, ezlb_dest_row_same);
static const struct kind snat_kind = KIND(EZLB_OBJECT_SNAT, snat_row, ezlb_snat_row_same);
static const struct kind setting_kind = KIND(EZLB_OBJECT_SETTING, setting_row, setting_same);
static const struct kind timeout_kind = KIND(EZLB_OBJECT_TIMEOUT, timeout_row,
					     ezlb_timeout_row_same);
static const struct kind sync_kind = KIND(EZLB_OBJECT_SYNC, sync_row, ezlb_sync_row_same);
static const struct kind accept_kind = KIND(EZLB_OBJECT_ACCEPT, accept_row, always_same);
static const struct kind mark_kind = KIND(EZLB_OBJECT_MARK, mark_row, always_same);
static const struct kind guard_kind = KIND(EZLB_OBJECT_GUARD, guard_row, always_same);
static const struct kind toa_kind = KIND(EZLB_OBJECT_TOA, toa_row, ezlb_toa_row_same);
static const struct kind hook_kind = KIND(EZLB_OBJECT_HOOK, hook_row, always_same);
static const struct kind link_kind = KIND(EZLB_OBJECT_LINK, link_row, always_same);
static const struct kind vip_kind = KIND(EZLB_OBJECT_VIP, vip_row, always_same);

/*
 * A setting or timeout is never added, because the kernel has it or not, and never removed: one
 * that is no longer wanted stays, because other programs may rely on it by now.
 */
static void emit(struct ezlb_plan *plan, const struct kind *kind, enum ezlb_action action,
		 const void *row, const void *old)
{
	bool setting = kind->object == EZLB_OBJECT_SETTING;
	bool stays = setting || kind->object == EZLB_OBJECT_TIMEOUT;
	struct ezlb_op *op;

	if (stays && action == EZLB_ACTION_DEL)
		return;
	op = ezlb_plan_add(plan, ezlb_op_kind_of(kind->object, stays ? EZLB_ACTION_SET : action));
	memcpy(&op->service, row, kind->size);
	if (old)
		memcpy(&op->old_service, old, kind->size);
	else if (setting)
		op->old_setting.value = -1; /* unknown or missing */
}

static void walk(struct ezlb_plan *plan, const struct kind *kind, struct rows want,
		 struct rows have)
{
	size_t w = 0, h = 0;

	while (w < want.len || h < have.len) {
		const void *wrow = want.items + w * kind->size;
		const void *hrow = have.items + h * kind->size;
		int order = w == want.len ? 1 : h == have.len ? -1 : kind->cmp(wrow, hrow);

		if (order < 0)
			emit(plan, kind, EZLB_ACTION_ADD, wrow, NULL);
		else if (order > 0)
			emit(plan, kind, EZLB_ACTION_DEL, hrow, NULL);
		else if (!kind->same(wrow, hrow))
			emit(plan, kind, EZLB_ACTION_SET, wrow, hrow);
		w += order <= 0;
		h += order >= 0;
	}
}

static void diff_frame(struct ezlb_plan *plan, enum ezlb_object frame, bool wanted, bool present,
		       bool sound)
{
	if (wanted && !sound)
		ezlb_plan_add(plan, ezlb_op_kind_of(frame, EZLB_ACTION_ADD));
	else if (!wanted && present)
		ezlb_plan_add(plan, ezlb_op_kind_of(frame, EZLB_ACTION_DEL));
}

/* It has a dest for new connections before the plan, and the plan leaves it that. */
static bool is_ready(const struct ezlb_table *target, const struct ezlb_table *actual,
		     const struct ezlb_service_key *service)
{
	const struct ezlb_dest_row from = { .service = *service }, *now;

	for (size_t i = EZLB_FIRST(&target->dests, &from, ezlb_dest_row_cmp); i < target->dests.len;
	     i++) {
		const struct ezlb_dest_row *want = &target->dests.items[i];

		if (ezlb_service_key_cmp(&want->service, service) != 0)
			break;
		now = EZLB_FIND(&actual->dests, want, ezlb_dest_row_cmp);
		if (want->weight > 0 && now && now->weight > 0)
			return true;
	}
	return false;
}

/* Only if an address is added: else nothing waits. */
static void note_needs(struct ezlb_plan *plan, const struct ezlb_table *target,
		       const struct ezlb_table *actual)
{
	bool any = false;

	for (size_t i = 0; i < plan->len && !any; i++)
		any = plan->items[i].kind == EZLB_OP_VIP_ADD;
	if (!any)
		return;
	EZLB_VEC_COPY(&plan->vip_needs, &target->vip_needs);
	for (size_t i = 0; i < plan->vip_needs.len; i++) {
		struct ezlb_vip_need *need = &plan->vip_needs.items[i];

		need->ready = is_ready(target, actual, &need->service);
	}
}

/* An empty vector has items NULL, and NULL + 0 is undefined. */
#define ROWS(vec) ((struct rows){ (vec).len ? (const char *)(vec).items : "", (vec).len })

void ezlb_reconcile_diff(const struct ezlb_table *target, const struct ezlb_table *actual,
			 struct ezlb_plan *plan)
{
	walk(plan, &setting_kind, ROWS(target->settings), ROWS(actual->settings));
	walk(plan, &link_kind, ROWS(target->links), ROWS(actual->links));
	walk(plan, &vip_kind, ROWS(target->vips), ROWS(actual->vips));
	diff_frame(plan, EZLB_OBJECT_FIREWALL_FRAME, target->accepts_wanted,
		   actual->accepts_present, actual->accepts_sound);
	walk(plan, &accept_kind, ROWS(target->accepts), ROWS(actual->accepts));
	diff_frame(plan, EZLB_OBJECT_SNAT_FRAME, target->snat_wanted, actual->snat_present,
		   actual->snat_sound);
	walk(plan, &snat_kind, ROWS(target->snats), ROWS(actual->snats));
	walk(plan, &mark_kind, ROWS(target->marks), ROWS(actual->marks));
	walk(plan, &guard_kind, ROWS(target->guards), ROWS(actual->guards));
	/* A host that cannot do it has nothing to repair it with. */
	diff_frame(plan, EZLB_OBJECT_TOA_FRAME, target->toa_wanted, actual->toa_present,
		   actual->toa_sound || actual->toa_problem[0]);
	walk(plan, &toa_kind, ROWS(target->toas), ROWS(actual->toas));
	walk(plan, &hook_kind, ROWS(target->hooks), ROWS(actual->hooks));
	walk(plan, &sync_kind, ROWS(target->syncs), ROWS(actual->syncs));
	walk(plan, &timeout_kind, ROWS(target->timeouts), ROWS(actual->timeouts));
	walk(plan, &service_kind, ROWS(target->services), ROWS(actual->services));
	walk(plan, &dest_kind, ROWS(target->dests), ROWS(actual->dests));
	note_needs(plan, target, actual);
	guards_order(target, actual, plan);
	EZLB_SORT(plan, ezlb_op_cmp);
}
