// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "manual.h"

/* When something that people should read again was last changed here. */
#define DATE  "2026-11-29"
#define WIDTH 72

/* Returns the length of what it has put. */
static size_t put_char(char c, bool first_of_line)
{
	static const struct {
		char c;
		const char *as;
	} special[] = {
		{ '\\', "\\e" },  { '-', "\\-" },   { '\'', "\\(aq" },
		{ '^', "\\(ha" }, { '~', "\\(ti" },
	};

	if (first_of_line && (c == '.' || c == '\''))
		fputs("\\&", stdout);
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (special[i].c == c)
			return (size_t)printf("%s", special[i].as);
	putchar(c);
	return 1;
}

/* A new sentence begins a new line, so that roff knows its space. Long lines are broken, too. */
static bool breaks_line(const char *text, const char *at, size_t column)
{
	size_t word = strcspn(at + 1, " \n");

	if (at > text && at[-1] == '.' && at[1] >= 'A' && at[1] <= 'Z')
		return true;
	return column + 1 + word > WIDTH;
}

void roff_say(const char *text)
{
	bool bold = false;
	size_t column = 0;

	for (const char *p = text; *p; p++) {
		if (*p == '`') {
			bold = !bold;
			fputs(bold ? "\\fB" : "\\fP", stdout);
			column += 3;
		} else if (*p == ' ' && breaks_line(text, p, column)) {
			putchar('\n');
			column = 0;
		} else {
			column += put_char(*p, column == 0);
		}
	}
}

void roff_text(const char *text)
{
	roff_say(text);
	putchar('\n');
}

void roff_head(const char *title, int section, const char *summary)
{
	char name[64];

	printf(".\\\" SPDX-License-Identifier: GPL-2.0-or-later\n"
	       ".\\\" Made by cmd/manual from the tables of ezlb: `ninja manuals`. Do not edit.\n"
	       ".TH ");
	for (const char *p = title; *p; p++)
		putchar(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
	printf(" %d %s \"ezlb %s\" \"ezlb manual\"\n.SH NAME\n", section, DATE, EZLB_VERSION);
	snprintf(name, sizeof(name), "%s", title);
	roff_say(name);
	fputs(" \\- ", stdout);
	roff_text(summary);
}

void roff_section(const char *title)
{
	printf(".SH ");
	roff_text(title);
}

void roff_subsection(const char *title)
{
	printf(".SS ");
	roff_text(title);
}

void roff_paragraph(const char *text)
{
	puts(".PP");
	roff_text(text);
}

void roff_item(const char *tag, const char *text)
{
	puts(".TP");
	fputs("\\fB", stdout);
	for (const char *p = tag; *p; p++)
		put_char(*p, false);
	puts("\\fP");
	roff_text(text);
}

void roff_verbatim(const char *lines)
{
	bool first = true;

	puts(".PP\n.RS 4\n.nf");
	for (; *lines; lines++) {
		put_char(*lines, first);
		first = *lines == '\n';
	}
	puts(".fi\n.RE");
}
