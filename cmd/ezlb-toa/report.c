// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>

#include <ezlb/utf8.h>

#include "pins.h"
#include "report.h"

static const struct {
	const char *json, *text;
} counter_table[TOA_COUNTERS] = {
	[TOA_ACCEPTED] = { "accepted", "connections whose client is known" },
	[TOA_WITHOUT] = { "without", "connections from a balancer without the option" },
	[TOA_UNLISTED] = { "unlisted", "ignored: the option came from no balancer" },
	[TOA_MALFORMED] = { "malformed", "ignored: the option was not usable" },
	[TOA_FAILED] = { "failed", "lost: the kernel had no memory" },
	[TOA_TRANSLATED] = { "translated", "answers of accept() and getpeername() replaced" },
};

static bool is_sound(const struct receiver *receiver)
{
	for (int i = 0; i < PROGRAMS; i++)
		if (!receiver->attached[i])
			return false;
	return true;
}

bool report_sound(const struct receivers *receivers)
{
	for (size_t i = 0; i < receivers->len; i++)
		if (!is_sound(&receivers->items[i]))
			return false;
	return receivers->len > 0;
}

static void put_place(const struct receiver *receiver, struct ezlb_text *text)
{
	EZLB_AUTO_FREE char *path = receiver->cgroup ? ezlb_strdup(receiver->cgroup) : NULL;

	if (path)
		ezlb_utf8_plain(path, false);
	if (receiver->cgroup_id == 0)
		ezlb_text_puts(text, "not attached: the cgroup was removed");
	else if (path)
		ezlb_text_printf(text, "attached to %s", path);
	else
		ezlb_text_printf(text, "attached to the cgroup with the number %" PRIu64,
				 receiver->cgroup_id);
	if (receiver->pinned)
		ezlb_text_puts(text, ", pinned under " PINS_DIR);
	else if (receiver->cgroup_id != 0)
		ezlb_text_puts(text, ", by a process (ezlb-toa run) or pinned in another "
				     "/sys/fs/bpf");
	ezlb_text_puts(text, "\n");
}

static void put_missing(const struct receiver *receiver, struct ezlb_text *text)
{
	for (enum set_program i = 0; i < PROGRAMS; i++)
		if (!receiver->attached[i] && receiver->cgroup_id != 0)
			ezlb_text_printf(text, "  the program %s is not attached\n",
					 set_program_name(i));
}

static void put_receiver(const struct receiver *receiver, struct ezlb_text *text)
{
	put_place(receiver, text);
	put_missing(receiver, text);
	ezlb_text_puts(text, "  balancers: ");
	for (size_t i = 0; i < receiver->from.len; i++) {
		ezlb_text_puts(text, i > 0 ? ", " : "");
		from_format(&receiver->from.items[i], text);
	}
	ezlb_text_puts(text, receiver->from.len > 0 ? "\n" : "none\n");
	for (int i = 0; i < TOA_COUNTERS; i++)
		ezlb_text_printf(text, "  %-48s %" PRIu64 "\n", counter_table[i].text,
				 receiver->counters[i]);
}

void report_text(const struct receivers *receivers, struct ezlb_text *text)
{
	if (receivers->len == 0)
		ezlb_text_puts(text, "not attached\n");
	for (size_t i = 0; i < receivers->len; i++)
		put_receiver(&receivers->items[i], text);
}

/* RFC 8259; a path may be any bytes. */
static void put_string(const char *s, struct ezlb_text *text)
{
	EZLB_AUTO_FREE char *plain = ezlb_strdup(s);

	ezlb_utf8_plain(plain, false);
	ezlb_text_puts(text, "\"");
	for (const char *c = plain; *c; c++)
		ezlb_text_printf(text, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
	ezlb_text_puts(text, "\"");
}

static void put_from(const struct from_list *from, struct ezlb_text *text)
{
	for (size_t i = 0; i < from->len; i++) {
		ezlb_text_puts(text, i > 0 ? ", \"" : "\"");
		from_format(&from->items[i], text);
		ezlb_text_puts(text, "\"");
	}
}

static void put_object(const struct receiver *receiver, struct ezlb_text *text)
{
	ezlb_text_puts(text, "{\"cgroup\": ");
	if (receiver->cgroup)
		put_string(receiver->cgroup, text);
	else
		ezlb_text_puts(text, "null");
	ezlb_text_printf(text,
			 ", \"cgroup_id\": %" PRIu64 ", \"pinned\": %s, \"attached\": %s, "
			 "\"from\": [",
			 receiver->cgroup_id, receiver->pinned ? "true" : "false",
			 is_sound(receiver) ? "true" : "false");
	put_from(&receiver->from, text);
	ezlb_text_puts(text, "], \"counters\": {");
	for (int i = 0; i < TOA_COUNTERS; i++)
		ezlb_text_printf(text, "%s\"%s\": %" PRIu64, i > 0 ? ", " : "",
				 counter_table[i].json, receiver->counters[i]);
	ezlb_text_puts(text, "}}");
}

void report_json(const struct receivers *receivers, struct ezlb_text *text)
{
	ezlb_text_puts(text, "{\"receivers\": [");
	for (size_t i = 0; i < receivers->len; i++) {
		ezlb_text_puts(text, i > 0 ? ", " : "");
		put_object(&receivers->items[i], text);
	}
	ezlb_text_puts(text, "]}\n");
}
