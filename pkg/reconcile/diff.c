// SPDX-License-Identifier: GPL-2.0-or-later
/* One merge walk over two sorted arrays, for every kind of row. */
#include <ezlb/reconcile.h>

#include <stdlib.h>

typedef bool (*same_fn)(const void *want, const void *have);

/* How a kind of row becomes ops; EZLB_OPS where that op does not exist for it. */
struct kind {
	size_t size;
	ezlb_cmp_fn cmp;
	same_fn same;
	enum ezlb_op_kind add, set, del;
};

struct rows {
	const char *items;
	size_t len;
};

static bool service_same(const void *want, const void *have)
{
	return ezlb_service_row_same(want, have);
}

static bool dest_same(const void *want, const void *have)
{
	return ezlb_dest_row_same(want, have);
}

static bool snat_same(const void *want, const void *have)
{
	return ezlb_snat_row_same(want, have);
}

static bool setting_same(const void *want, const void *have)
{
	const struct ezlb_setting_row *a = want, *b = have;

	return b->value >= a->value;
}

/* Rows that are all key. */
static bool always_same(const void *want, const void *have)
{
	(void)want;
	(void)have;
	return true;
}

static const struct kind service_kind = { sizeof(struct ezlb_service_row),
					  ezlb_service_row_cmp,
					  service_same,
					  EZLB_OP_SERVICE_ADD,
					  EZLB_OP_SERVICE_SET,
					  EZLB_OP_SERVICE_DEL };
static const struct kind dest_kind = { sizeof(struct ezlb_dest_row),
				       ezlb_dest_row_cmp,
				       dest_same,
				       EZLB_OP_DEST_ADD,
				       EZLB_OP_DEST_SET,
				       EZLB_OP_DEST_DEL };
static const struct kind snat_kind = { sizeof(struct ezlb_snat_row),
				       ezlb_snat_row_cmp,
				       snat_same,
				       EZLB_OP_SNAT_ADD,
				       EZLB_OP_SNAT_SET,
				       EZLB_OP_SNAT_DEL };
/* A setting that nobody wants is left as it is: others may have come to rely on it. */
static const struct kind setting_kind = { sizeof(struct ezlb_setting_row),
					  ezlb_setting_row_cmp,
					  setting_same,
					  EZLB_OP_HOST_SET,
					  EZLB_OP_HOST_SET,
					  EZLB_OPS };

static const struct kind accept_kind = { sizeof(struct ezlb_accept_row),
					 ezlb_accept_row_cmp,
					 always_same,
					 EZLB_OP_ACCEPT_ADD,
					 EZLB_OPS,
					 EZLB_OP_ACCEPT_DEL };
static const struct kind link_kind = { sizeof(struct ezlb_link_row),
				       ezlb_link_row_cmp,
				       always_same,
				       EZLB_OP_LINK_ADD,
				       EZLB_OPS,
				       EZLB_OP_LINK_DEL };
static const struct kind vip_kind = { sizeof(struct ezlb_vip_row),
				      ezlb_vip_row_cmp,
				      always_same,
				      EZLB_OP_VIP_ADD,
				      EZLB_OPS,
				      EZLB_OP_VIP_DEL };

static void emit(struct ezlb_plan *plan, const struct kind *kind, enum ezlb_op_kind op_kind,
		 const void *row, const void *old)
{
	struct ezlb_op *op;

	if (op_kind == EZLB_OPS)
		return;
	op = ezlb_plan_add(plan, op_kind);
	memcpy(&op->service, row, kind->size);
	if (old)
		memcpy(&op->old_service, old, kind->size);
	else if (op_kind == EZLB_OP_HOST_SET)
		op->old_setting.value = -1; /* not known, or not there */
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
			emit(plan, kind, kind->add, wrow, NULL);
		else if (order > 0)
			emit(plan, kind, kind->del, hrow, NULL);
		else if (!kind->same(wrow, hrow))
			emit(plan, kind, kind->set, wrow, hrow);
		w += order <= 0;
		h += order >= 0;
	}
}

