// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/json.h>
#include <ezlb/status.h>

/* By address. A backend of several services is up if one of them finds it up. */
static json_t *backends(const struct ezlb_status *status)
{
	json_t *all = ezlb_json_object();

	for (size_t i = 0; i < status->backends.len; i++) {
		const struct ezlb_status_backend *backend = &status->backends.items[i];
		char address[EZLB_ENDPOINT_STRLEN];
		bool up = !backend->checked || backend->verdict == EZLB_UP;

		if (backend->removed)
			continue;
		ezlb_endpoint_format(&backend->address, address);
		if (up || !json_object_get(all, address))
			ezlb_json_put_bool(all, address, up);
	}
	return all;
}

void ezlb_status_health(const struct ezlb_status *status, struct ezlb_text *out)
{
	json_t *doc = ezlb_json_object();

	ezlb_json_put_text(doc, "status", status->ready ? "healthy" : "unhealthy");
	ezlb_json_put_bool(doc, "ready", status->ready);
	ezlb_json_put_text(doc, "reason", status->not_ready);
	ezlb_json_put_bool(doc, "draining", status->drain.kind != EZLB_NODE_SERVES);
	ezlb_json_put(doc, "backends", backends(status));
	ezlb_json_dump(doc, false, out);
	ezlb_text_puts(out, "\n");
}
