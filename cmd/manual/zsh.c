// SPDX-License-Identifier: GPL-2.0-or-later
/* Completion for zsh: one _arguments for each command. */
#include "manual.h"

static const char head[] =
	"#compdef ezlb\n"
	"# SPDX-License-Identifier: GPL-2.0-or-later\n"
	"# Completion of ezlb for zsh. Made by cmd/manual from the tables of ezlb: `ninja manuals`. Do not edit.\n"
	"\n"
	"# The services of a running ezlb; nothing where none answers.\n"
	"_ezlb_services() {\n"
	"\tlocal -a dir names\n"
	"\t(( $+opt_args[--state-dir] )) && dir=(--state-dir ${(Q)opt_args[--state-dir]})\n"
	"\tnames=(${(f)\"$(timeout 2 ezlb status $dir -o json 2>/dev/null |\n"
	"\t\tgrep -o '\"name\":\"[a-z0-9-]*\",\"state\"' | cut -d '\"' -f 4)\"})\n"
	"\tcompadd -a names\n"
	"}\n"
	"\n"
	"_ezlb() {\n"
	"\tlocal curcontext=$curcontext state line\n"
	"\tlocal -a commands\n"
	"\tlocal -A opt_args\n"
	"\tcommands=(\n";

static const char middle[] = "\t)\n"
			     "\tif (( CURRENT == 2 )); then\n"
			     "\t\t_describe command commands\n"
			     "\t\treturn\n"
			     "\tfi\n"
			     "\tlocal command=$words[2]\n"
			     "\tshift words\n"
			     "\t(( CURRENT-- ))\n"
			     "\tcase $command in\n"
			     "\thelp) _describe command commands ;;\n";

static const char tail[] = "\tesac\n}\n\n_ezlb \"$@\"\n";

/* Inside of '...', and of [...] or after a ':'. */
static void put_escaped(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\'')
			printf("'\\''");
		else if (text[i] == '[' || text[i] == ']' || text[i] == ':' || text[i] == '\\')
			printf("\\%c", text[i]);
		else
			putchar(text[i]);
	}
}

static void put_action(const char *arg)
{
	switch (arg_kind(arg)) {
	case ARG_WORDS:
		printf("value:(");
		put_words(arg, " ");
		putchar(')');
		break;
	case ARG_DIR:
		printf("directory:_files -/");
		break;
	case ARG_FILE:
		printf("file:_files");
		break;
	case ARG_SERVICE:
		printf("service:_ezlb_services");
		break;
	case ARG_NONE:
	case ARG_ANYTHING:
		printf("value: ");
		break;
	}
}

static void put_spec(enum flag flag, const char *name, const char *equals)
{
	const struct flag_row *row = &flag_table[flag];

	printf(" \\\n\t\t\t'%s%s%s[", flag == FLAG_CONFIG_DIR ? "*" : "", name,
	       row->arg ? equals : "");
	put_escaped(row->help, sentence_len(row->help));
	putchar(']');
	if (row->arg) {
		printf(row->arg_optional ? "::" : ":");
		put_action(row->arg);
	}
	putchar('\'');
}

static void put_flag(enum flag flag)
{
	char name[64];

	snprintf(name, sizeof(name), "--%s", flag_table[flag].name);
	put_spec(flag, name, flag_table[flag].arg_optional ? "=-" : "=");
	if (!flag_table[flag].letter)
		return;
	snprintf(name, sizeof(name), "-%c", flag_table[flag].letter);
	put_spec(flag, name, "+");
}

static void put_command(const struct command *command)
{
	printf("\t%s)\n\t\t_arguments -S", command->name);
	for (enum flag flag = 0; flag < FLAGS; flag++)
		if (command_takes(command, flag))
			put_flag(flag);
	if (command->args[0]) {
		printf(" \\\n\t\t\t'%s:", arg_kind(command->args) == ARG_FILE ? "*" : "1");
		put_action(command->args);
		putchar('\'');
	}
	printf("\n\t\t;;\n");
}

void print_zsh(void)
{
	fputs(head, stdout);
	for (size_t i = 0; i < n_commands; i++) {
		const char *summary = command_table[i].summary;
		size_t len = 0;

		while (summary[len])
			len++;
		printf("\t\t'%s:", command_table[i].name);
		put_escaped(summary, len);
		printf("'\n");
	}
	printf("\t\t'help:print the help of a command'\n");
	fputs(middle, stdout);
	for (size_t i = 0; i < n_commands; i++)
		put_command(&command_table[i]);
	fputs(tail, stdout);
}
