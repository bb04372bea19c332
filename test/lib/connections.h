/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * connections: connections and indexes from text, for tables:
 *
 *   connection_of("tcp CLIENT LISTENER BACKEND SOURCE")
 */
#pragma once

#include "specs.h"

#include <ezlb/connections.h>

static inline struct ezlb_connection connection_of(const char *text)
{
	struct ezlb_connection out = { .state = "ESTABLISHED", .expires_s = -1 };
	struct ezlb_endpoint *const parts[] = { &out.client, &out.listen, &out.backend,
						&out.source };
	EZLB_AUTO_FREE char *copy = ezlb_strdup(text);
	char *save;

	assert_int_equal(ezlb_proto_parse(strtok_r(copy, " ", &save), &out.proto), 0);
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		assert_int_equal(ezlb_endpoint_parse(strtok_r(NULL, " ", &save), parts[i], NULL),
				 0);
	return out;
}

/* Services by their texts as in specs.h; the index borrows nothing, so the specs are freed here. */
static inline void index_of(struct ezlb_connections_index *index, const char *const *texts,
			    size_t n, enum ezlb_forward forward)
{
	struct ezlb_desired desired = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct ezlb_spec *spec = spec_of("x.yaml", texts[i]);

		spec->forward = forward;
		*EZLB_PUSH(&desired) = spec;
	}
	ezlb_connections_index_make(&desired, index);
	for (size_t i = 0; i < n; i++) {
		struct ezlb_spec *spec = NULL;

		memcpy(&spec, &desired.items[i], sizeof(spec)); /* without its const */
		ezlb_spec_free(spec);
	}
	EZLB_VEC_CLEAR(&desired);
}
