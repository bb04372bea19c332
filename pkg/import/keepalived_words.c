// SPDX-License-Identifier: GPL-2.0-or-later
/* Values of keepalived.conf, and the reading of a block by a table of keywords. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <ezlb/yaml.h>

#include "keepalived_service.h"

const struct ka_timing ka_timing_unset = {
	.delay_loop_ms = -1,
	.delay_before_ms = -1,
	.connect_ms = -1,
	.retry = -1,
	.alpha = -1,
};

void ka_note(struct ka_service *s, enum ezlb_import_fate fate, const struct ka_stmt *stmt,
	     const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort(); /* out of memory, as everywhere */
	va_end(ap);
	import_notes_add(&s->reader->notes, fate, stmt->file, stmt->at, s->name, "%s", text);
	free(text);
}

void ka_use(struct ka_service *s, const struct ka_table *table, const struct ka_stmt *stmt)
{
	const char *word = ka_arg(stmt, 0);

	for (size_t i = 0; i < table->n; i++) {
		const struct ka_keyword *row = &table->rows[i];

		if (strcmp(row->name, word) != 0)
			continue;
		if (row->use)
			row->use(s, stmt);
		else
			ka_note(s, EZLB_IMPORT_DROPPED, stmt, "%s: %s", word, row->gone);
		return;
	}
	ka_note(s, EZLB_IMPORT_DROPPED, stmt, "%s: not known as a keyword of %s", ka_keyword(stmt),
		table->of);
}

static void bad_value(struct ka_service *s, const struct ka_stmt *stmt, const char *want)
{
	char shown[KA_SHOW_STRLEN];

	ka_note(s, EZLB_IMPORT_DROPPED, stmt, "%s: left out: not %s", ka_show(stmt, shown), want);
}

static bool parse_number(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0' || strlen(text) > 12)
		return false;
	*out = strtoul(text, &end, 10);
	return *out <= max;
}

bool ka_number(struct ka_service *s, const struct ka_stmt *stmt, size_t i, unsigned long max,
	       unsigned long *out)
{
	char want[64];

	if (parse_number(ka_arg(stmt, i), max, out))
		return true;
	snprintf(want, sizeof(want), "a number of 0-%lu", max);
	bad_value(s, stmt, want);
	return false;
}

/* Up to 1,000,000 s: more than any limit of a service file. */
bool ka_seconds(struct ka_service *s, const struct ka_stmt *stmt, long *ms)
{
	const char *text = ka_arg(stmt, 1);
	size_t whole = strspn(text, "0123456789");
	size_t part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") + 1 : 0;
	long value = 0, digit = 100;

	if (whole + part == 0 || whole > 7 || text[whole + part] != '\0') {
		bad_value(s, stmt, "a number of seconds");
		return false;
	}
	for (size_t i = 0; i < whole; i++)
		value = value * 10 + (text[i] - '0');
	value *= 1000;
	for (size_t i = 1; i < part; i++, digit /= 10)
		value += digit * (text[whole + i] - '0');
	*ms = value < 1000000000 ? value : 1000000000;
	return true;
}

bool ka_bool(struct ka_service *s, const struct ka_stmt *stmt, bool *out)
{
	static const char *const words[] = { "false", "off", "no", "true", "on", "yes" };

	if (stmt->words.len < 2) {
		*out = true;
		return true;
	}
	for (size_t i = 0; i < 6; i++)
		if (strcasecmp(words[i], ka_arg(stmt, 1)) == 0) {
			*out = i >= 3;
			return true;
		}
	bad_value(s, stmt, "on or off");
	return false;
}

bool ka_endpoint(struct ka_reader *reader, const struct ka_stmt *stmt, size_t i,
		 struct ezlb_endpoint *out)
{
	struct ezlb_err err = { 0 };
	unsigned long port = 0;
	char shown[KA_SHOW_STRLEN];

	if (ezlb_addr_parse(ka_arg(stmt, i), &out->addr, &err) < 0) {
		ezlb_diags_add(&reader->import->diags, stmt->file, stmt->at, EZLB_E_ADDRESS,
			       "%s: %s", ka_show(stmt, shown), err.msg);
		return false;
	}
	if (stmt->words.len > i + 1 && !parse_number(ka_arg(stmt, i + 1), 65535, &port)) {
		ezlb_diags_add(&reader->import->diags, stmt->file, stmt->at, EZLB_E_ADDRESS,
			       "%s: the port is not a number of 0-65535", ka_show(stmt, shown));
		return false;
	}
	out->port = (uint16_t)port;
	return true;
}