static void firewall_frame(const struct ezlb_table *target, const struct ezlb_table *actual,
			   struct ezlb_plan *plan)
{
	if (target->accepts_wanted && !actual->accepts_sound)
		ezlb_plan_add(plan, EZLB_OP_FIREWALL_SETUP);
	else if (!target->accepts_wanted && actual->accepts_present)
		ezlb_plan_add(plan, EZLB_OP_FIREWALL_TEARDOWN);
}

static void snat_frame(const struct ezlb_table *target, const struct ezlb_table *actual,
		       struct ezlb_plan *plan)
{
	if (target->snat_wanted && !actual->snat_sound)
		ezlb_plan_add(plan, EZLB_OP_SNAT_SETUP);
	else if (!target->snat_wanted && actual->snat_present)
		ezlb_plan_add(plan, EZLB_OP_SNAT_TEARDOWN);
}

/* The order of the kinds is the order of execution; within one, the order in which they came. */
static int op_cmp(const void *pa, const void *pb)
{
	const struct ezlb_op *a = pa, *b = pb;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	switch (a->kind) {
	case EZLB_OP_HOST_SET:
	case EZLB_OP_HOST_RESET:
		return ezlb_setting_row_cmp(&a->setting, &b->setting);
	case EZLB_OP_SERVICE_ADD:
	case EZLB_OP_SERVICE_SET:
	case EZLB_OP_SERVICE_DEL:
		return ezlb_service_row_cmp(&a->service, &b->service);
	case EZLB_OP_DEST_ADD:
	case EZLB_OP_DEST_SET:
	case EZLB_OP_DEST_DEL:
		return ezlb_dest_row_cmp(&a->dest, &b->dest);
	case EZLB_OP_SNAT_ADD:
	case EZLB_OP_SNAT_SET:
	case EZLB_OP_SNAT_DEL:
		return ezlb_snat_row_cmp(&a->snat, &b->snat);
	case EZLB_OP_ACCEPT_ADD:
	case EZLB_OP_ACCEPT_DEL:
		return ezlb_accept_row_cmp(&a->accept, &b->accept);
	case EZLB_OP_LINK_ADD:
	case EZLB_OP_LINK_DEL:
		return ezlb_link_row_cmp(&a->link, &b->link);
	case EZLB_OP_VIP_ADD:
	case EZLB_OP_VIP_DEL:
		return ezlb_vip_row_cmp(&a->vip, &b->vip);
	case EZLB_OP_FIREWALL_SETUP:
	case EZLB_OP_FIREWALL_TEARDOWN:
	case EZLB_OP_SNAT_SETUP:
	case EZLB_OP_SNAT_TEARDOWN:
	case EZLB_OPS:
		break;
	}
	return 0;
}

/* An empty vector has no items, and even NULL + 0 is undefined. */
#define ROWS(vec) ((struct rows){ (vec).len ? (const char *)(vec).items : "", (vec).len })

void ezlb_reconcile_diff(const struct ezlb_table *target, const struct ezlb_table *actual,
			 struct ezlb_plan *plan)
{
	walk(plan, &setting_kind, ROWS(target->settings), ROWS(actual->settings));
	walk(plan, &link_kind, ROWS(target->links), ROWS(actual->links));
	walk(plan, &vip_kind, ROWS(target->vips), ROWS(actual->vips));
	firewall_frame(target, actual, plan);
	walk(plan, &accept_kind, ROWS(target->accepts), ROWS(actual->accepts));
	snat_frame(target, actual, plan);
	walk(plan, &snat_kind, ROWS(target->snats), ROWS(actual->snats));
	walk(plan, &service_kind, ROWS(target->services), ROWS(actual->services));
	walk(plan, &dest_kind, ROWS(target->dests), ROWS(actual->dests));
	EZLB_SORT(plan, op_cmp);
}
