// SPDX-License-Identifier: GPL-2.0-or-later
/* The values of health_check as in a file: the inverse of read_check.c and read_request.c. */
#include <stdio.h>

#include <ezlb/duration.h>
#include <ezlb/utf8.h>

#include "writer.h"

#define STATUSES_MAX 32 /* in one text */
#define STATUS_LEN   8	/* "200-299," */
#define RCODES	     16

void ezlb_write_enabled(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	(void)field;
	if (w->spec->check.type == EZLB_CHECK_NONE &&
	    ezlb_default_check_type(w->spec) != EZLB_CHECK_NONE)
		ezlb_write_text(to, "false");
}

void ezlb_write_check_type(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	enum ezlb_check_type type = w->spec->check.type;

	(void)field;
	if (type != EZLB_CHECK_NONE && type != ezlb_default_check_type(w->spec))
		ezlb_write_text(to, ezlb_check_type_str(type));
}

/* Its default is never longer than the interval. */
void ezlb_write_fast_interval(const struct writer *w, const struct field *field,
			      struct ezlb_texts *to)
{
	const struct ezlb_check *check = &w->spec->check;
	char buf[EZLB_DURATION_STRLEN];
	uint32_t normal = 0;

	ezlb_duration_parse(field->by_default, &normal, NULL);
	if (check->fast_interval_ms != check->interval_ms || normal < check->interval_ms)
		ezlb_write_text(to, ezlb_duration_format(check->fast_interval_ms, buf));
}

void ezlb_write_initial(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	(void)field;
	ezlb_write_text(to, w->spec->check.initial_up ? "up" : "down");
}

void ezlb_write_check_port(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	(void)field;
	if (w->spec->check.port)
		ezlb_write_add(to, "%u", (unsigned)w->spec->check.port);
}

static bool same_range(const struct ezlb_addr_range *a, const struct ezlb_addr_range *b)
{
	if (!a->first.family || !b->first.family)
		return a->first.family == b->first.family;
	return ezlb_range_cmp(a, b) == 0;
}

/* auto: snat_ip of a full_nat service. */
void ezlb_write_source(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	static const struct ezlb_addr_range none;
	const struct ezlb_spec *spec = w->spec;
	const struct ezlb_addr_range *source = &spec->check.source;
	char buf[EZLB_ADDR_STRLEN];

	(void)field;
	if (spec->check.type == EZLB_CHECK_NONE ||
	    same_range(source, spec->full_nat ? &spec->snat_ip : &none))
		return;
	ezlb_write_text(to, source->first.family ? ezlb_addr_format(&source->first, buf) : "none");
}

static void add_text(struct ezlb_texts *to, const char *text)
{
	if (text)
		ezlb_write_text(to, text);
}

void ezlb_write_method(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	(void)field;
	add_text(to, w->spec->check.request->method);
}

void ezlb_write_path(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	(void)field;
	add_text(to, w->spec->check.request->path);
}

void ezlb_write_host(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	(void)field;
	add_text(to, w->spec->check.request->host);
}

void ezlb_write_headers(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	const struct ezlb_texts *from = &w->spec->check.request->headers;

	(void)field;
	for (size_t i = 0; i < from->len; i++)
		add_text(to, from->items[i]);
}

/* One text like "200-299,301", or several where there are too many for one. */
void ezlb_write_status(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	const struct ezlb_code_ranges *from = &w->spec->check.request->statuses;
	char buf[STATUSES_MAX * STATUS_LEN + 1];

	(void)field;
	for (size_t i = 0; i < from->len; i += STATUSES_MAX) {
		struct ezlb_code_ranges some = { .items = from->items + i, .len = from->len - i };

		if (some.len > STATUSES_MAX)
			some.len = STATUSES_MAX;
		add_text(to, ezlb_code_ranges_format(&some, buf, sizeof(buf)));
	}
}

/* With a file of certificates it is false by itself. */
void ezlb_write_insecure(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	const struct ezlb_request *request = w->spec->check.request;

	(void)field;
	if (request->verify && !request->ca_file)
		ezlb_write_text(to, "false");
}

void ezlb_write_server_name(const struct writer *w, const struct field *field,
			    struct ezlb_texts *to)
{
	const struct ezlb_request *request = w->spec->check.request;
	EZLB_AUTO_FREE char *normal = ezlb_default_server_name(request);

	(void)field;
	if (request->server_name && (!normal || strcmp(normal, request->server_name) != 0))
		add_text(to, request->server_name);
}

void ezlb_write_ca_file(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	(void)field;
	add_text(to, w->spec->check.request->ca_file);
}

static bool is_text(const struct ezlb_bytes *bytes)
{
	const char *p = (const char *)bytes->data, *end = p + bytes->len;

	if (bytes->len >= 4 && memcmp(p, "hex:", 4) == 0)
		return false;
	while (p < end) {
		uint32_t c = 0;
		size_t n = ezlb_utf8_decode(p, (size_t)(end - p), &c);

		if (n == 0 || (!ezlb_utf8_is_plain(c) && c != '\n' && c != '\r' && c != '\t'))
			return false;
		p += n;
	}
	return true;
}

static void add_bytes(struct ezlb_texts *to, const struct ezlb_bytes *bytes)
{
	struct ezlb_text hex = { 0 };

	if (bytes->len == 0)
		return;
	if (is_text(bytes)) {
		ezlb_write_add(to, "%.*s", (int)bytes->len, (const char *)bytes->data);
		return;
	}
	ezlb_text_puts(&hex, "hex:");
	for (size_t i = 0; i < bytes->len; i++)
		ezlb_text_printf(&hex, "%02x", (unsigned)bytes->data[i]);
	*EZLB_PUSH(to) = ezlb_text_take(&hex, NULL);
}

void ezlb_write_payload(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	(void)field;
	add_bytes(to, &w->spec->check.request->payload);
}

void ezlb_write_answer(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	(void)field;
	add_bytes(to, &w->spec->check.request->answer);
}

void ezlb_write_query_name(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	(void)field;
	add_text(to, w->spec->check.request->query_name);
}

void ezlb_write_query_type(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	uint16_t type = w->spec->check.request->query_type;

	for (size_t i = 0; field->words[i]; i++)
		if (ezlb_query_types[i] == type) {
			add_text(to, field->words[i]);
			return;
		}
	if (type)
		ezlb_write_add(to, "%u", (unsigned)type);
}

/* The number of a result is its place among the words. */
void ezlb_write_rcode(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	size_t n = 0;

	while (field->words[n])
		n++;
	for (size_t i = 0; i < RCODES; i++) {
		if (!(w->spec->check.request->rcodes & 1u << i))
			continue;
		if (i < n)
			add_text(to, field->words[i]);
		else
			ezlb_write_add(to, "%zu", i);
	}
}
