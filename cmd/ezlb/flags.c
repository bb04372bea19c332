// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ezlb/duration.h>
#include <ezlb/host.h>
#include <ezlb/mem.h>

#include "cmd.h"

#define DEFAULT_CONFIG_DIR	    "/etc/ezlb/services.d"
#define DEFAULT_STATE_DIR	    "/run/ezlb"
#define DEFAULT_EMPTY_HOLD_MS	    10000
#define DEFAULT_TRAFFIC_INTERVAL_MS 15000
#define MIN_TRAFFIC_INTERVAL_MS	    1000

enum flag {
	FLAG_CONFIG_DIR = 256,
	FLAG_STATE_DIR,
	FLAG_DATAPLANE,
	FLAG_SNAT_BACKEND,
	FLAG_ADOPT,
	FLAG_FIREWALL,
	FLAG_HOST_SETUP,
	FLAG_VIP_DEVICE,
	FLAG_CLEANUP,
	FLAG_EMPTY_HOLD,
	FLAG_ADMIN_ADDRESS,
	FLAG_TRAFFIC_INTERVAL,
	FLAG_LOG_LEVEL,
	FLAG_LOG_FORMAT,
	FLAG_OUTPUT,
	FLAG_COLOUR,
	FLAG_WATCH,
	FLAG_FOLLOW,
	FLAG_HELP,
};

/* The one list, in the order of the enum: getopt, the environment and --help are made of it. */
static const struct {
	enum flag flag;
	const char *name, *env, *arg, *help;
	int has_arg;
} table[] = {
	{ FLAG_CONFIG_DIR, "config-dir", "EZLB_CONFIG_DIR", "DIR",
	  "service files; repeatable, variable with ':' [" DEFAULT_CONFIG_DIR "]",
	  required_argument },
	{ FLAG_STATE_DIR, "state-dir", "EZLB_STATE_DIR", "DIR",
	  "where ezlb notes what it owns, and is asked [" DEFAULT_STATE_DIR "]",
	  required_argument },
	{ FLAG_DATAPLANE, "dataplane", "EZLB_DATAPLANE", "kernel|memory",
	  "memory: touch no kernel, for trying out [kernel]", required_argument },
	{ FLAG_SNAT_BACKEND, "snat-backend", "EZLB_SNAT_BACKEND", "auto|iptables|nftables",
	  "where the source NAT of full_nat is made; auto: where this host's rules are [auto]",
	  required_argument },
	{ FLAG_ADOPT, "adopt", "EZLB_ADOPT", "matching|never",
	  "virtual services that others made with our listener: take over, or leave [matching]",
	  required_argument },
	{ FLAG_FIREWALL, "firewall", "EZLB_FIREWALL", "auto|never",
	  "auto: where a filter drops, put accepts for the services into it [auto]",
	  required_argument },
	{ FLAG_HOST_SETUP, "host-setup", "EZLB_HOST_SETUP", "auto|never",
	  "auto: load the modules and set the sysctls that the services need [auto]",
	  required_argument },
	{ FLAG_VIP_DEVICE, "vip-device", "EZLB_VIP_DEVICE", "NAME",
	  "keep the listeners' addresses on a dummy link of that name [none]", required_argument },
	{ FLAG_CLEANUP, "cleanup-on-exit", "EZLB_CLEANUP_ON_EXIT", "true|false",
	  "remove everything of ezlb's when `run` ends [true]", optional_argument },
	{ FLAG_EMPTY_HOLD, "empty-hold-down", "EZLB_EMPTY_HOLD_DOWN", "DURATION",
	  "`run` removes all services when there has been no file for so long [10s]",
	  required_argument },
	{ FLAG_ADMIN_ADDRESS, "admin-address", "EZLB_ADMIN_ADDRESS", "[IP:]PORT",
	  "`run` answers HTTP there, 127.0.0.1 without an IP: /metrics, the page [none]",
	  required_argument },
	{ FLAG_TRAFFIC_INTERVAL, "traffic-interval", "EZLB_TRAFFIC_INTERVAL", "DURATION>=1s",
	  "between two lines of a service with traffic_log [15s]", required_argument },
	{ FLAG_LOG_LEVEL, "log-level", "EZLB_LOG_LEVEL", "error|warn|info|debug", "[info]",
	  required_argument },
	{ FLAG_LOG_FORMAT, "log-format", "EZLB_LOG_FORMAT", "logfmt|json", "[logfmt]",
	  required_argument },
	{ FLAG_OUTPUT, "output", "EZLB_OUTPUT", "text|json",
	  "or -o: how `once`, `plan`, `doctor`, `status`, `events` print; table is text [text]",
	  required_argument },
	{ FLAG_COLOUR, "color", "EZLB_COLOR", "auto|always|never",
	  "auto: on a terminal, unless NO_COLOR is set [auto]", required_argument },
	{ FLAG_WATCH, "watch", NULL, NULL, "`status` every 2 s, until ^C", no_argument },
	{ FLAG_FOLLOW, "follow", NULL, NULL, "or -f: `events` goes on, until ^C", no_argument },
	{ FLAG_HELP, "help", NULL, NULL, "this text", no_argument },
};
#define N_FLAGS (sizeof(table) / sizeof(table[0]))

