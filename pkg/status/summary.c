// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/status.h>

#include "utf8.h"

/* ", 2 rejected (web.yaml:7 and 1 more)" */
static void put_some(struct ezlb_text *out, size_t n, const char *what, const char *first)
{
	if (n == 0)
		return;
	ezlb_text_printf(out, ", %zu %s (%s", n, what, first);
	if (n > 1)
		ezlb_text_printf(out, " and %zu more", n - 1);
	ezlb_text_puts(out, ")");
}

/* "web.yaml:7"; what is wrong with a file as a whole has no line. */
static char *place_of(const struct ezlb_status *status, const struct ezlb_status_file *file)
{
	const char *slash = strrchr(file->path, '/');
	const char *name = slash ? slash + 1 : file->path;
	int line = file->n_diags ? status->diags.items[file->first].at.line : 0;

	return line > 0 ? ezlb_asprintf("%s:%d", name, line) : ezlb_strdup(name);
}

static void put_rejected(const struct ezlb_status *status, struct ezlb_text *out)
{
	EZLB_AUTO_FREE char *place = NULL;
	size_t n = 0;

	for (size_t i = 0; i < status->files.len; i++) {
		const struct ezlb_status_file *file = &status->files.items[i];

		if (file->state != EZLB_FILE_OK && n++ == 0)
			place = place_of(status, file);
	}
	put_some(out, n, "rejected", place);
}

static void put_down(const struct ezlb_status *status, struct ezlb_text *out)
{
	const char *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < status->services.len; i++) {
		const struct ezlb_status_service *service = &status->services.items[i];

		if (service->state == EZLB_STATE_DOWN && n++ == 0)
			first = service->name;
	}
	put_some(out, n, "down", first);
}

/* One line: a line feed in a file's name would be another assignment to sd_notify. */
static void copy_line(char *buf, size_t size, const char *text)
{
	EZLB_AUTO_FREE char *mended = ezlb_utf8_mend(text);
	size_t len;

	for (char *p = mended; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	if (ezlb_strcpy(buf, size, mended))
		return;
	/* Not half a character at the end. */
	for (len = size - 1; len > 0 && ((unsigned char)mended[len] & 0xc0) == 0x80; len--)
		;
	buf[len] = '\0';
}

void ezlb_status_summary(const struct ezlb_status *status, char *buf, size_t size)
{
	EZLB_AUTO_FREE char *text = NULL;
	struct ezlb_text out = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < status->services.len; i++)
		n += status->services.items[i].in_force;
	if (!status->ready)
		ezlb_text_printf(&out, "not ready: %s; ", status->not_ready);
	ezlb_text_printf(&out, "%zu service%s", n, n == 1 ? "" : "s");
	put_rejected(status, &out);
	put_down(status, &out);
	text = ezlb_text_take(&out, NULL);
	copy_line(buf, size, text);
}
