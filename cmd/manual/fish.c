// SPDX-License-Identifier: GPL-2.0-or-later
/* Completion for fish: one line for each command, flag and argument. */
#include <string.h>

#include "manual.h"

static const char head[] =
	"# SPDX-License-Identifier: GPL-2.0-or-later\n"
	"# Completion of ezlb for fish. Made by cmd/manual from the tables of ezlb: `ninja manuals`. Do not edit.\n"
	"\n"
	"# True where the command line has one of these commands.\n"
	"function __ezlb_is\n"
	"\tset -l words (commandline -opc)\n"
	"\ttest (count $words) -ge 2; and contains -- $words[2] $argv\n"
	"end\n"
	"\n"
	"function __ezlb_first\n"
	"\ttest (count (commandline -opc)) -eq 1\n"
	"end\n"
	"\n"
	"# The services of a running ezlb; nothing where none answers.\n"
	"function __ezlb_services\n"
	"\tset -l words (commandline -opc)\n"
	"\tset -l dir\n"
	"\tfor i in (seq (count $words))\n"
	"\t\tif test \"$words[$i]\" = --state-dir; and test $i -lt (count $words)\n"
	"\t\t\tset dir $words[$i] $words[(math $i + 1)]\n"
	"\t\telse if string match -q -- '--state-dir=*' $words[$i]\n"
	"\t\t\tset dir $words[$i]\n"
	"\t\tend\n"
	"\tend\n"
	"\ttimeout 2 ezlb status $dir -o json 2>/dev/null |\n"
	"\t\tstring match -ra '\"name\":\"[a-z0-9-]*\",\"state\"' | string split -f 4 '\"'\n"
	"end\n"
	"\n"
	"complete -c ezlb -f\n";

/* In single quotes. */
static void put_quoted(const char *text, size_t len)
{
	putchar('\'');
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\'' || text[i] == '\\')
			printf("\\%c", text[i]);
		else
			putchar(text[i]);
	putchar('\'');
}

static void put_kind(const char *arg)
{
	switch (arg_kind(arg)) {
	case ARG_WORDS:
		printf(" -a '");
		put_words(arg, " ");
		putchar('\'');
		break;
	case ARG_DIR:
		printf(" -a '(__fish_complete_directories (commandline -ct))'");
		break;
	case ARG_FILE:
		printf(" -F");
		break;
	case ARG_SERVICE:
		printf(" -a '(__ezlb_services)'");
		break;
	case ARG_NONE:
	case ARG_ANYTHING:
		break;
	}
}

static void put_flag(enum flag flag)
{
	const struct flag_row *row = &flag_table[flag];

	printf("complete -c ezlb -n '__ezlb_is");
	for (size_t i = 0; i < n_commands; i++)
		if (command_takes(&command_table[i], flag))
			printf(" %s", command_table[i].name);
	printf("' -l %s", row->name);
	if (row->letter)
		printf(" -s %c", row->letter);
	if (row->arg && !row->arg_optional)
		printf(arg_kind(row->arg) == ARG_FILE ? " -r" : " -x");
	put_kind(row->arg);
	printf(" -d ");
	put_quoted(row->help, sentence_len(row->help));
	putchar('\n');
}

void print_fish(void)
{
	fputs(head, stdout);
	for (size_t i = 0; i < n_commands; i++) {
		printf("complete -c ezlb -n __ezlb_first -a %s -d ", command_table[i].name);
		put_quoted(command_table[i].summary, strlen(command_table[i].summary));
		putchar('\n');
	}
	printf("complete -c ezlb -n __ezlb_first -a help -d 'print the help of a command'\n"
	       "complete -c ezlb -n '__ezlb_is help' -a '");
	for (size_t i = 0; i < n_commands; i++)
		printf("%s%s", i > 0 ? " " : "", command_table[i].name);
	printf("'\n");
	for (size_t i = 0; i < n_commands; i++) {
		if (!command_table[i].args[0])
			continue;
		printf("complete -c ezlb -n '__ezlb_is %s'", command_table[i].name);
		put_kind(command_table[i].args);
		putchar('\n');
	}
	for (enum flag flag = 0; flag < FLAGS; flag++)
		put_flag(flag);
}
