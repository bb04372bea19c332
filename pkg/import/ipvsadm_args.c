// SPDX-License-Identifier: GPL-2.0-or-later
/* The options of ipvsadm(8), as it reads them itself: short ones can be joined. */
#include "ipvsadm_args.h"

#include <ctype.h>
#include <string.h>

#include <ezlb/mem.h>

enum takes { NOTHING, A_VALUE, PERHAPS };

static const struct row {
	char letter; /* 0: none */
	const char *name;
	enum takes takes;
	enum option is;
} rows[] = {
	{ 'A', "add-service", NOTHING, OPT_ADD_SERVICE },
	{ 'a', "add-server", NOTHING, OPT_ADD_SERVER },
	{ 'E', "edit-service", NOTHING, OPT_CHANGE },
	{ 'e', "edit-server", NOTHING, OPT_CHANGE },
	{ 'D', "delete-service", NOTHING, OPT_CHANGE },
	{ 'd', "delete-server", NOTHING, OPT_CHANGE },
	{ 'C', "clear", NOTHING, OPT_OTHER },
	{ 'Z', "zero", NOTHING, OPT_OTHER },
	{ 'S', "save", NOTHING, OPT_OTHER },
	{ 'R', "restore", NOTHING, OPT_OTHER },
	{ 'n', "numeric", NOTHING, OPT_OTHER },
	{ 0, "sort", NOTHING, OPT_OTHER },
	{ 'L', "list", NOTHING, OPT_LIST },
	{ 'l', NULL, NOTHING, OPT_LIST },
	{ 0, "set", A_VALUE, OPT_SET },
	{ 0, "start-daemon", A_VALUE, OPT_DAEMON },
	{ 0, "stop-daemon", A_VALUE, OPT_DAEMON },
	{ 0, "mcast-interface", A_VALUE, OPT_DAEMON },
	{ 0, "mcast-group", A_VALUE, OPT_DAEMON },
	{ 0, "mcast-port", A_VALUE, OPT_DAEMON },
	{ 0, "mcast-ttl", A_VALUE, OPT_DAEMON },
	{ 0, "sync-maxlen", A_VALUE, OPT_DAEMON },
	{ 0, "syncid", A_VALUE, OPT_DAEMON },
	{ 't', "tcp-service", A_VALUE, OPT_TCP },
	{ 'u', "udp-service", A_VALUE, OPT_UDP },
	{ 0, "sctp-service", A_VALUE, OPT_SCTP },
	{ 'f', "fwmark-service", A_VALUE, OPT_FWMARK },
	{ '6', "ipv6", NOTHING, OPT_IPV6 },
	{ 's', "scheduler", A_VALUE, OPT_SCHEDULER },
	{ 'p', "persistent", PERHAPS, OPT_PERSISTENT },
	{ 'M', "netmask", A_VALUE, OPT_NETMASK },
	{ 0, "pe", A_VALUE, OPT_ENGINE },
	{ 'b', "sched-flags", A_VALUE, OPT_FLAGS },
	{ 'o', "ops", NOTHING, OPT_ONE_PACKET },
	{ 'r', "real-server", A_VALUE, OPT_SERVER },
	{ 'g', "gatewaying", NOTHING, OPT_DIRECT },
	{ 'i', "ipip", NOTHING, OPT_TUNNEL },
	{ 'm', "masquerading", NOTHING, OPT_MASQ },
	{ 0, "tun-type", A_VALUE, OPT_TUN_TYPE },
	{ 0, "tun-port", A_VALUE, OPT_TUN_PORT },
	{ 0, "tun-nocsum", NOTHING, OPT_TUN_NOCSUM },
	{ 0, "tun-csum", NOTHING, OPT_TUN_CSUM },
	{ 0, "tun-remcsum", NOTHING, OPT_TUN_REMCSUM },
	{ 'w', "weight", A_VALUE, OPT_WEIGHT },
	{ 'x', "u-threshold", A_VALUE, OPT_UPPER },
	{ 'y', "l-threshold", A_VALUE, OPT_LOWER },
};

