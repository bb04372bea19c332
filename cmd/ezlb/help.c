// SPDX-License-Identifier: GPL-2.0-or-later
/* help: prints the two tables for a terminal of 80 columns. */
#include <stdio.h>
#include <string.h>

#include "table.h"

#define WIDTH 80

static void put_wrapped(const char *text, size_t indent)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column > 0 && column + 1 + len > WIDTH) {
			putchar('\n');
			column = 0;
		}
		column += (size_t)(column == 0 ? printf("%*s%.*s", (int)indent, "", (int)len, text)
					       : printf(" %.*s", (int)len, text));
		text += len + (text[len] == ' ');
	}
	putchar('\n');
}

static void put_lines(const char *title, const char *lines)
{
	printf("\n%s:\n", title);
	while (*lines) {
		size_t len = strcspn(lines, "\n");

		printf("  %.*s\n", (int)len, lines);
		lines += len + 1;
	}
}

static void put_flag(const struct flag_row *row)
{
	printf("  --%s", row->name);
	if (row->arg)
		printf(row->arg_optional ? "[=%s]" : "=%s", row->arg);
	if (row->letter)
		printf(", -%c", row->letter);
	putchar('\n');
	put_wrapped(row->help, 6);
	if (row->by_default)
		printf("      [default: %s; variable: %s]\n", row->by_default, row->env);
}

void help_command(const struct command *command)
{
	printf("usage: ezlb %s [FLAGS]%s%s\n\n", command->name, command->args[0] ? " " : "",
	       command->args);
	put_wrapped(command->help, 0);
	printf("\nflags:\n");
	for (enum flag flag = 0; flag < FLAGS; flag++)
		if (command_takes(command, flag))
			put_flag(&flag_table[flag]);
	put_lines("exit status", command->status);
	printf("  %d  wrong usage: an unknown flag, value or argument\n", EXIT_USAGE);
	put_lines("examples", command->example);
}

void help_overview(FILE *out)
{
	fprintf(out, "usage: ezlb COMMAND [FLAGS] [ARGUMENTS]\n\ncommands:\n");
	for (size_t i = 0; i < n_commands; i++)
		fprintf(out, "  %-10s  %s\n", command_table[i].name, command_table[i].summary);
	fprintf(out, "\n`ezlb help COMMAND` or `ezlb COMMAND --help`: its flags, exit status and "
		     "examples.\n");
}
