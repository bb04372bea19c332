// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ezlb/duration.h>
#include <ezlb/host.h>
#include <ezlb/mem.h>
#include <ezlb/node.h>
#include <ezlb/suggest.h>
#include <ezlb/utf8.h>

#include "flag_values.h"
#include "table.h"

#define DEFAULT_EMPTY_HOLD_MS	    10000
#define DEFAULT_TRAFFIC_INTERVAL_MS 15000
#define DEFAULT_LIMIT		    50
#define MAX_LIMIT		    1000000
#define DEFAULT_VIP_HOLD_MS	    5000
#define DEFAULT_SYNC_ID		    1

/* getopt's value of the first long flag: above all letters. */
#define LONG_BASE 256

struct log_flags {
	enum ezlb_log_level level;
	enum ezlb_log_format format;
};

static bool add_dir(struct ezlb_options *options, const char *dir)
{
	options->config_dirs = ezlb_realloc(options->config_dirs, options->n_config_dirs + 1,
					    sizeof(*options->config_dirs));
	options->config_dirs[options->n_config_dirs++] = dir;
	return dir[0] != '\0';
}

static bool add_configmap(struct flags *flags, const char *name)
{
	flags->configmaps = ezlb_realloc(flags->configmaps, flags->n_configmaps + 1,
					 sizeof(*flags->configmaps));
	flags->configmaps[flags->n_configmaps++] = name;
	return name[0] != '\0';
}

/* What a flag without a value switches on; NULL: it takes a value. */
static bool *switch_of(struct flags *flags, enum flag flag)
{
	if (flag == FLAG_WATCH)
		return &flags->watch;
	if (flag == FLAG_FOLLOW)
		return &flags->follow;
	if (flag == FLAG_STRICT)
		return &flags->strict;
	if (flag == FLAG_ALLOW_EMPTY)
		return &flags->allow_empty;
	if (flag == FLAG_BEST_EFFORT)
		return &flags->best_effort;
	if (flag == FLAG_UNTIL_EXIT)
		return &flags->until_exit;
	return flag == FLAG_HELP ? &flags->help : NULL;
}

/* Where a text that may not be empty goes. */
static const char **text_of(struct flags *flags, enum flag flag)
{
	if (flag == FLAG_STATE_DIR)
		return &flags->options.state_dir;
	if (flag == FLAG_PERSIST_DIR)
		return &flags->options.persist_dir;
	return flag == FLAG_OUTPUT_DIR ? &flags->output_dir : &flags->options.connection_log;
}

static uint32_t *duration_of(struct flags *flags, enum flag flag)
{
	if (flag == FLAG_VIP_HOLD)
		return &flags->options.vip_hold_ms;
	if (flag == FLAG_DRAIN_ON_EXIT)
		return &flags->options.drain_on_exit_ms;
	return flag == FLAG_WAIT ? &flags->wait_ms : &flags->options.empty_hold_ms;
}

static bool *never_of(struct ezlb_options *options, enum flag flag)
{
	if (flag == FLAG_SANDBOX)
		return &options->sandbox_off;
	if (flag == FLAG_VIP_GUARD)
		return &options->vip_guard_never;
	return flag == FLAG_FIREWALL ? &options->firewall_never : &options->host_setup_never;
}

static bool parse_auto(struct ezlb_options *options, enum flag flag, const char *value)
{
	const char *other = flag == FLAG_SANDBOX ? "off" : "never";

	return parse_either(value, "auto", other, never_of(options, flag));
}

