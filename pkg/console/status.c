// SPDX-License-Identifier: GPL-2.0-or-later
#include "colour.h"
#include "parts.h"
#include "plain.h"

/* With more services, only those with problems have lines for their backends. */
#define FEW 20

/* The worst first. An unknown state comes before all of them. */
static const char *const states[] = { "down",  "failed",   "conflict", "refused",
				      "stale", "degraded", "pending",  "ok" };
#define N_STATES (sizeof(states) / sizeof(states[0]))
#define PENDING	 (N_STATES - 2)
#define OK	 (N_STATES - 1)
#define UNKNOWN	 N_STATES

struct sections {
	const json_t *services;
	const struct ezlb_console_look *look;
	struct grid grid;
	size_t n[N_STATES + 1]; /* of services, by state */
};

static size_t state_of(const json_t *service)
{
	for (size_t i = 0; i < N_STATES; i++)
		if (doc_is(service, "state", states[i]))
			return i;
	return UNKNOWN;
}

static void put_state(struct sections *sections, size_t state, bool backends)
{
	json_t *service;
	size_t i;

	json_array_foreach(sections->services, i, service)
	{
		if (state_of(service) != state)
			continue;
		part_service_row(service, sections->look, &sections->grid);
		if (backends)
			part_backend_rows(service, sections->look, &sections->grid);
	}
}

static void put_title(struct sections *sections, const char *title, size_t n)
{
	const struct ezlb_console_look *look = sections->look;
	struct ezlb_text text = { 0 };
	bool first = sections->grid.len == 0;

	ezlb_text_printf(&text, "\n%s%s: %zu of %zu%s\n", colour_title(look), title, n,
			 json_array_size(sections->services), colour_end(look));
	grid_line(&sections->grid, &text);
	if (first)
		grid_heads(&sections->grid);
}

static void put_problems(struct sections *sections)
{
	size_t n = sections->n[UNKNOWN];

	for (size_t i = 0; i < PENDING; i++)
		n += sections->n[i];
	if (n == 0)
		return;
	put_title(sections, "PROBLEMS", n);
	put_state(sections, UNKNOWN, true);
	for (size_t i = 0; i < PENDING; i++)
		put_state(sections, i, true);
}

static void put_quiet(struct sections *sections, const char *title, size_t state)
{
	if (sections->n[state] == 0)
		return;
	put_title(sections, title, sections->n[state]);
	put_state(sections, state, json_array_size(sections->services) <= FEW);
}

static void put_services(const json_t *doc, const struct ezlb_console_look *look,
			 struct ezlb_text *out)
{
	struct sections sections = { .services = json_object_get(doc, "services"), .look = look };
	json_t *service;
	size_t i;

	json_array_foreach(sections.services, i, service) sections.n[state_of(service)]++;
	put_problems(&sections);
	put_quiet(&sections, "PENDING", PENDING);
	put_quiet(&sections, "OK", OK);
	grid_put(&sections.grid, look, out);
	if (json_array_size(sections.services) > FEW && sections.n[PENDING] + sections.n[OK] > 0) {
		ezlb_text_puts(out, "\n");
		plain_put_folded(out, "", 2,
				 "Backends of healthy services are left out: `ezlb status "
				 "SERVICE` shows them.",
				 look->width);
	}
	grid_clear(&sections.grid);
}

int ezlb_console_status(const char *json, const struct ezlb_console_look *look,
			struct ezlb_text *out, struct ezlb_err *err)
{
	int rc;
	json_auto_t *doc = doc_load(json, "services", &rc, err);

	if (!doc)
		return rc;
	part_head(doc, look, out);
	part_refused(doc, look, out);
	put_services(doc, look, out);
	return 0;
}
