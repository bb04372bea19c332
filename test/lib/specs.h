/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * specs: specs from one line of text, for tables:
 *
 *   "NAME PROTO LISTENER [snat=IP|IP-IP|masq] [BACKEND[*WEIGHT]]..."
 *
 * snat= makes it full_nat, the scheduler is wrr, a weight is 1. The name stands at 1:7, the
 * listener at 2:9, the backends at 11:5, 12:5 and so on.
 */
#pragma once

#include "cm.h"

#include <ezlb/spec.h>

/* A word that is not NAME, PROTO or LISTENER. */
static inline void spec_option(struct ezlb_spec *spec, const char *word)
{
	const char *star = strchr(word, '*');
	struct ezlb_backend *b;
	EZLB_AUTO_FREE char *endpoint = NULL;

	if (strncmp(word, "snat=", 5) == 0) {
		spec->full_nat = true;
		if (strcmp(word + 5, "masq") != 0)
			assert_int_equal(ezlb_range_parse(word + 5, &spec->snat_ip, NULL), 0);
		return;
	}
	b = &spec->backends[spec->n_backends++];
	endpoint = ezlb_strndup(word, star ? (size_t)(star - word) : strlen(word));
	assert_int_equal(ezlb_endpoint_parse(endpoint, &b->endpoint, NULL), 0);
	b->weight = star ? (uint32_t)atoi(star + 1) : 1;
	b->at = (struct ezlb_mark){ 10 + (int)spec->n_backends, 5 };
}

/* NULL text: no spec. The caller frees. */
static inline struct ezlb_spec *spec_of(const char *file, const char *text)
{
	EZLB_AUTO_FREE char *copy = text ? ezlb_strdup(text) : NULL;
	struct ezlb_spec *spec;
	char *save, *word;

	if (!text)
		return NULL;
	spec = ezlb_spec_new();
	spec->file = ezlb_strdup(file);
	spec->backends = ezlb_calloc(strlen(text), sizeof(*spec->backends));
	ezlb_strcpy(spec->scheduler, sizeof(spec->scheduler), "wrr");
	spec->name_at = (struct ezlb_mark){ 1, 7 };
	spec->listen_at = (struct ezlb_mark){ 2, 9 };
	ezlb_strcpy(spec->name, sizeof(spec->name), strtok_r(copy, " ", &save));
	assert_int_equal(ezlb_proto_parse(strtok_r(NULL, " ", &save), &spec->proto), 0);
	assert_int_equal(ezlb_endpoint_parse(strtok_r(NULL, " ", &save), &spec->listen, NULL), 0);
	while ((word = strtok_r(NULL, " ", &save)))
		spec_option(spec, word);
	return spec;
}
