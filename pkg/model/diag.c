// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/diag.h>

#include <stdarg.h>
#include <stdio.h>

#include <ezlb/text.h>
#include <ezlb/utf8.h>

struct ezlb_diag *ezlb_diags_add(struct ezlb_diags *diags, const char *file, struct ezlb_mark at,
				 enum ezlb_diag_code code, const char *fmt, ...)
{
	struct ezlb_diag *diag = EZLB_PUSH(diags);
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag->file = ezlb_strdup(file);
	diag->at = at;
	diag->code = code;
	diag->message = ezlb_strdup(text);
	return diag;
}

static int diag_cmp(const void *pa, const void *pb)
{
	const struct ezlb_diag *a = pa, *b = pb;
	int rc = strcmp(a->file, b->file);

	if (rc == 0)
		rc = ezlb_mark_cmp(a->at, b->at);
	if (rc == 0)
		rc = (a->code > b->code) - (a->code < b->code);
	return rc;
}

static char *copy_of(const char *text)
{
	return text ? ezlb_strdup(text) : NULL;
}

void ezlb_diags_copy(struct ezlb_diags *to, const struct ezlb_diag *diags, size_t n)
{
	if (n > 0)
		(void)EZLB_ROOM(to, n);
	for (size_t i = 0; i < n; i++) {
		struct ezlb_diag *copy = EZLB_PUSH(to);

		*copy = diags[i];
		copy->file = copy_of(diags[i].file);
		copy->message = copy_of(diags[i].message);
		copy->source = copy_of(diags[i].source);
		copy->help = copy_of(diags[i].help);
		copy->inside = copy_of(diags[i].inside);
		copy->service = copy_of(diags[i].service);
	}
}

void ezlb_diags_sort(struct ezlb_diags *diags)
{
	EZLB_SORT(diags, diag_cmp);
}

void ezlb_diags_cut(struct ezlb_diags *diags, size_t len)
{
	while (diags->len > len) {
		struct ezlb_diag *diag = &diags->items[--diags->len];

		free(diag->file);
		free(diag->message);
		free(diag->source);
		free(diag->help);
		free(diag->inside);
		free(diag->service);
	}
}

void ezlb_diags_clear(struct ezlb_diags *diags)
{
	ezlb_diags_cut(diags, 0);
	EZLB_VEC_CLEAR(diags);
}

char *ezlb_diag_line(const struct ezlb_diag *diag)
{
	char place[32] = "";

	/* A file that cannot be read has no line number. */
	if (diag->at.line > 0)
		snprintf(place, sizeof(place), ":%d:%d", diag->at.line, diag->at.col);
	return ezlb_asprintf("%s%s: %s[E%03d]: %s", diag->file, place,
			     diag->warning ? "warning" : "error", (int)diag->code, diag->message);
}

/* The blanks before the caret, with the tabs of the source. Columns count characters, not bytes. */
static char *indent(const char *source, int col)
{
	char *out = ezlb_strdup(source);
	int n = 0;

	for (const char *p = source; *p && n < col - 1; p++)
		if (((unsigned char)*p & 0xc0) != 0x80)
			out[n++] = *p == '\t' ? '\t' : ' ';
	out[n] = '\0';
	return out;
}

/* The line without control characters, which could control the terminal. */
static char *printable(const char *source)
{
	char *out = ezlb_strdup(source);

	for (char *p = out; *p; p++)
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
			*p = '?';
	return out;
}

/* A name with a line break would begin a line of its own, which could be anything. */
static char *one_line(const char *name)
{
	char *line = ezlb_strdup(name);

	ezlb_utf8_plain(line, false);
	return line;
}

static void put_inside(struct ezlb_text *out, const char *inside)
{
	EZLB_AUTO_FREE char *line = one_line(inside);

	ezlb_text_printf(out, "  in: %s\n", line);
}

char *ezlb_diag_text(const struct ezlb_diag *diag)
{
	EZLB_AUTO_FREE char *file = one_line(diag->file), *line = NULL;
	struct ezlb_diag shown = *diag;
	struct ezlb_text out = { 0 };

	shown.file = file;
	line = ezlb_diag_line(&shown);
	ezlb_text_printf(&out, "%s\n", line);
	if (diag->source && diag->at.line > 0) {
		int from = diag->source_col > 0 ? diag->source_col : 1;
		EZLB_AUTO_FREE char *blanks = indent(diag->source, diag->at.col - from + 1);
		EZLB_AUTO_FREE char *source = printable(diag->source);

		ezlb_text_printf(&out, "%5d | %s\n      | %s^\n", diag->at.line, source, blanks);
	}
	if (diag->inside)
		put_inside(&out, diag->inside);
	if (diag->help)
		ezlb_text_printf(&out, "  help: %s\n", diag->help);
	return ezlb_text_take(&out, NULL);
}

const char *ezlb_diag_code_str(enum ezlb_diag_code code, char buf[EZLB_DIAG_CODE_STRLEN])
{
	snprintf(buf, EZLB_DIAG_CODE_STRLEN, "E%03u", (unsigned)code % 1000);
	return buf;
}

const struct ezlb_diag_kind ezlb_diag_kinds[] = {
	{ EZLB_E_READ, "the file cannot be read" },
	{ EZLB_E_SIZE, "too large, or nested too deeply" },
	{ EZLB_E_SYNTAX, "not valid YAML" },
	{ EZLB_E_FEATURE, "a YAML feature that ezlb refuses" },
	{ EZLB_E_DUPLICATE, "the same key twice" },
	{ EZLB_E_IGNORED, "`ezlb run` ignores a file with this name" },
	{ EZLB_E_OTHER, "not a service file" },
	{ EZLB_E_UNKNOWN_KEY, "unknown key" },
	{ EZLB_E_MISSING, "a required field is missing" },
	{ EZLB_E_TYPE, "the wrong type" },
	{ EZLB_E_VALUE, "not an allowed value" },
	{ EZLB_E_RANGE, "out of range" },
	{ EZLB_E_ADDRESS, "not an address" },
	{ EZLB_E_FAMILY, "IPv4 and IPv6 mixed" },
	{ EZLB_E_SNAT_ALONE, "`snat_ip` without `full_nat`" },
	{ EZLB_E_FORWARD, "`forward` does not match the other fields" },
	{ EZLB_E_BACKEND_TWICE, "the same backend twice" },
	{ EZLB_E_UNSUPPORTED, "no longer used" },
	{ EZLB_E_LISTENER_TWICE, "two listeners of the file overlap" },
	{ EZLB_E_LOOP, "a backend is the balancer itself" },
	{ EZLB_E_COMBINATION, "fields that do not go together" },
	{ EZLB_E_NAME_TAKEN, "another file has the name" },
	{ EZLB_E_LISTENER_TAKEN, "another file has the listener" },
	{ EZLB_E_SNAT_CONFLICT, "another service gives the backend another source address" },
	{ EZLB_E_SNAT_MARK, "full_nat for a firewall mark does not work with iptables" },
	{ EZLB_E_CHAIN, "a backend is the listener of another service; a warning" },
	{ EZLB_E_TIMEOUT, "`timeout` is longer than `interval`; a warning" },
	{ EZLB_E_ANSWERS, "`one_packet` with NAT: answers are not translated; a warning" },
	{ EZLB_E_PASSED, "an object in a manifest is passed over; a warning" },
	{ EZLB_E_TOTAL, "all files together have too many destinations" },
};
const size_t ezlb_n_diag_kinds = sizeof(ezlb_diag_kinds) / sizeof(ezlb_diag_kinds[0]);