/* Returns false if the flag does not take the value. */
static bool set(struct flags *flags, struct log_flags *log, enum flag flag, const char *value)
{
	struct ezlb_options *options = &flags->options;

	switch (flag) {
	case FLAG_CONFIG_DIR:
		return add_dir(options, value);
	case FLAG_STATE_DIR:
	case FLAG_PERSIST_DIR:
	case FLAG_CONNECTION_LOG:
	case FLAG_OUTPUT_DIR:
		*text_of(flags, flag) = value;
		return value[0] != '\0';
	case FLAG_DATAPLANE:
		return parse_dataplane(value, &options->dataplane);
	case FLAG_PROBE:
		return parse_bool(value, &options->probe);
	case FLAG_SNAT_BACKEND:
		return ezlb_snat_driver_parse(value, &options->snat_driver) == 0;
	case FLAG_ADOPT:
		return parse_adopt(value, &options->adopt);
	case FLAG_FIREWALL:
	case FLAG_HOST_SETUP:
	case FLAG_VIP_GUARD:
	case FLAG_SANDBOX:
		return parse_auto(options, flag, value);
	case FLAG_VIP_DEVICE:
		options->vip_device = value;
		return is_vip_device(value);
	case FLAG_VIP_WHEN:
		return ezlb_vip_when_parse(value, &options->vip_when) == 0;
	case FLAG_VIP_HOLD:
	case FLAG_DRAIN_ON_EXIT:
	case FLAG_WAIT:
	case FLAG_EMPTY_HOLD:
		return ezlb_duration_parse(value, duration_of(flags, flag), NULL) == 0;
	case FLAG_SYNC_INTERFACE:
		options->sync_interface = value;
		return ezlb_host_device_valid(value);
	case FLAG_SYNC_ID:
		return parse_sync_id(value, &options->sync_id);
	case FLAG_TIMEOUT_TCP:
	case FLAG_TIMEOUT_TCPFIN:
	case FLAG_TIMEOUT_UDP: /* in the order of enum ezlb_timeout */
		return parse_timeout(value, &options->ipvs_timeouts[flag - FLAG_TIMEOUT_TCP]);
	case FLAG_ADMIN_ADDRESS:
		return parse_admin_address(value, &options->admin_address);
	case FLAG_TRAFFIC_INTERVAL:
		return parse_interval(value, &options->traffic_interval_ms);
	case FLAG_CLEANUP:
		return parse_bool(value, &options->cleanup_on_exit);
	case FLAG_LOG_LEVEL:
		return ezlb_log_level_parse(value, &log->level) == 0;
	case FLAG_LOG_FORMAT:
		return ezlb_log_format_parse(value, &log->format) == 0;
	case FLAG_OUTPUT:
		return parse_output(value, &flags->json);
	case FLAG_COLOUR:
		return parse_colour(value, &flags->colour);
	case FLAG_FROM:
		return ezlb_import_format_parse(value, &flags->from) == 0;
	case FLAG_SORT:
		return ezlb_connections_sort_parse(value, &flags->sort) == 0;
	case FLAG_LIMIT:
		return parse_number(value, MAX_LIMIT, &flags->limit);
	case FLAG_FORMAT:
		return ezlb_review_format_parse(value, &flags->format) == 0;
	case FLAG_CONFIGMAP:
		return add_configmap(flags, value);
	case FLAG_WATCH:
	case FLAG_FOLLOW:
	case FLAG_STRICT:
	case FLAG_ALLOW_EMPTY:
	case FLAG_BEST_EFFORT:
	case FLAG_UNTIL_EXIT:
	case FLAG_HELP:
		return *switch_of(flags, flag) = true;
	case FLAGS:
		break;
	}
	return false;
}

/* ':' separates directories and ConfigMaps. The pieces point into the environment. */
static void set_env_list(struct flags *flags, enum flag flag, char *value)
{
	for (char *save = NULL, *word = strtok_r(value, ":", &save); word;
	     word = strtok_r(NULL, ":", &save))
		if (flag == FLAG_CONFIG_DIR)
			add_dir(&flags->options, word);
		else
			add_configmap(flags, word);
}