/* "type gue port N csum" from word 2 on. */
static char *tunnel(struct ka_service *s, const struct ka_stmt *stmt)
{
	const char *type = "ipip", *checksum = NULL;
	unsigned long port = 0;
	struct ezlb_text out = { 0 };
	size_t len;

	for (size_t i = 2; i < stmt->words.len; i++) {
		const char *word = ka_arg(stmt, i);

		if (strcmp(word, "nocsum") == 0 || strcmp(word, "csum") == 0 ||
		    strcmp(word, "remcsum") == 0) {
			checksum = strcmp(word, "nocsum") == 0 ? "none" : word;
		} else if (strcmp(word, "type") == 0) {
			type = ka_arg(stmt, ++i);
		} else if (strcmp(word, "port") == 0) {
			if (!ka_number(s, stmt, ++i, 65535, &port))
				return NULL;
		} else {
			bad_value(s, stmt, "an option of TUN");
		}
	}
	ezlb_text_puts(&out, "forward: tunnel\n");
	if (strcmp(type, "ipip") != 0 || port > 0 || checksum) {
		ezlb_text_puts(&out, "tunnel:\n  type: ");
		import_quote(&out, type);
		ezlb_text_puts(&out, "\n");
		if (port > 0)
			ezlb_text_printf(&out, "  port: %lu\n", port);
		if (checksum)
			ezlb_text_printf(&out, "  checksum: %s\n", checksum);
	}
	return ezlb_text_take(&out, &len);
}

char *ka_forward(struct ka_service *s, const struct ka_stmt *stmt)
{
	const char *kind = ka_arg(stmt, 1);

	if (strcmp(kind, "TUN") == 0)
		return tunnel(s, stmt);
	if (strcmp(kind, "NAT") == 0)
		return ezlb_strdup("forward: masq\n");
	if (strcmp(kind, "DR") == 0)
		return ezlb_strdup("forward: direct\n");
	bad_value(s, stmt, "NAT, DR or TUN");
	return NULL;
}

static void use_seconds(struct ka_service *s, const struct ka_stmt *stmt, long *ms,
			const struct ka_stmt **at)
{
	if (ka_seconds(s, stmt, ms))
		*at = stmt;
}

static void use_retry(struct ka_service *s, const struct ka_stmt *stmt, struct ka_timing *timing)
{
	unsigned long n;

	if (!ka_number(s, stmt, 1, UINT32_MAX, &n))
		return;
	if (n > 99)
		ka_note(s, EZLB_IMPORT_CHANGED, stmt, "retry %lu: fail_count is at most 100", n);
	timing->retry = n > 99 ? 99 : (int)n;
}

static void use_alpha(struct ka_service *s, const struct ka_stmt *stmt, struct ka_timing *timing)
{
	bool alpha;

	if (ka_bool(s, stmt, &alpha))
		timing->alpha = alpha;
}

bool ka_timing_use(struct ka_service *s, const struct ka_stmt *stmt, struct ka_timing *timing)
{
	const char *word = ka_arg(stmt, 0);

	if (strcmp(word, "delay_loop") == 0)
		use_seconds(s, stmt, &timing->delay_loop_ms, &timing->loop_at);
	else if (strcmp(word, "delay_before_retry") == 0)
		use_seconds(s, stmt, &timing->delay_before_ms, &timing->before_at);
	else if (strcmp(word, "connect_timeout") == 0)
		use_seconds(s, stmt, &timing->connect_ms, &timing->connect_at);
	else if (strcmp(word, "retry") == 0 || strcmp(word, "nb_get_retry") == 0)
		use_retry(s, stmt, timing);
	else if (strcmp(word, "alpha") == 0)
		use_alpha(s, stmt, timing);
	else if (strcmp(word, "virtualhost") == 0)
		timing->host = ka_arg(stmt, 1);
	else if (strcmp(word, "warmup") == 0)
		ka_note(s, EZLB_IMPORT_DROPPED, stmt,
			"warmup: ezlb always spreads the first probes over the interval");
	else
		return false;
	return true;
}

void ka_timing_inherit(struct ka_timing *timing, const struct ka_timing *from)
{
	if (timing->delay_loop_ms < 0) {
		timing->delay_loop_ms = from->delay_loop_ms;
		timing->loop_at = from->loop_at;
	}
	if (timing->delay_before_ms < 0) {
		timing->delay_before_ms = from->delay_before_ms;
		timing->before_at = from->before_at;
	}
	if (timing->connect_ms < 0) {
		timing->connect_ms = from->connect_ms;
		timing->connect_at = from->connect_at;
	}
	if (timing->retry < 0)
		timing->retry = from->retry;
	if (timing->alpha < 0)
		timing->alpha = from->alpha;
	if (!timing->host)
		timing->host = from->host;
}