struct reader {
	struct ezlb_source *src;
	struct args *args;
	char *next; /* the rest of the line */
	int number;
};

/* The next word of the line, ended with NUL; NULL at its end. */
static char *take(struct reader *r)
{
	char *word = r->next + strspn(r->next, " \t\r");

	if (*word == '\0')
		return NULL;
	r->next = word + strcspn(word, " \t\r");
	if (*r->next)
		*r->next++ = '\0';
	return word;
}

static struct ezlb_mark mark(const struct reader *r, const char *word)
{
	return (struct ezlb_mark){ r->number, (int)(word - r->args->line) + 1 };
}

static bool refuse(struct reader *r, const char *word, const char *help, const char *what)
{
	char shown[EZLB_SHOW_STRLEN];

	ezlb_source_refuse(r->src, mark(r, word), EZLB_E_SYNTAX, help, "%s '%s'", what,
			   ezlb_source_show(word, shown));
	return false;
}

static const struct row *by_letter(char letter)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].letter == letter)
			return &rows[i];
	return NULL;
}

static const struct row *by_name(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].name && strlen(rows[i].name) == len &&
		    memcmp(rows[i].name, name, len) == 0)
			return &rows[i];
	return NULL;
}

/* Only -p has a value that may be left out: a number. */
static const char *value_of(struct reader *r, const struct row *row)
{
	char *next = r->next + strspn(r->next, " \t\r");

	if (row->takes == PERHAPS && !isdigit((unsigned char)*next))
		return "";
	return take(r);
}

static bool set(struct reader *r, const struct row *row, char *word, const char *value)
{
	struct args *args = r->args;

	if (row->takes != NOTHING && !value)
		value = value_of(r, row);
	if (row->takes == A_VALUE && (!value || !*value))
		return refuse(r, word, NULL, "a value is missing after");
	args->value[row->is] = row->takes == NOTHING ? "" : value;
	args->at[row->is] = mark(r, word);
	for (size_t i = 0; row->is == OPT_SET && i < 2; i++)
		args->rest[i] = take(r);
	return true;
}

/* "-A", "-t", "-At", "-t10.0.0.1:80" */
static bool read_short(struct reader *r, char *word)
{
	for (char *p = word + 1; *p; p++) {
		const struct row *row = by_letter(*p);

		if (!row)
			return refuse(r, word, NULL, "unknown option");
		if (row->takes != NOTHING)
			return set(r, row, word, p[1] ? p + 1 : NULL);
		if (!set(r, row, word, NULL))
			return false;
	}
	return true;
}

static bool read_word(struct reader *r, char *word)
{
	const struct row *row;
	size_t len;

	if (word[0] != '-' || word[1] == '\0')
		return refuse(r, word, "the output of `ipvsadm -Sn` has one option after another",
			      "this is not an option:");
	if (word[1] != '-')
		return read_short(r, word);
	len = strcspn(word + 2, "=");
	row = by_name(word + 2, len);
	if (!row)
		return refuse(r, word, NULL, "unknown option");
	return set(r, row, word, word[2 + len] ? word + 2 + len + 1 : NULL);
}

static bool is_program(const char *word)
{
	const char *slash = strrchr(word, '/');

	return strcmp(slash ? slash + 1 : word, "ipvsadm") == 0;
}

bool ipvsadm_args_read(struct ezlb_source *src, const char *line, size_t len, int number,
		       struct args *out)
{
	struct reader r = { .src = src, .args = out, .number = number };
	char *word;

	*out = (struct args){ .line = ezlb_strndup(line, len) };
	r.next = out->line;
	word = take(&r);
	if (!word || word[0] == '#')
		return false;
	out->start = mark(&r, word);
	/* A line of a script may have the name of the program. */
	if (is_program(word))
		word = take(&r);
	for (; word; word = take(&r))
		if (!read_word(&r, word))
			return false;
	return true;
}

void ipvsadm_args_clear(struct args *args)
{
	free(args->line);
	args->line = NULL;
}