/* Ignores variables of flags that the command does not take: they are for other commands. */
static bool read_env(const struct command *command, struct flags *flags, struct log_flags *log)
{
	for (enum flag flag = 0; flag < FLAGS; flag++) {
		const struct flag_row *row = &flag_table[flag];
		char *value = row->env ? getenv(row->env) : NULL;

		if (!value || value[0] == '\0' || !command_takes(command, flag))
			continue;
		if (flag == FLAG_CONFIG_DIR || flag == FLAG_CONFIGMAP) {
			set_env_list(flags, flag, value);
		} else if (!set(flags, log, flag, value)) {
			ezlb_utf8_plain(value, false);
			fprintf(stderr, "ezlb: %s=%s: expected %s\n", row->env, value, row->arg);
			return false;
		}
	}
	return true;
}

/* FLAGS: no flag has this letter. */
static enum flag of_letter(int letter)
{
	for (enum flag flag = 0; flag < FLAGS; flag++)
		if (flag_table[flag].letter == letter)
			return flag;
	return FLAGS;
}

static enum flag flag_of(int c)
{
	return c >= LONG_BASE ? (enum flag)(c - LONG_BASE) : of_letter(c);
}

/* "once, plan and status" */
static void print_takers(enum flag flag)
{
	size_t left = 0;

	for (size_t i = 0; i < n_commands; i++)
		left += command_takes(&command_table[i], flag);
	for (size_t i = 0; i < n_commands; i++) {
		if (!command_takes(&command_table[i], flag))
			continue;
		left--;
		fprintf(stderr, "%s%s", command_table[i].name,
			left > 1    ? ", "
			: left == 1 ? " and "
				    : "");
	}
}

static void print_not_taken(const struct command *command, enum flag flag)
{
	fprintf(stderr, "ezlb: %s: no flag --%s; it is a flag of ", command->name,
		flag_table[flag].name);
	print_takers(flag);
	fprintf(stderr, "\n");
}

/* `typed` has its dashes, and perhaps a value. */
static void print_unknown(const struct command *command, const char *typed)
{
	EZLB_AUTO_FREE char *word = ezlb_strdup(typed);
	const char *names[FLAGS], *near;
	size_t n = 0;

	word[strcspn(word, "=")] = '\0';
	ezlb_utf8_plain(word, false);
	for (enum flag flag = 0; flag < FLAGS; flag++)
		if (command_takes(command, flag))
			names[n++] = flag_table[flag].name;
	near = ezlb_suggest(word + strspn(word, "-"), names, n);
	fprintf(stderr, "ezlb: %s: no flag %s; ", command->name, word);
	if (near)
		fprintf(stderr, "did you mean --%s?\n", near);
	else
		fprintf(stderr, "see `ezlb help %s`\n", command->name);
}

/* getopt_long(3) failed: c is ':' if a value is missing, '?' for other mistakes. */
static void print_mistake(const struct command *command, int c, char **argv)
{
	enum flag flag = optopt ? flag_of(optopt) : FLAGS;
	const char letter[] = { '-', (char)optopt, '\0' };

	if (flag == FLAGS)
		print_unknown(command, optopt ? letter : argv[optind - 1]);
	else if (!command_takes(command, flag))
		print_not_taken(command, flag);
	else if (c == ':')
		fprintf(stderr, "ezlb: %s: --%s needs a value: %s\n", command->name,
			flag_table[flag].name, flag_table[flag].arg);
	else
		fprintf(stderr, "ezlb: %s: --%s takes no value\n", command->name,
			flag_table[flag].name);
}

static bool read_flag(const struct command *command, struct flags *flags, struct log_flags *log,
		      enum flag flag)
{
	const struct flag_row *row = &flag_table[flag];

	if (!command_takes(command, flag)) {
		print_not_taken(command, flag);
		return false;
	}
	if (!set(flags, log, flag, optarg)) {
		ezlb_utf8_plain(optarg, false);
		fprintf(stderr, "ezlb: --%s=%s: expected %s\n", row->name, optarg, row->arg);
		return false;
	}
	return true;
}

