// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "colour.h"
#include "human.h"
#include "parts.h"
#include "plain.h"

#define LAST 20

static const char *or_dash(const char *text)
{
	return text[0] ? text : "-";
}

/* The number of words before the message is constant, for awk. */
static void put_line(const json_t *event, const struct ezlb_console_look *look,
		     struct ezlb_text *out)
{
	const char *level = doc_text(event, "level");
	const char *message = doc_text(event, "message");

	ezlb_text_printf(out, "%s %s%-7s%s %s %s %s%s%s", human_time(doc_time(event, "time")).s,
			 colour_of(look, level), or_dash(level), colour_end(look),
			 or_dash(doc_text(event, "type")), or_dash(doc_text(event, "service")),
			 or_dash(doc_text(event, "object")), message[0] ? " " : "", message);
}

/* The first event is the cursor's, or a later one if the daemon does not keep the cursor's. */
static bool is_same_daemon(const json_t *events, const struct ezlb_console_cursor *cursor)
{
	const json_t *first = json_array_get(events, 0);
	uint64_t seq = (uint64_t)doc_int(first, "seq");

	if (cursor->seq == 0)
		return true;
	return seq > cursor->seq ||
	       (seq == cursor->seq && doc_time(first, "time") == cursor->time_ms);
}

static void put_json(const json_t *event, struct ezlb_text *out)
{
	EZLB_AUTO_FREE char *line = json_dumps(event, JSON_COMPACT);

	ezlb_text_puts(out, line ? line : "{}");
}

int ezlb_console_events(const char *json, const struct ezlb_console_look *look,
			struct ezlb_console_cursor *cursor, struct ezlb_text *out,
			struct ezlb_err *err)
{
	int rc;
	json_auto_t *doc = doc_load(json, "events", &rc, err);
	const json_t *events = json_object_get(doc, "events");
	json_t *event;
	size_t i;

	if (!doc)
		return rc;
	if (!is_same_daemon(events, cursor)) {
		*cursor = (struct ezlb_console_cursor){ 0 };
		return ezlb_err_set(err, ESTALE, "ezlb was restarted: its events start again");
	}
	json_array_foreach(events, i, event)
	{
		uint64_t seq = (uint64_t)doc_int(event, "seq");

		if (seq <= cursor->seq)
			continue;
		if (look->json)
			put_json(event, out);
		else
			put_line(event, look, out);
		ezlb_text_puts(out, "\n");
		*cursor = (struct ezlb_console_cursor){ seq, doc_time(event, "time") };
	}
	return 0;
}

int ezlb_console_service_events(const char *json, const char *name,
				const struct ezlb_console_look *look, struct ezlb_text *out,
				struct ezlb_err *err)
{
	int rc;
	json_auto_t *doc = doc_load(json, "events", &rc, err);
	const json_t *events = json_object_get(doc, "events");
	const struct ezlb_console_look plainly = { .now_ms = look->now_ms };
	size_t n = 0, seen = 0;
	json_t *event;
	size_t i;

	if (!doc)
		return rc;
	json_array_foreach(events, i, event) n += doc_is(event, "service", name);
	if (n == 0)
		return 0;
	ezlb_text_printf(out, "\n%sLAST EVENTS%s\n", colour_title(look), colour_end(look));
	json_array_foreach(events, i, event)
	{
		struct ezlb_text text = { 0 };
		EZLB_AUTO_FREE char *line = NULL;

		if (!doc_is(event, "service", name) || seen++ + LAST < n)
			continue;
		put_line(event, &plainly, &text);
		line = ezlb_text_take(&text, NULL);
		plain_put_folded(out, "  ", 4, line, look->width);
	}
	return 0;
}
