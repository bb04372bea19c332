// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/status.h>

#include <jansson.h>

static int dump(const char *bytes, size_t len, void *arg)
{
	ezlb_text_put(arg, bytes, len);
	return 0;
}

static json_t *backends(const struct ezlb_status *status)
{
	json_t *all = json_object();

	for (size_t i = 0; i < status->backends.len; i++) {
		const struct ezlb_status_backend *backend = &status->backends.items[i];
		char address[EZLB_ENDPOINT_STRLEN];
		bool up = backend->verdict == EZLB_UP;

		ezlb_endpoint_format(&backend->address, address);
		if (up || !json_object_get(all, address))
			json_object_set_new(all, address, json_boolean(up));
	}
	return all;
}

void ezlb_status_health(const struct ezlb_status *status, struct ezlb_text *out)
{
	json_t *doc = json_pack("{s:s, s:b, s:s, s:o}", "status",
				status->ready ? "healthy" : "unhealthy", "ready", status->ready,
				"reason", status->not_ready, "backends", backends(status));

	json_dump_callback(doc, dump, out, JSON_COMPACT);
	ezlb_text_puts(out, "\n");
	json_decref(doc);
}