static bool read_flags(const struct command *command, struct flags *flags, struct log_flags *log,
		       int argc, char **argv)
{
	struct option longs[FLAGS + 1] = { { 0 } };
	size_t env_dirs = flags->options.n_config_dirs, env_maps = flags->n_configmaps;
	int c;

	for (int i = 0; i < FLAGS; i++)
		longs[i] = (struct option){ flag_table[i].name,
					    !flag_table[i].arg		 ? no_argument
					    : flag_table[i].arg_optional ? optional_argument
									 : required_argument,
					    NULL, LONG_BASE + i };
	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, ":ho:f", longs, NULL)) != -1) {
		if (c == '?' || c == ':') {
			print_mistake(command, c, argv);
			return false;
		}
		/* The flag replaces the list of the variable. */
		if (flag_of(c) == FLAG_CONFIG_DIR && env_dirs > 0)
			flags->options.n_config_dirs = env_dirs = 0;
		if (flag_of(c) == FLAG_CONFIGMAP && env_maps > 0)
			flags->n_configmaps = env_maps = 0;
		if (!read_flag(command, flags, log, flag_of(c)))
			return false;
	}
	return true;
}

/* Behind slashes and parts that are only a dot. */
static const char *next_part(const char *path)
{
	while (*path == '/' || (*path == '.' && (path[1] == '/' || path[1] == '\0')))
		path++;
	return path;
}

/* For the absolute path `a`; "/run//ezlb/./" is the same as "/run/ezlb". Links are not followed. */
static bool is_same_path(const char *a, const char *b)
{
	size_t len;

	if (b[0] != '/')
		return false;
	do {
		a = next_part(a);
		b = next_part(b);
		len = strcspn(a, "/");
		if (len != strcspn(b, "/") || strncmp(a, b, len) != 0)
			return false;
		a += len;
		b += len;
	} while (len > 0);
	return true;
}

/* Instances with state directories of their own must not share the default directory. */
static void choose_persist_dir(struct ezlb_options *options)
{
	bool is_default = is_same_path(flag_table[FLAG_STATE_DIR].by_default, options->state_dir);

	if (!options->persist_dir && is_default)
		options->persist_dir = flag_table[FLAG_PERSIST_DIR].by_default;
}

bool flags_parse(const struct command *command, struct flags *flags, int argc, char **argv)
{
	struct log_flags log = { EZLB_INFO, EZLB_LOGFMT };

	*flags =
		(struct flags){ .limit = DEFAULT_LIMIT,
				.options = { .state_dir = flag_table[FLAG_STATE_DIR].by_default,
					     .cleanup_on_exit = true,
					     .empty_hold_ms = DEFAULT_EMPTY_HOLD_MS,
					     .vip_when = EZLB_VIP_ALWAYS,
					     .vip_hold_ms = DEFAULT_VIP_HOLD_MS,
					     .sync_id = DEFAULT_SYNC_ID,
					     .traffic_interval_ms = DEFAULT_TRAFFIC_INTERVAL_MS } };
	parse_colour("auto", &flags->colour);
	if (!read_env(command, flags, &log) || !read_flags(command, flags, &log, argc, argv))
		return false;
	if (flags->options.n_config_dirs == 0)
		add_dir(&flags->options, flag_table[FLAG_CONFIG_DIR].by_default);
	choose_persist_dir(&flags->options);
	flags->n_args = argc - optind;
	flags->args = ezlb_calloc((size_t)flags->n_args, sizeof(*flags->args));
	for (int i = 0; i < flags->n_args; i++)
		flags->args[i] = argv[optind + i];
	ezlb_log_setup(log.level, log.format);
	return true;
}

void flags_clear(struct flags *flags)
{
	free(flags->options.config_dirs);
	free(flags->args);
	free(flags->configmaps);
}
