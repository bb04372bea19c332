/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fields: converts one value of the tree to a C value. Each function returns false after it has
 * reported an error, and then leaves *out unchanged.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/addr.h>
#include <ezlb/yaml.h>

/* A word of another program, and what it is called here. */
struct alias {
	const char *word, *here;
};

/* The bounds of a number, or of a duration in ms, both included. */
struct bounds {
	uint32_t min, max;
};

/* The name of a value in messages. */
const char *ezlb_field_called(const struct ezlb_node *node);
/* Reports a missing value or one of another kind. */
bool ezlb_field_is(struct ezlb_source *src, const struct ezlb_node *node, enum ezlb_node_kind want,
		   const char *help);
/* The node owns the text. */
bool ezlb_field_text(struct ezlb_source *src, const struct ezlb_node *node, const char **out);
bool ezlb_field_bool(struct ezlb_source *src, const struct ezlb_node *node, bool *out);
bool ezlb_field_uint(struct ezlb_source *src, const struct ezlb_node *node, struct bounds in,
		     uint32_t *out);
bool ezlb_field_duration(struct ezlb_source *src, const struct ezlb_node *node, struct bounds in,
			 uint32_t *out);
/* One of a NULL-terminated list of words. The aliases, or NULL, are for the help only. */
bool ezlb_field_word(struct ezlb_source *src, const struct ezlb_node *node,
		     const char *const *words, const struct alias *aliases, const char **out);
/* Plain decimal digits, without leading zeros. */
bool ezlb_field_is_decimal(const char *digits);

/*
 * address.c: addresses of hosts. No wildcard, no multicast, no loopback, no link-local and no
 * IPv4-mapped address.
 */
bool ezlb_field_addr(struct ezlb_source *src, const struct ezlb_node *node, struct ezlb_addr *out);
bool ezlb_field_range(struct ezlb_source *src, const struct ezlb_node *node,
		      struct ezlb_addr_range *out);
/* IP:port, or IP:first-last. *last_port is 0 for one port. */
bool ezlb_field_listen(struct ezlb_source *src, const struct ezlb_node *node,
		       struct ezlb_endpoint *out, uint16_t *last_port);
/* IP:port, or an IP alone: port 0. */
bool ezlb_field_backend(struct ezlb_source *src, const struct ezlb_node *node,
			struct ezlb_endpoint *out);
