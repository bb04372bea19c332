/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * specs: specs from one line of text, for tables:
 *
 *   "NAME PROTO LISTENER [snat=IP|IP-IP|masq] [toa[=KIND]] [+PROTO/LISTENER]...
 *    [BACKEND[*WEIGHT]]..."
 *
 * A listener is IP:PORT, or IP:FIRST-LAST with the first port as its mark; with PROTO "mark" it is
 * the mark, or MARK/ipv6. +PROTO/LISTENER is one more listener. A backend is IP:PORT, or IP alone,
 * without a port.
 *
 * snat= makes it full_nat, toa is client_address, the scheduler is wrr, a weight is 1. The name
 * stands at 1:7, the listener at 2:9, toa at 7:17, the backends at 11:5, 12:5 and so on.
 */
#pragma once

#include "cm.h"

#include <sys/socket.h>

#include <ezlb/spec.h>

/* Adds a listener; the first one is also `proto` and `listen`. */
static inline void spec_listen(struct ezlb_spec *spec, enum ezlb_proto proto,
			       struct ezlb_endpoint listen, uint32_t mark)
{
	size_t n = spec->n_listeners++;

	spec->listeners = ezlb_realloc(spec->listeners, spec->n_listeners,
				       sizeof(*spec->listeners));
	spec->listeners[n] = (struct ezlb_listener){ .key = { proto, listen, mark },
						     .proto = proto,
						     .listen = listen,
						     .at = { 2, 9 + (int)n } };
	if (n == 0) {
		spec->proto = proto;
		spec->listen = listen;
	}
}

static inline void spec_be_range(struct ezlb_listener *listener, uint16_t last)
{
	listener->last_port = last;
	listener->key = (struct ezlb_service_key){
		.listen.addr.family = listener->listen.addr.family, .fwmark = listener->listen.port
	};
}

static inline void spec_listen_text(struct ezlb_spec *spec, const char *proto, const char *text)
{
	struct ezlb_endpoint listen = { .addr.family = strchr(text, '/') ? AF_INET6 : AF_INET };
	const char *dash = strchr(text, '-');
	EZLB_AUTO_FREE char *first = ezlb_strndup(text,
						  dash ? (size_t)(dash - text) : strlen(text));
	enum ezlb_proto word = EZLB_TCP;
	uint32_t mark = 0;

	if (strcmp(proto, "mark") == 0) {
		mark = (uint32_t)strtoul(text, NULL, 10);
	} else {
		assert_int_equal(ezlb_proto_parse(proto, &word), 0);
		assert_int_equal(ezlb_endpoint_parse(first, &listen, NULL), 0);
	}
	spec_listen(spec, word, listen, mark);
	if (dash)
		spec_be_range(&spec->listeners[spec->n_listeners - 1], (uint16_t)atoi(dash + 1));
}

static inline void spec_more(struct ezlb_spec *spec, const char *word)
{
	const char *slash = strchr(word, '/');
	EZLB_AUTO_FREE char *proto = ezlb_strndup(word, (size_t)(slash - word));

	spec_listen_text(spec, proto, slash + 1);
}

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
	if (strncmp(word, "toa", 3) == 0) {
		spec->client_address = EZLB_CLIENT_ADDRESS_TOA;
		spec->client_address_at = (struct ezlb_mark){ 7, 17 };
		spec->toa_ipv6_kind = word[3] ? (uint32_t)atoi(word + 4) : 254;
		return;
	}
	if (word[0] == '+') {
		spec_more(spec, word + 1);
		return;
	}
	b = &spec->backends[spec->n_backends++];
	endpoint = ezlb_strndup(word, star ? (size_t)(star - word) : strlen(word));
	if (ezlb_addr_parse(endpoint, &b->endpoint.addr, NULL) != 0)
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
	word = strtok_r(NULL, " ", &save);
	spec_listen_text(spec, word, strtok_r(NULL, " ", &save));
	while ((word = strtok_r(NULL, " ", &save)))
		spec_option(spec, word);
	return spec;
}
