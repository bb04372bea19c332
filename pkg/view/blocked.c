// SPDX-License-Identifier: GPL-2.0-or-later
#include "blocked.h"

static int blocked_cmp(const void *pa, const void *pb)
{
	const struct blocked_op *a = pa, *b = pb;

	return ezlb_subject_cmp(&a->subject, &b->subject);
}

/* A failed op is more important than a held one. */
static void keep(const struct ezlb_op **kept, const struct ezlb_op *op)
{
	if (!*kept || ((*kept)->rc >= 0 && op->rc < 0))
		*kept = op;
}

static void stop(struct blocked *blocked, unsigned needs, const struct ezlb_op *op)
{
	for (int i = 0; i < EZLB_NEEDS; i++)
		if (needs & 1u << i)
			keep(&blocked->needs[i], op);
}

static void take(struct blocked *blocked, const struct ezlb_op *op)
{
	const struct ezlb_subject subject = ezlb_op_subject(op);
	enum ezlb_action action = ezlb_op_action(op->kind);
	struct blocked_op *item;

	/* An object that should be gone blocks no service, except a dest that still serves. */
	if ((action == EZLB_ACTION_DEL && op->kind != EZLB_OP_DEST_DEL) ||
	    action == EZLB_ACTION_RESET)
		return;
	/* Services work without these. */
	if (ezlb_op_object(op->kind) == EZLB_OBJECT_GUARD)
		return;
	if (ezlb_op_layer(op->kind) == EZLB_LAYER_TOA) {
		*EZLB_PUSH(&blocked->toa) = op;
		return;
	}
	if (subject.kind == EZLB_SUBJECT_SETTING) {
		stop(blocked, ezlb_setting_facts(subject.setting.setting)->stops, op);
	} else if (op->kind == EZLB_OP_SNAT_SETUP) {
		stop(blocked, 1u << EZLB_NEED_NAT4 | 1u << EZLB_NEED_NAT6, op);
	} else if (subject.kind == EZLB_SUBJECT_FRAME || subject.kind == EZLB_SUBJECT_LINK) {
		keep(&blocked->everybody, op);
	} else {
		item = EZLB_PUSH(&blocked->ops);
		item->subject = subject;
		item->op = op;
	}
}

void blocked_find(struct blocked *blocked, const struct ezlb_plan *plan)
{
	*blocked = (struct blocked){ .everybody = NULL };
	for (size_t i = 0; i < plan->len; i++)
		if (plan->items[i].rc != 0)
			take(blocked, &plan->items[i]);
	EZLB_SORT(&blocked->ops, blocked_cmp);
}

static void search(const struct blocked *blocked, const struct ezlb_subject *subject,
		   const struct ezlb_op **found)
{
	const struct blocked_op want = { .subject = *subject };
	const struct blocked_op *at = EZLB_FIND(&blocked->ops, &want, blocked_cmp);
	const struct blocked_op *end = blocked->ops.items + blocked->ops.len;

	if (!at)
		return;
	while (at > blocked->ops.items && blocked_cmp(at - 1, &want) == 0)
		at--;
	for (; at < end && blocked_cmp(at, &want) == 0; at++)
		keep(found, at->op);
}

static void search_listener(const struct blocked *blocked, const struct ezlb_spec *spec,
			    const struct ezlb_listener *listener, const struct ezlb_op **found)
{
	struct ezlb_subject subject = { .kind = EZLB_SUBJECT_SERVICE, .service = listener->key };

	search(blocked, &subject, found);
	subject = (struct ezlb_subject){ .kind = EZLB_SUBJECT_ADDR, .addr = listener->listen.addr };
	search(blocked, &subject, found);
	subject = (struct ezlb_subject){ .kind = EZLB_SUBJECT_BACKEND };
	for (size_t i = 0; spec->full_nat && i < spec->n_backends; i++) {
		subject.backend = ezlb_snat_key_of(EZLB_SNAT_KEY_BACKEND, &listener->key,
						   &spec->backends[i].endpoint);
		search(blocked, &subject, found);
	}
}

const struct ezlb_op *blocked_by(const struct blocked *blocked, const struct ezlb_spec *spec)
{
	unsigned needs = ezlb_spec_needs(spec);
	const struct ezlb_op *found = NULL;

	if (blocked->everybody)
		keep(&found, blocked->everybody);
	for (int i = 0; i < EZLB_NEEDS; i++)
		if (blocked->needs[i] && needs & 1u << i)
			keep(&found, blocked->needs[i]);
	if (blocked->ops.len == 0)
		return found;
	for (size_t i = 0; i < spec->n_listeners; i++)
		search_listener(blocked, spec, &spec->listeners[i], &found);
	return found;
}

void blocked_clear(struct blocked *blocked)
{
	EZLB_VEC_CLEAR(&blocked->ops);
	EZLB_VEC_CLEAR(&blocked->toa);
}
