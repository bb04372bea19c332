// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include <ezlb/suggest.h>

#include "args.h"

enum flag { FLAG_FROM, FLAG_CGROUP, FLAG_PIN, FLAG_OUTPUT, FLAG_HELP, FLAGS };
#define BIT(flag) (1u << FLAG_##flag)

/* getopt's value of the first long flag: above all letters. */
#define LONG_BASE 256

struct flag_row {
	const char *name, *arg; /* arg NULL: takes none */
	const char *env;
	const char *help; /* lines of the help */
	char letter;
};

static const struct flag_row flag_table[FLAGS] = {
	[FLAG_FROM] = { "from", "ADDRESS[/PREFIX][,...]", "EZLB_TOA_FROM",
			"      The balancers, as this host sees them: what their service files have in\n"
			"      snat_ip, or without it the balancer's own address towards this host.\n"
			"      Addresses, networks, or ranges (10.0.0.3-10.0.0.6). The option is\n"
			"      believed from these alone. More than once: all of them.\n",
			0 },
	[FLAG_CGROUP] = { "cgroup", "PATH", "EZLB_TOA_CGROUP",
			  "      The programs are for the servers in this cgroup (v2) and below it.\n"
			  "      [default: the root, where cgroup v2 is mounted]\n",
			  0 },
	[FLAG_PIN] = { "pin", NULL, NULL,
		       "      Attach as `ezlb-toa attach` does, stay, and attach again what somebody\n"
		       "      detached. Everything stays attached at the exit.\n",
		       0 },
	[FLAG_OUTPUT] = { "output", "text|json", NULL, "      The form of the output.\n", 'o' },
	[FLAG_HELP] = { "help", NULL, NULL, "      Print this.\n", 'h' },
};

struct command_row {
	const char *name, *summary, *help, *status;
	unsigned flags;
};

static const struct command_row command_table[COMMANDS] = {
	[COMMAND_RUN] = { "run", "attach the programs, and detach them at the exit",
			  "Attaches the programs to the cgroup and stays in the foreground until SIGTERM or\n"
			  "SIGINT. The programs go with this process, also when it is killed; what\n"
			  "getpeername() says of connections that are open then is the balancer again.\n",
			  "  0  ended by a signal\n"
			  "  1  could not attach, or the cgroup was removed\n",
			  BIT(FROM) | BIT(CGROUP) | BIT(PIN) },
	[COMMAND_ATTACH] = { "attach", "attach the programs, and exit",
			     "Attaches the programs to the cgroup, pins them under /sys/fs/bpf/ezlb-toa, and\n"
			     "exits. They stay until `ezlb-toa detach` or the next boot. Where they are\n"
			     "attached already, this replaces the programs and the list of balancers; no\n"
			     "connection is missed meanwhile, and open ones keep their address.\n",
			     "  0  attached\n"
			     "  1  could not attach; what was attached before is as it was\n",
			     BIT(FROM) | BIT(CGROUP) },
	[COMMAND_DETACH] = { "detach", "detach what `attach` has attached",
			     "Detaches what `ezlb-toa attach` or `run --pin` has attached. What getpeername()\n"
			     "says of open connections is the balancer again.\n",
			     "  0  nothing of it is attached now\n"
			     "  1  could not detach\n",
			     0 },
	[COMMAND_STATUS] = { "status", "print what is attached, and what it has counted",
			     "Prints where the programs are attached, which balancers they believe, and what\n"
			     "they have counted. Also of `ezlb-toa run`.\n",
			     "  0  the programs are attached\n"
			     "  1  they are not, or only in part, or one cannot find out\n",
			     BIT(OUTPUT) },
};

static bool takes(enum command command, enum flag flag)
{
	return flag == FLAG_HELP || (command_table[command].flags & (1u << flag)) != 0;
}