struct log_flags {
	enum ezlb_log_level level;
	enum ezlb_log_format format;
};

static bool parse_bool(const char *text, bool *out)
{
	if (strcmp(text, "true") == 0)
		*out = true;
	else if (strcmp(text, "false") == 0)
		*out = false;
	else
		return false;
	return true;
}

static bool parse_dataplane(const char *text, enum ezlb_dataplane_kind *out)
{
	if (strcmp(text, "kernel") == 0)
		*out = EZLB_DP_KERNEL;
	else if (strcmp(text, "memory") == 0)
		*out = EZLB_DP_MEMORY;
	else
		return false;
	return true;
}

static bool parse_adopt(const char *text, enum ezlb_adopt *out)
{
	if (strcmp(text, "matching") == 0)
		*out = EZLB_ADOPT_MATCHING;
	else if (strcmp(text, "never") == 0)
		*out = EZLB_ADOPT_NEVER;
	else
		return false;
	return true;
}

/* auto or never. */
static bool parse_never(const char *text, bool *never)
{
	*never = strcmp(text, "never") == 0;
	return *never || strcmp(text, "auto") == 0;
}

static bool parse_output(const char *text, bool *json)
{
	*json = strcmp(text, "json") == 0;
	return *json || strcmp(text, "text") == 0 || strcmp(text, "table") == 0;
}

/* NO_COLOR is how users say it to all programs (no-color.org); the flag is said to this one. */
static bool parse_colour(const char *text, bool *colour)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (strcmp(text, "auto") == 0)
		*colour = isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 &&
			  (!no || no[0] == '\0');
	else if (strcmp(text, "always") == 0)
		*colour = true;
	else if (strcmp(text, "never") == 0)
		*colour = false;
	else
		return false;
	return true;
}

/* "9106" and ":9106" are at 127.0.0.1: what is open to everybody has to be said in full. */
static bool parse_admin_address(const char *text, struct ezlb_endpoint *out)
{
	const char *port = text + (text[0] == ':');
	char full[EZLB_ENDPOINT_STRLEN];

	if (strspn(port, "0123456789") != strlen(port))
		return ezlb_endpoint_parse(text, out, NULL) == 0;
	snprintf(full, sizeof(full), "127.0.0.1:%s", port);
	return ezlb_endpoint_parse(full, out, NULL) == 0;
}

static void add_dir(struct ezlb_options *options, const char *dir)
{
	options->config_dirs = ezlb_realloc(options->config_dirs, options->n_config_dirs + 1,
					    sizeof(*options->config_dirs));
	options->config_dirs[options->n_config_dirs++] = dir;
}

/* False: the value is not one of those that the flag takes. */
static bool set(struct flags *flags, struct log_flags *log, enum flag flag, const char *value)
{
	struct ezlb_options *options = &flags->options;

	switch (flag) {
	case FLAG_CONFIG_DIR:
		add_dir(options, value);
		return value[0] != '\0';
	case FLAG_STATE_DIR:
		options->state_dir = value;
		return value[0] != '\0';
	case FLAG_DATAPLANE:
		return parse_dataplane(value, &options->dataplane);
	case FLAG_SNAT_BACKEND:
		return ezlb_snat_driver_parse(value, &options->snat_driver) == 0;
	case FLAG_ADOPT:
		return parse_adopt(value, &options->adopt);
	case FLAG_FIREWALL:
		return parse_never(value, &options->firewall_never);
	case FLAG_HOST_SETUP:
		return parse_never(value, &options->host_setup_never);
	case FLAG_VIP_DEVICE:
		options->vip_device = value;
		return ezlb_host_device_valid(value);
	case FLAG_EMPTY_HOLD:
		return ezlb_duration_parse(value, &options->empty_hold_ms, NULL) == 0;
	case FLAG_ADMIN_ADDRESS:
		return parse_admin_address(value, &options->admin_address);
	case FLAG_TRAFFIC_INTERVAL:
		return ezlb_duration_parse(value, &options->traffic_interval_ms, NULL) == 0 &&
		       options->traffic_interval_ms >= MIN_TRAFFIC_INTERVAL_MS;
	case FLAG_CLEANUP:
		return parse_bool(value ? value : "true", &options->cleanup_on_exit);
	case FLAG_LOG_LEVEL:
		return ezlb_log_level_parse(value, &log->level) == 0;
	case FLAG_LOG_FORMAT:
		return ezlb_log_format_parse(value, &log->format) == 0;
	case FLAG_OUTPUT:
		return parse_output(value, &flags->json);
	case FLAG_COLOUR:
		return parse_colour(value, &flags->colour);
	case FLAG_WATCH:
		flags->watch = true;
		return true;
	case FLAG_FOLLOW:
		flags->follow = true;
		return true;
	case FLAG_HELP:
		flags->help = true;
		return true;
	}
	return false;
}

