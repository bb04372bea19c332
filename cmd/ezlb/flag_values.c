// SPDX-License-Identifier: GPL-2.0-or-later
#include "flag_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ezlb/duration.h>
#include <ezlb/host.h>
#include <ezlb/node.h>

#define MAX_SYNC_ID		255
#define MIN_TRAFFIC_INTERVAL_MS 1000

/* The text must be `no` or `yes`. */
bool parse_either(const char *text, const char *no, const char *yes, bool *out)
{
	*out = strcmp(text, yes) == 0;
	return *out || strcmp(text, no) == 0;
}

bool parse_bool(const char *text, bool *out)
{
	return parse_either(text ? text : "true", "false", "true", out);
}

bool parse_dataplane(const char *text, enum ezlb_dataplane_kind *out)
{
	bool memory, valid = parse_either(text, "kernel", "memory", &memory);

	*out = memory ? EZLB_DP_MEMORY : EZLB_DP_KERNEL;
	return valid;
}

bool parse_adopt(const char *text, enum ezlb_adopt *out)
{
	bool never, valid = parse_either(text, "matching", "never", &never);

	*out = never ? EZLB_ADOPT_NEVER : EZLB_ADOPT_MATCHING;
	return valid;
}

bool parse_output(const char *text, bool *json)
{
	return parse_either(text, "text", "json", json) || strcmp(text, "table") == 0;
}

/* NO_COLOR (no-color.org) is for all programs; the flag is for this one and wins. */
bool parse_colour(const char *text, bool *colour)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (strcmp(text, "auto") == 0)
		*colour = isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 &&
			  (!no || no[0] == '\0');
	else if (strcmp(text, "always") == 0)
		*colour = true;
	else if (strcmp(text, "never") == 0)
		*colour = false;
	else
		return false;
	return true;
}

/* "9106" and ":9106" mean 127.0.0.1: other addresses must be written in full. */
bool parse_admin_address(const char *text, struct ezlb_endpoint *out)
{
	const char *port = text + (text[0] == ':');
	char full[EZLB_ENDPOINT_STRLEN];

	if (strspn(port, "0123456789") != strlen(port))
		return ezlb_endpoint_parse(text, out, NULL) == 0;
	snprintf(full, sizeof(full), "127.0.0.1:%s", port);
	return ezlb_endpoint_parse(full, out, NULL) == 0;
}

/* Whole seconds, as the kernel counts them here. */
bool parse_timeout(const char *text, uint32_t *out)
{
	uint32_t ms = 0;
	bool valid = ezlb_duration_parse(text, &ms, NULL) == 0;

	*out = ms / 1000;
	return valid && *out > 0 && ms % 1000 == 0;
}

/* A whole number from 1 to max. */
bool parse_number(const char *text, size_t max, size_t *out)
{
	*out = strtoul(text, NULL, 10);
	return text[0] != '\0' && strspn(text, "0123456789") == strlen(text) && *out >= 1 &&
	       *out <= max;
}

/* "123456789-drain" would have to move its addresses to itself. */
bool is_vip_device(const char *name)
{
	char drain[EZLB_DEVICE_STRLEN];

	if (!ezlb_host_device_valid(name))
		return false;
	ezlb_node_drain_device(name, drain);
	return strcmp(name, drain) != 0;
}

bool parse_sync_id(const char *text, uint8_t *out)
{
	size_t id;
	bool valid = parse_number(text, MAX_SYNC_ID, &id);

	*out = (uint8_t)id;
	return valid;
}

bool parse_interval(const char *text, uint32_t *ms)
{
	return ezlb_duration_parse(text, ms, NULL) == 0 && *ms >= MIN_TRAFFIC_INTERVAL_MS;
}
