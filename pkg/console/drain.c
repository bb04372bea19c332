// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/console.h>

#include <inttypes.h>
#include <stdio.h>

#include "doc.h"

/* "3 active connections: 2 of web, 1 of api, and 4 more services" */
static void put_connections(const json_t *doc, struct ezlb_console_drain *out)
{
	const json_t *services = json_object_get(doc, "services");
	int64_t named = (int64_t)json_array_size(services);
	int64_t n = doc_int(doc, "services_with_connections");
	const json_t *service;
	size_t i;

	snprintf(out->text, sizeof(out->text), "%" PRId64 " active connection%s", out->active,
		 out->active == 1 ? "" : "s");
	json_array_foreach(services, i, service)
		ezlb_strcatf(out->text, sizeof(out->text), "%s %" PRId64 " of %s", i ? "," : ":",
			     doc_int(service, "active_connections"), doc_text(service, "name"));
	if (n > named)
		ezlb_strcatf(out->text, sizeof(out->text), ", and %" PRId64 " more service%s",
			     n - named, n - named == 1 ? "" : "s");
}

static void put_text(const json_t *doc, struct ezlb_console_drain *out)
{
	const char *problem = doc_text(doc, "problem");
	const char *what = out->moved ? "cannot count the connections"
				      : "the addresses have not moved yet";

	if (!out->moved || out->active < 0)
		snprintf(out->text, sizeof(out->text), "%s%s%s", what, problem[0] ? ": " : "",
			 problem);
	else if (out->active == 0)
		ezlb_strcpy(out->text, sizeof(out->text), "no connection is active");
	else
		put_connections(doc, out);
}

int ezlb_console_drain(const char *json, struct ezlb_console_drain *out, struct ezlb_err *err)
{
	int rc;
	json_auto_t *doc = doc_load(json, "services", &rc, err);

	*out = (struct ezlb_console_drain){ .active = -1 };
	if (!doc)
		return rc;
	out->draining = doc_true(doc, "draining");
	out->moved = doc_true(doc, "moved");
	out->idle = doc_true(doc, "idle");
	if (doc_has(doc, "active_connections"))
		out->active = doc_int(doc, "active_connections");
	put_text(doc, out);
	return 0;
}
