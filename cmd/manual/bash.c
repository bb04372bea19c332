// SPDX-License-Identifier: GPL-2.0-or-later
/* Completion for bash. It needs nothing of the package bash-completion. */
#include "manual.h"

static const char head[] =
	"# SPDX-License-Identifier: GPL-2.0-or-later\n"
	"# shellcheck shell=bash\n"
	"# Completion of ezlb for bash. Made by cmd/manual from the tables of ezlb: `ninja manuals`. Do not edit.\n"
	"\n"
	"# The services of a running ezlb; nothing where none answers.\n"
	"_ezlb_services() {\n"
	"\tlocal i dir=()\n"
	"\tfor ((i = 2; i < COMP_CWORD - 1; i++)); do\n"
	"\t\t[[ ${COMP_WORDS[i]} != --state-dir ]] || dir=(--state-dir \"${COMP_WORDS[i + 1]#=}\")\n"
	"\t\t[[ ${COMP_WORDS[i]} != --state-dir || ${COMP_WORDS[i + 1]} != = ]] || "
	"dir=(--state-dir \"${COMP_WORDS[i + 2]}\")\n"
	"\tdone\n"
	"\ttimeout 2 \"${COMP_WORDS[0]}\" status \"${dir[@]}\" -o json 2>/dev/null |\n"
	"\t\tgrep -o '\"name\":\"[a-z0-9-]*\",\"state\"' | cut -d '\"' -f 4\n"
	"}\n";

static const char tail[] =
	"\n"
	"_ezlb_complete() { # KIND-OR-WORDS\n"
	"\tcase $1 in\n"
	"\tDIR) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -d -- \"$cur\") ;;\n"
	"\tFILE) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
	"\tSERVICE) mapfile -t COMPREPLY < <(compgen -W \"$(_ezlb_services)\" -- \"$cur\") ;;\n"
	"\t*) mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\") ;;\n"
	"\tesac\n"
	"}\n"
	"\n"
	"_ezlb() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD - 1]} joined=''\n"
	"\tCOMPREPLY=()\n"
	"\tif ((COMP_CWORD == 1)); then\n"
	"\t\t_ezlb_complete \"$(_ezlb_commands) help --help --version\"\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tif [[ ${COMP_WORDS[1]} == help ]]; then\n"
	"\t\t_ezlb_complete \"$(_ezlb_commands)\"\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tif [[ $cur == = ]]; then # --flag=\n"
	"\t\tcur='' joined=yes\n"
	"\telif [[ $flag == = ]]; then # --flag=value\n"
	"\t\tflag=${COMP_WORDS[COMP_CWORD - 2]} joined=yes\n"
	"\tfi\n"
	"\tif [[ -n $(_ezlb_value \"$flag\" \"$joined\") ]]; then\n"
	"\t\t_ezlb_complete \"$(_ezlb_value \"$flag\" \"$joined\")\"\n"
	"\telif [[ $cur == -* ]]; then\n"
	"\t\t_ezlb_complete \"$(_ezlb_flags \"${COMP_WORDS[1]}\")\"\n"
	"\telse\n"
	"\t\t_ezlb_complete \"$(_ezlb_argument \"${COMP_WORDS[1]}\")\"\n"
	"\tfi\n"
	"}\n"
	"complete -F _ezlb ezlb\n";

static void put_commands(void)
{
	printf("\n_ezlb_commands() {\n\techo");
	for (size_t i = 0; i < n_commands; i++)
		printf(" %s", command_table[i].name);
	printf("\n}\n");
}

static void put_flags(void)
{
	printf("\n_ezlb_flags() { # COMMAND\n\tcase $1 in\n");
	for (size_t i = 0; i < n_commands; i++) {
		printf("\t%s) echo", command_table[i].name);
		for (enum flag flag = 0; flag < FLAGS; flag++)
			if (command_takes(&command_table[i], flag))
				printf(" --%s", flag_table[flag].name);
		printf(" ;;\n");
	}
	printf("\tesac\n}\n");
}

/* A word for _ezlb_complete; " " for a value that nobody can complete. */
static void put_kind(const char *arg)
{
	switch (arg_kind(arg)) {
	case ARG_NONE:
		break;
	case ARG_WORDS:
		put_words(arg, " ");
		break;
	case ARG_DIR:
		printf("DIR");
		break;
	case ARG_FILE:
		printf("FILE");
		break;
	case ARG_SERVICE:
		printf("SERVICE");
		break;
	case ARG_ANYTHING:
		putchar(' ');
		break;
	}
}

static void put_values(void)
{
	printf("\n# What follows a flag; nothing where the flag takes no value. An optional value needs the '='.\n"
	       "_ezlb_value() { # FLAG JOINED\n\tcase $1$2 in\n");
	for (enum flag flag = 0; flag < FLAGS; flag++) {
		const struct flag_row *row = &flag_table[flag];

		if (!row->arg)
			continue;
		printf("\t");
		if (!row->arg_optional)
			printf("--%s | ", row->name);
		if (row->letter)
			printf("-%c | ", row->letter);
		printf("--%syes) echo '", row->name);
		put_kind(row->arg);
		printf("' ;;\n");
	}
	printf("\tesac\n}\n");
}

static void put_arguments(void)
{
	printf("\n_ezlb_argument() { # COMMAND\n\tcase $1 in\n");
	for (size_t i = 0; i < n_commands; i++) {
		const char *args = command_table[i].args;

		if (arg_kind(args) == ARG_NONE || arg_kind(args) == ARG_ANYTHING)
			continue;
		printf("\t%s) echo '", command_table[i].name);
		put_kind(args);
		printf("' ;;\n");
	}
	printf("\tesac\n}\n");
}

void print_bash(void)
{
	fputs(head, stdout);
	put_commands();
	put_flags();
	put_values();
	put_arguments();
	fputs(tail, stdout);
}
