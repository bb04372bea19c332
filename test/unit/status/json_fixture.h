/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON that was rendered, and what the manual says of it. */
#pragma once

#include "json_written.h"

#include <ezlb/status.h>

#define MIDNIGHT INT64_C(1795392000000) /* 2026-11-23T00:00:00Z */
#define ONE	 (MIDNIGHT + 3600 * 1000)

static inline char *slurp(const char *path)
{
	static char text[64 * 1024];
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	assert_true(feof(f));
	fclose(f);
	return text;
}

/* The first block of JSON behind the heading. */
static inline json_t *example(const char *heading)
{
	char *at = strstr(slurp(SOURCE_DIR "/docs/admin.md"), heading), *end;
	json_error_t error;
	json_t *doc;

	assert_non_null(at);
	at = strstr(at, "```json\n");
	assert_non_null(at);
	at += strlen("```json\n");
	end = strstr(at, "```");
	assert_non_null(end);
	doc = json_loadb(at, (size_t)(end - at), 0, &error);
	if (!doc)
		fail_msg("%s: line %d: %s", heading, error.line, error.text);
	return doc;
}

/* The document, which must be one line of JSON. */
static inline json_t *parsed(struct ezlb_text *out)
{
	size_t len;
	EZLB_AUTO_FREE char *text = ezlb_text_take(out, &len);
	json_error_t error;
	json_t *doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

	if (!doc)
		fail_msg("%d: %s", error.position, error.text);
	assert_int_equal(strlen(text), len);
	assert_ptr_equal(strchr(text, '\n'), text + len - 1);
	return doc;
}

static inline json_t *rendered(const struct ezlb_status *status)
{
	struct ezlb_text out = { 0 };

	ezlb_status_json(status, &out);
	return parsed(&out);
}

static inline const char *text_at(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	assert_non_null(text);
	return text;
}

static inline struct ezlb_endpoint endpoint(const char *text)
{
	struct ezlb_endpoint out;

	assert_int_equal(ezlb_endpoint_parse(text, &out, NULL), 0);
	return out;
}

static inline struct ezlb_status_service *add_service(struct ezlb_status *status, const char *name)
{
	struct ezlb_status_service *service = EZLB_PUSH(&status->services);

	ezlb_strcpy(service->name, sizeof(service->name), name);
	service->file = ezlb_asprintf("/etc/ezlb/services.d/%s.yaml", name);
	service->line = 1;
	service->first = status->backends.len;
	service->snat_connections = -1;
	return service;
}

static inline struct ezlb_status_backend *add_backend(struct ezlb_status *status,
						      const char *address)
{
	struct ezlb_status_backend *backend = EZLB_PUSH(&status->backends);

	backend->address = endpoint(address);
	backend->kernel_weight = -1;
	status->services.items[status->services.len - 1].n_backends++;
	return backend;
}