/* ':' separates directories; the pieces live as long as the process, as the environment does. */
static void set_env_dirs(struct ezlb_options *options, char *value)
{
	for (char *save = NULL, *dir = strtok_r(value, ":", &save); dir;
	     dir = strtok_r(NULL, ":", &save))
		add_dir(options, dir);
}

static bool read_env(struct flags *flags, struct log_flags *log)
{
	for (size_t i = 0; i < N_FLAGS; i++) {
		char *value = table[i].env ? getenv(table[i].env) : NULL;

		if (!value || value[0] == '\0')
			continue;
		if (table[i].flag == FLAG_CONFIG_DIR) {
			set_env_dirs(&flags->options, value);
		} else if (!set(flags, log, table[i].flag, value)) {
			fprintf(stderr, "ezlb: %s=%s: expected %s\n", table[i].env, value,
				table[i].arg);
			return false;
		}
	}
	return true;
}

/* The flag that a letter is short for. */
static int of_letter(int c)
{
	switch (c) {
	case 'h':
		return FLAG_HELP;
	case 'o':
		return FLAG_OUTPUT;
	case 'f':
		return FLAG_FOLLOW;
	default:
		return c;
	}
}

static bool read_flags(struct flags *flags, struct log_flags *log, int argc, char **argv)
{
	struct option longs[N_FLAGS + 1] = { { 0 } };
	size_t env_dirs = flags->options.n_config_dirs;
	int index, c;

	for (size_t i = 0; i < N_FLAGS; i++)
		longs[i] = (struct option){ table[i].name, table[i].has_arg, NULL,
					    (int)table[i].flag };
	optind = 1;
	while ((c = getopt_long(argc, argv, "ho:f", longs, &index)) != -1) {
		if (c == '?')
			return false; /* getopt has told */
		c = of_letter(c);
		index = c - FLAG_CONFIG_DIR;
		/* A flag replaces what the environment says; it does not add to it. */
		if (c == FLAG_CONFIG_DIR && env_dirs > 0)
			flags->options.n_config_dirs = env_dirs = 0;
		if (!set(flags, log, (enum flag)c, optarg)) {
			fprintf(stderr, "ezlb: --%s=%s: expected %s\n", table[index].name, optarg,
				table[index].arg);
			return false;
		}
	}
	return true;
}

bool flags_parse(struct flags *flags, int argc, char **argv)
{
	struct log_flags log = { EZLB_INFO, EZLB_LOGFMT };

	*flags =
		(struct flags){ .options = { .state_dir = DEFAULT_STATE_DIR,
					     .cleanup_on_exit = true,
					     .empty_hold_ms = DEFAULT_EMPTY_HOLD_MS,
					     .traffic_interval_ms = DEFAULT_TRAFFIC_INTERVAL_MS } };
	parse_colour("auto", &flags->colour);
	if (!read_env(flags, &log) || !read_flags(flags, &log, argc, argv))
		return false;
	if (flags->options.n_config_dirs == 0)
		add_dir(&flags->options, DEFAULT_CONFIG_DIR);
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
}

void flags_print(void)
{
	char left[64];

	for (size_t i = 0; i < N_FLAGS; i++) {
		snprintf(left, sizeof(left), "--%s%s%s", table[i].name, table[i].arg ? "=" : "",
			 table[i].arg ? table[i].arg : "");
		printf("  %-38s %s\n", left, table[i].help);
	}
	printf("\nEach flag that takes a value has a variable: --state-dir is EZLB_STATE_DIR.\n");
}

bool flags_no_args(const struct flags *flags, const char *command)
{
	if (flags->n_args == 0)
		return true;
	fprintf(stderr, "ezlb: %s takes no arguments, got '%s'\n", command, flags->args[0]);
	return false;
}