static int unknown_command(const char *typed, struct ezlb_err *err)
{
	const char *names[COMMANDS], *near;

	for (int i = 0; i < COMMANDS; i++)
		names[i] = command_table[i].name;
	near = ezlb_suggest(typed, names, COMMANDS);
	if (near)
		return ezlb_err_set(err, EINVAL, "unknown command '%s'; did you mean '%s'?", typed,
				    near);
	return ezlb_err_set(err, EINVAL, "unknown command '%s'; `ezlb-toa --help` lists them",
			    typed);
}

static int unknown_flag(enum command command, const char *typed, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *word = ezlb_strdup(typed);
	const char *names[FLAGS], *near;
	size_t n = 0;

	word[strcspn(word, "=")] = '\0';
	for (enum flag flag = 0; flag < FLAGS; flag++)
		if (takes(command, flag))
			names[n++] = flag_table[flag].name;
	near = ezlb_suggest(word + strspn(word, "-"), names, n);
	if (near)
		return ezlb_err_set(err, EINVAL, "%s: no flag %s; did you mean --%s?",
				    command_table[command].name, word, near);
	return ezlb_err_set(err, EINVAL, "%s: no flag %s; see `ezlb-toa %s --help`",
			    command_table[command].name, word, command_table[command].name);
}

static int not_taken(enum command command, enum flag flag, struct ezlb_err *err)
{
	return ezlb_err_set(err, EINVAL, "%s: no flag --%s; see `ezlb-toa %s --help`",
			    command_table[command].name, flag_table[flag].name,
			    command_table[command].name);
}

static enum flag flag_of(int c)
{
	for (enum flag flag = 0; flag < FLAGS; flag++)
		if (c == LONG_BASE + (int)flag || (c != 0 && c == flag_table[flag].letter))
			return flag;
	return FLAGS;
}

/* getopt_long(3) failed: c is ':' if a value is missing, '?' for other mistakes. */
static int mistake(enum command command, int c, char **argv, struct ezlb_err *err)
{
	enum flag flag = flag_of(optopt);
	const char letter[] = { '-', (char)optopt, '\0' };

	if (flag == FLAGS)
		return unknown_flag(command, optopt ? letter : argv[optind - 1], err);
	if (c == ':')
		return ezlb_err_set(err, EINVAL, "%s: --%s needs a value: %s",
				    command_table[command].name, flag_table[flag].name,
				    flag_table[flag].arg);
	return ezlb_err_set(err, EINVAL, "%s: --%s takes no value", command_table[command].name,
			    flag_table[flag].name);
}

static int set_output(struct args *args, const char *value, struct ezlb_err *err)
{
	args->json = strcmp(value, "json") == 0;
	if (args->json || strcmp(value, "text") == 0)
		return 0;
	return ezlb_err_set(err, EINVAL, "--output=%s: expected text|json", value);
}

static int set_cgroup(struct args *args, const char *value, struct ezlb_err *err)
{
	args->cgroup = value;
	return value[0] ? 0 : ezlb_err_set(err, EINVAL, "--cgroup=: expected PATH");
}

static int set_flag(struct args *args, enum flag flag, const char *value, struct ezlb_err *err)
{
	switch (flag) {
	case FLAG_FROM:
		return ezlb_err_wrap(err, from_parse(value, &args->from, err), "--from");
	case FLAG_CGROUP:
		return set_cgroup(args, value, err);
	case FLAG_PIN:
		args->pin = true;
		return 0;
	case FLAG_OUTPUT:
		return set_output(args, value, err);
	case FLAG_HELP:
		args->help = args->of_command = true;
		return 0;
	case FLAGS:
		break;
	}
	return -EINVAL;
}

static int read_flags(int argc, char **argv, struct args *args, struct ezlb_err *err)
{
	struct option longs[FLAGS + 1] = { { 0 } };
	int c;

	for (int i = 0; i < FLAGS; i++)
		longs[i] = (struct option){ flag_table[i].name,
					    flag_table[i].arg ? required_argument : no_argument,
					    NULL, LONG_BASE + i };
	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":ho:", longs, NULL)) != -1) {
		if (c == '?' || c == ':')
			return mistake(args->command, c, argv, err);
		if (!takes(args->command, flag_of(c)))
			return not_taken(args->command, flag_of(c), err);
		if (set_flag(args, flag_of(c), optarg, err) < 0)
			return -EINVAL;
	}
	if (optind < argc)
		return ezlb_err_set(err, EINVAL, "%s takes no arguments, got '%s'",
				    command_table[args->command].name, argv[optind]);
	return 0;
}

