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

#include "node.h"

/* The bounds of a number, or of a duration in ms, both included. */
struct bounds {
	uint32_t min, max;
};

/* Reports a missing value or one of another kind. */
bool ezlb_field_is(struct source *src, const struct node *node, enum node_kind want,
		   const char *help);
/* The node owns the text. */
bool ezlb_field_text(struct source *src, const struct node *node, const char **out);
bool ezlb_field_bool(struct source *src, const struct node *node, bool *out);
bool ezlb_field_uint(struct source *src, const struct node *node, struct bounds in, uint32_t *out);
bool ezlb_field_duration(struct source *src, const struct node *node, struct bounds in,
			 uint32_t *out);
/* One of a NULL-terminated list of words. */
bool ezlb_field_word(struct source *src, const struct node *node, const char *const *words,
		     const char **out);
/* Addresses of hosts: no wildcard, no multicast, no link-local or IPv4-mapped address. */
bool ezlb_field_range(struct source *src, const struct node *node, struct ezlb_addr_range *out);
bool ezlb_field_endpoint(struct source *src, const struct node *node, struct ezlb_endpoint *out);
