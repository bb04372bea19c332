// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/status.h>

#include <inttypes.h>

#include <ezlb/utf8.h>

/* ", 2 files refused (web.yaml:7 and 1 more)" */
static void put_some(struct ezlb_text *out, size_t n, const char *what, const char *first)
{
	if (n == 0)
		return;
	ezlb_text_printf(out, ", %zu %s (%s", n, what, first);
	if (n > 1)
		ezlb_text_printf(out, " and %zu more", n - 1);
	ezlb_text_puts(out, ")");
}

/* "web.yaml:7"; without a line if the error has none. */
static void put_refused(const struct ezlb_summary *summary, struct ezlb_text *out)
{
	const char *file = summary->refused_file ? summary->refused_file : "";
	const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
	EZLB_AUTO_FREE char *place = summary->refused_line > 0
					     ? ezlb_asprintf("%s:%d", name, summary->refused_line)
					     : ezlb_strdup(name);

	put_some(out, summary->refused, summary->refused == 1 ? "file refused" : "files refused",
		 place);
}

/* A full table can have a few entries less than its limit: 99 % counts as full. */
static void put_conntrack(const struct ezlb_summary *summary, struct ezlb_text *out)
{
	int64_t max = summary->conntrack_max;
	int64_t percent = max > 0 ? 100 * summary->conntrack_entries / max : 0;

	if (!summary->conntrack_full)
		return;
	if (percent >= 99)
		ezlb_text_puts(out, "conntrack table full: new connections are dropped; ");
	else
		ezlb_text_printf(out, "conntrack table %" PRId64 "%% full; ", percent);
}

/* A line feed in a file's name would start another assignment of sd_notify. */
static void copy_line(char *buf, size_t size, char *text)
{
	size_t len;

	ezlb_utf8_plain(text, false);
	if (ezlb_strcpy(buf, size, text))
		return;
	/* Do not cut a UTF-8 character in two. */
	for (len = size - 1; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
		;
	buf[len] = '\0';
}

static void add_to(struct ezlb_summary_some *some, const char *name)
{
	if (some->n++ == 0 || strcmp(name, some->name) < 0)
		some->name = name;
}

void ezlb_summary_add(struct ezlb_summary *summary, const char *name, enum ezlb_state state,
		      const struct ezlb_condition conditions[static EZLB_CONDITIONS])
{
	enum ezlb_reason ready = conditions[EZLB_BACKENDS_READY].reason;

	if (state == EZLB_STATE_DOWN)
		add_to(&summary->down, name);
	else if (ready == EZLB_REASON_FAIL_OPEN)
		add_to(&summary->fail_open, name);
	else if (ready == EZLB_REASON_FALLBACK_SERVES)
		add_to(&summary->fallback, name);
	if (conditions[EZLB_DELIVERABLE].reason == EZLB_REASON_SOURCE_PORTS_LOW)
		add_to(&summary->ports, name);
}

void ezlb_summary_text(const struct ezlb_summary *summary, char *buf, size_t size)
{
	EZLB_AUTO_FREE char *text = NULL;
	struct ezlb_text out = { 0 };

	if (summary->not_ready)
		ezlb_text_printf(&out, "not ready: %s; ", summary->not_ready);
	put_conntrack(summary, &out);
	ezlb_text_printf(&out, "%zu service%s", summary->services,
			 summary->services == 1 ? "" : "s");
	put_refused(summary, &out);
	put_some(&out, summary->down.n, "down", summary->down.name);
	put_some(&out, summary->fail_open.n, "failing open", summary->fail_open.name);
	put_some(&out, summary->fallback.n, "served by the fallback", summary->fallback.name);
	put_some(&out, summary->ports.n, "short of source ports", summary->ports.name);
	text = ezlb_text_take(&out, NULL);
	copy_line(buf, size, text);
}

static void count_files(const struct ezlb_status *status, struct ezlb_summary *out)
{
	for (size_t i = 0; i < status->files.len; i++) {
		const struct ezlb_status_file *file = &status->files.items[i];

		if (file->state == EZLB_FILE_OK || out->refused++ > 0)
			continue;
		out->refused_file = file->path;
		out->refused_line = file->n_diags ? status->diags.items[file->first].at.line : 0;
	}
}

void ezlb_status_summary(const struct ezlb_status *status, char *buf, size_t size)
{
	struct ezlb_summary summary = { .not_ready = status->ready ? NULL : status->not_ready,
					.conntrack_full = status->conntrack_full,
					.conntrack_entries = status->conntrack_entries,
					.conntrack_max = status->conntrack_max };

	count_files(status, &summary);
	for (size_t i = 0; i < status->services.len; i++) {
		const struct ezlb_status_service *service = &status->services.items[i];

		summary.services += service->applied;
		ezlb_summary_add(&summary, service->name, service->state, service->conditions);
	}
	ezlb_summary_text(&summary, buf, size);
}
