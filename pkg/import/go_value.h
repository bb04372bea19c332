/* SPDX-License-Identifier: GPL-2.0-or-later */
/* go_value: values as the Go program reads them. False: reported, and *out is unchanged. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/addr.h>
#include <ezlb/yaml.h>

/* Case does not count in its keys. NULL: absent, or without a value. */
const struct ezlb_node *go_get(const struct ezlb_node *map, const char *key);
bool go_text(struct ezlb_source *src, const struct ezlb_node *node, const char **out);
bool go_bool(struct ezlb_source *src, const struct ezlb_node *node, bool *out);
bool go_number(struct ezlb_source *src, const struct ezlb_node *node, uint32_t *out);
/* Like "1.5s" or "1h30m", to milliseconds, rounded; *exact is false if that changed it. */
bool go_duration(struct ezlb_source *src, const struct ezlb_node *node, uint32_t *out, bool *exact);
bool go_endpoint(struct ezlb_source *src, const struct ezlb_node *node, struct ezlb_endpoint *out);
bool go_range(struct ezlb_source *src, const struct ezlb_node *node, struct ezlb_addr_range *out);
