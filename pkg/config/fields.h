/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fields: one value of the tree to one C value. Each returns false once it has reported what is
 * wrong, and then leaves *out alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/addr.h>

struct node;
struct source;

/* The bounds of a number or of a duration in ms, both included. */
struct bounds {
	uint32_t min, max;
};

/* The text is the node's. */
bool ezlb_field_text(struct source *src, const struct node *node, const char **out);
bool ezlb_field_bool(struct source *src, const struct node *node, bool *out);
bool ezlb_field_uint(struct source *src, const struct node *node, struct bounds in, uint32_t *out);
bool ezlb_field_duration(struct source *src, const struct node *node, struct bounds in,
			 uint32_t *out);
/* One of a list of words that ends in NULL. */
bool ezlb_field_word(struct source *src, const struct node *node, const char *const *words,
		     const char **out);
/* Addresses of hosts: no wildcard, no multicast, none that needs a zone. */
bool ezlb_field_range(struct source *src, const struct node *node, struct ezlb_addr_range *out);
bool ezlb_field_endpoint(struct source *src, const struct node *node, struct ezlb_endpoint *out);

bool ezlb_field_is_map(struct source *src, const struct node *node, const char *help);
bool ezlb_field_is_list(struct source *src, const struct node *node, const char *help);
