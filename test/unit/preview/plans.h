/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plans: plans, sets and verdicts for previews, and the preview as text. */
#pragma once

#include "specs.h"

#include <sys/socket.h>

#include <ezlb/preview.h>

#define MAX_SPECS 4

/* What a preview is of; `preview` points into the rest. */
struct scene {
	struct ezlb_plan plan, old;
	struct ezlb_desired desired;
	struct ezlb_verdicts verdicts;
	struct ezlb_roster roster;
	struct ezlb_diags diags;
	struct ezlb_scope foreign;
	struct ezlb_spec *specs[MAX_SPECS];
	struct ezlb_preview preview;
};

static inline struct ezlb_endpoint ep_of(const char *text)
{
	struct ezlb_endpoint ep;

	assert_int_equal(ezlb_endpoint_parse(text, &ep, NULL), 0);
	return ep;
}

static inline struct ezlb_addr addr_of(const char *text)
{
	struct ezlb_addr addr;

	assert_int_equal(ezlb_addr_parse(text, &addr, NULL), 0);
	return addr;
}

static inline struct scene *scene_open(void)
{
	struct scene *scene = ezlb_calloc(1, sizeof(*scene));

	scene->preview = (struct ezlb_preview){ .plan = &scene->plan,
						.old = &scene->old,
						.desired = &scene->desired,
						.verdicts = &scene->verdicts,
						.roster = &scene->roster,
						.now_ms = 1000,
						.diags = &scene->diags,
						.foreign = &scene->foreign };
	return scene;
}

static inline void scene_close(struct scene *scene)
{
	for (size_t i = 0; i < scene->desired.len; i++)
		ezlb_spec_free(scene->specs[i]);
	ezlb_plan_clear(&scene->plan);
	ezlb_plan_clear(&scene->old);
	EZLB_VEC_CLEAR(&scene->desired);
	EZLB_VEC_CLEAR(&scene->verdicts);
	ezlb_roster_clear(&scene->roster);
	EZLB_VEC_CLEAR(&scene->foreign);
	ezlb_diags_clear(&scene->diags);
	free(scene);
}

/* A service of the set, in the words of specs.h. */
static inline struct ezlb_spec *add_spec(struct scene *scene, const char *file, const char *text)
{
	struct ezlb_spec *spec = spec_of(file, text);

	scene->specs[scene->desired.len] = spec;
	*EZLB_PUSH(&scene->desired) = spec;
	return spec;
}

static inline struct ezlb_verdict_row *add_verdict(struct scene *scene, const char *service,
						   const char *backend, enum ezlb_verdict verdict)
{
	struct ezlb_verdict_row *row = EZLB_PUSH(&scene->verdicts);

	ezlb_strcpy(row->service, sizeof(row->service), service);
	row->backend = ep_of(backend);
	row->verdict = verdict;
	return row;
}

/* A backend that its last probe has found down. */
static inline void add_down(struct scene *scene, const char *service, const char *backend,
			    enum ezlb_outcome outcome, int code)
{
	struct ezlb_verdict_row *row = add_verdict(scene, service, backend, EZLB_DOWN);

	row->probed = true;
	row->outcome = outcome;
	row->code = code;
}

/* Rows in order; `index` is that of the backend in its file. */
static inline struct ezlb_roster_row *add_role(struct scene *scene, const char *listen,
					       const char *backend, size_t index,
					       enum ezlb_role role)
{
	struct ezlb_roster_row *row = EZLB_PUSH(&scene->roster.rows);

	row->service.listen = ep_of(listen);
	row->backend = ep_of(backend);
	row->index = index;
	row->role = role;
	row->weight = 3;
	row->full = 10;
	row->until_ms = 13000;
	row->active = 12;
	return row;
}

/* A tcp listener that a foreign virtual service has. */
static inline void add_foreign(struct scene *scene, const char *listen)
{
	*EZLB_PUSH(&scene->foreign) = (struct ezlb_service_key){ .listen = ep_of(listen) };
}

static inline void add_diag(struct scene *scene, const char *file, int line)
{
	ezlb_diags_add(&scene->diags, file, (struct ezlb_mark){ line, 9 }, EZLB_E_ADDRESS,
		       "this is wrong");
}

static inline struct ezlb_op *add_service(struct scene *scene, enum ezlb_op_kind kind,
					  const char *listen)
{
	struct ezlb_op *op = ezlb_plan_add(&scene->plan, kind);

	op->service.key.listen = ep_of(listen);
	ezlb_strcpy(op->service.scheduler, sizeof(op->service.scheduler), "wrr");
	op->service.netmask = op->service.key.listen.addr.family == AF_INET6 ? 128 : ~0u;
	op->old_service = op->service;
	op->old_service = op->service;
	return op;
}

static inline struct ezlb_op *add_dest(struct scene *scene, enum ezlb_op_kind kind,
				       const char *listen, const char *backend)
{
	struct ezlb_op *op = ezlb_plan_add(&scene->plan, kind);

	op->dest.service.listen = ep_of(listen);
	op->dest.endpoint = ep_of(backend);
	op->dest.weight = 1;
	op->old_dest = op->dest;
	return op;
}

/* to NULL: masquerade */
static inline struct ezlb_op *add_snat(struct scene *scene, enum ezlb_op_kind kind, const char *key,
				       const char *to)
{
	struct ezlb_op *op = ezlb_plan_add(&scene->plan, kind);

	op->snat.key.endpoint = ep_of(key);
	if (to)
		assert_int_equal(ezlb_range_parse(to, &op->snat.to, NULL), 0);
	return op;
}

static inline struct ezlb_op *add_setting(struct scene *scene, enum ezlb_op_kind kind,
					  enum ezlb_setting setting, int was)
{
	struct ezlb_op *op = ezlb_plan_add(&scene->plan, kind);

	op->setting.setting = op->old_setting.setting = setting;
	op->setting.value = 1;
	op->old_setting.value = was;
	return op;
}

static inline struct ezlb_op *add_toa(struct scene *scene, enum ezlb_op_kind kind,
				      const char *listen, enum ezlb_toa_mode mode)
{
	struct ezlb_op *op = ezlb_plan_add(&scene->plan, kind);

	op->toa = (struct ezlb_toa_row){ { EZLB_TCP, ep_of(listen), 0 }, mode, 254 };
	op->old_toa = op->toa;
	return op;
}

static inline void add_hook(struct scene *scene, enum ezlb_op_kind kind, const char *device)
{
	strcpy(ezlb_plan_add(&scene->plan, kind)->hook.device, device);
}

/* The caller frees. */
static inline char *text_of(const struct scene *scene, bool colour)
{
	struct ezlb_text text = { 0 };

	ezlb_preview_text(&scene->preview, colour, &text);
	return ezlb_text_take(&text, NULL);
}

#define assert_text(scene, want)                          \
	do {                                              \
		char *got_text = text_of((scene), false); \
		assert_string_equal(got_text, (want));    \
		free(got_text);                           \
	} while (0)

static inline void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in: %s", part, text);
}

/* A part of the preview. */
static inline void assert_says(const struct scene *scene, const char *part)
{
	char *text = text_of(scene, false);

	assert_has(text, part);
	free(text);
}
