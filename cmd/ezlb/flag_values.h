/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flag_values: the text of a flag to its value. False: the flag does not take the text. */
#pragma once

#include <stdbool.h>

#include <ezlb/controller.h>

/* The text must be `no` or `yes`. */
bool parse_either(const char *text, const char *no, const char *yes, bool *out);
bool parse_bool(const char *text, bool *out);
bool parse_dataplane(const char *text, enum ezlb_dataplane_kind *out);
bool parse_adopt(const char *text, enum ezlb_adopt *out);
bool parse_output(const char *text, bool *json);
bool parse_colour(const char *text, bool *colour);
bool parse_admin_address(const char *text, struct ezlb_endpoint *out);
bool parse_timeout(const char *text, uint32_t *out);
bool parse_number(const char *text, size_t max, size_t *out);
bool is_vip_device(const char *name);
bool parse_sync_id(const char *text, uint8_t *out);
/* Of the log of traffic. */
bool parse_interval(const char *text, uint32_t *ms);