/* A flag replaces what its variable says. */
static int read_env(const struct args_env *env, struct args *args, struct ezlb_err *err)
{
	if (takes(args->command, FLAG_CGROUP) && !args->cgroup && env->cgroup && env->cgroup[0])
		args->cgroup = env->cgroup;
	if (!takes(args->command, FLAG_FROM) || args->from.len > 0)
		return 0;
	if (env->from && from_parse(env->from, &args->from, err) < 0)
		return ezlb_err_wrap(err, -EINVAL, "EZLB_TOA_FROM");
	if (args->from.len > 0)
		return 0;
	return ezlb_err_set(err, EINVAL,
			    "%s: --from is missing: anybody can write an address into a packet, so "
			    "name the balancers that are to be believed",
			    command_table[args->command].name);
}

static int read_command(const char *name, struct args *args, struct ezlb_err *err)
{
	args->help = strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 ||
		     strcmp(name, "-h") == 0;
	args->version = strcmp(name, "version") == 0 || strcmp(name, "--version") == 0;
	if (args->help || args->version)
		return 0;
	for (args->command = 0; args->command < COMMANDS; args->command++)
		if (strcmp(name, command_table[args->command].name) == 0)
			return 0;
	return unknown_command(name, err);
}

int args_parse(int argc, char **argv, const struct args_env *env, struct args *args,
	       struct ezlb_err *err)
{
	*args = (struct args){ 0 };
	if (argc < 2)
		return ezlb_err_set(err, EINVAL, "which command? `ezlb-toa --help` lists them");
	if (read_command(argv[1], args, err) < 0)
		return -EINVAL;
	if (args->help || args->version)
		return 0;
	if (read_flags(argc - 1, argv + 1, args, err) < 0)
		return -EINVAL;
	return args->help ? 0 : read_env(env, args, err);
}

void args_clear(struct args *args)
{
	EZLB_VEC_CLEAR(&args->from);
}

void args_overview(struct ezlb_text *text)
{
	ezlb_text_puts(
		text,
		"usage: ezlb-toa COMMAND [FLAGS]\n\n"
		"Makes accept() and getpeername() of the servers on this host return the client,\n"
		"where a balancer sends its address in a TCP option (ezlb: client_address: toa).\n\n"
		"commands:\n");
	for (int i = 0; i < COMMANDS; i++)
		ezlb_text_printf(text, "  %-7s %s\n", command_table[i].name,
				 command_table[i].summary);
	ezlb_text_puts(text, "\n`ezlb-toa COMMAND --help`: its flags and exit status.\n");
}

static void put_flag(const struct flag_row *row, struct ezlb_text *text)
{
	ezlb_text_printf(text, "  --%s", row->name);
	if (row->arg)
		ezlb_text_printf(text, "=%s", row->arg);
	if (row->letter)
		ezlb_text_printf(text, ", -%c", row->letter);
	ezlb_text_printf(text, "\n%s", row->help);
	if (row->env)
		ezlb_text_printf(text, "      [variable: %s]\n", row->env);
}

void args_help(enum command command, struct ezlb_text *text)
{
	const struct command_row *row = &command_table[command];

	ezlb_text_printf(text, "usage: ezlb-toa %s [FLAGS]\n\n%s\nflags:\n", row->name, row->help);
	for (enum flag flag = 0; flag < FLAGS; flag++)
		if (takes(command, flag))
			put_flag(&flag_table[flag], text);
	ezlb_text_printf(text, "\nexit status:\n%s  2  wrong usage\n", row->status);
}
