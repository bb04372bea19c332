// SPDX-License-Identifier: GPL-2.0-or-later
/* The fields of health_check that make the request of a probe. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "reader.h"

#define STATUSES_MAX 32
#define HOST_MAX     255
#define HEADER_MAX   1000 /* name and value */
#define BYTES_MAX    1024 /* of a datagram */
#define RCODES	     16

static void set_text(char **to, const char *text)
{
	free(*to);
	*to = ezlb_strdup(text);
}

void ezlb_read_method(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	const char *word;

	if (ezlb_field_word(r->src, node, field->words, field->aliases, &word))
		set_text(&r->spec->check.request->method, word);
}

/* The request contains the path verbatim: no line end, and no '#', which the client cuts off. */
static bool is_path(const char *text)
{
	size_t n = 0;

	while (text[n] > ' ' && text[n] < 0x7f && text[n] != '#')
		n++;
	return text[0] == '/' && text[n] == '\0';
}

void ezlb_read_path(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	const char *text;
	char shown[EZLB_SHOW_STRLEN];

	if (!ezlb_field_text(r->src, node, &text))
		return;
	if (!is_path(text))
		ezlb_source_refuse(r->src, node->at, EZLB_E_VALUE,
				   "begin with '/'; write spaces and other characters as %20 and "
				   "so on",
				   "'%s' is not a path", ezlb_source_show(text, shown));
	else if (strlen(text) > EZLB_PATH_MAX)
		ezlb_source_refuse(r->src, node->at, EZLB_E_VALUE, NULL,
				   "%s is longer than %d bytes", field->name, EZLB_PATH_MAX);
	else
		set_text(&r->spec->check.request->path, text);
}

/* 1 to max visible ASCII characters; `also` beside letters and digits, or NULL for all. */
static bool is_visible(const char *text, size_t max, const char *also)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c <= ' ' || c >= 0x7f || (also && !isalnum(c) && !strchr(also, c)))
			return false;
	}
	return len >= 1 && len <= max;
}

void ezlb_read_host(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	const char *text;
	char shown[EZLB_SHOW_STRLEN];

	(void)field;
	if (!ezlb_field_text(r->src, node, &text))
		return;
	if (is_visible(text, HOST_MAX, NULL) && !strpbrk(text, "/?#@"))
		set_text(&r->spec->check.request->host, text);
	else
		ezlb_source_refuse(r->src, node->at, EZLB_E_VALUE,
				   "write a name or an address, without http:// and without a path",
				   "'%s' cannot be a Host header", ezlb_source_show(text, shown));
}

/* RFC 9110 5.6.2: a token. */
static bool is_token(const char *text)
{
	return is_visible(text, HOST_MAX, "!#$%&'*+-.^_`|~");
}

static bool is_header_value(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

static void read_header(struct reader *r, const struct ezlb_node *node)
{
	char shown[EZLB_SHOW_STRLEN];
	const char *text;

	ezlb_source_show(node->key, shown);
	if (!ezlb_field_text(r->src, node, &text))
		return;
	if (strcasecmp(node->key, "Host") == 0)
		ezlb_source_refuse(r->src, node->key_at, EZLB_E_COMBINATION, "use http_host",
				   "http_headers cannot have %s", shown);
	else if (!is_token(node->key))
		ezlb_source_refuse(r->src, node->key_at, EZLB_E_VALUE,
				   "use letters, digits and '-'",
				   "'%s' is not the name of a header", shown);
	else if (!is_header_value(text) || strlen(node->key) + strlen(text) > HEADER_MAX)
		ezlb_source_refuse(r->src, node->at, EZLB_E_VALUE,
				   "one line without control characters",
				   "the value of header %s has a line end or is too long", shown);
	else
		*EZLB_PUSH(&r->spec->check.request->headers) = ezlb_asprintf("%s: %s", node->key,
									     text);
}

void ezlb_read_headers(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	size_t n = 0;

	if (!ezlb_field_is(r->src, node, EZLB_NODE_MAP,
			   "write 'Name: value' lines below http_headers:"))
		return;
	for (const struct ezlb_node *item = node->first; item; item = item->next)
		if (n++ == field->limits.max) {
			ezlb_source_refuse(r->src, item->key_at, EZLB_E_SIZE, NULL,
					   "%s may have at most %u headers", field->name,
					   (unsigned)field->limits.max);
			return;
		}
	for (const struct ezlb_node *item = node->first; item; item = item->next)
		read_header(r, item);
}

/* Reads "200" or "200-299" at *p and moves *p behind it. */
static bool next_range(const char **p, struct bounds in, struct ezlb_code_range *out)
{
	char *end;
	unsigned long first, last;

	if (!isdigit((unsigned char)**p))
		return false;
	first = last = strtoul(*p, &end, 10);
	if (*end == '-' && isdigit((unsigned char)end[1]))
		last = strtoul(end + 1, &end, 10);
	if (first < in.min || last > in.max || last < first)
		return false;
	*p = end;
	*out = (struct ezlb_code_range){ (uint16_t)first, (uint16_t)last };
	return true;
}

static void read_status_item(struct reader *r, const struct field *field,
			     const struct ezlb_node *node)
{
	struct ezlb_code_ranges *out = &r->spec->check.request->statuses;
	size_t n = out->len;
	struct ezlb_code_range range;
	char shown[EZLB_SHOW_STRLEN];
	const char *text, *p;
	uint32_t status;

	if (!ezlb_field_text(r->src, node, &text))
		return;
	/* One number has the messages of a number. */
	if (text[strspn(text, "0123456789")] == '\0' || text[0] == '-') {
		if (ezlb_field_uint(r->src, node, field->limits, &status))
			*EZLB_PUSH(out) = (struct ezlb_code_range){ (uint16_t)status,
								    (uint16_t)status };
		return;
	}
	for (p = text; out->len - n <= STATUSES_MAX && next_range(&p, field->limits, &range); p++) {
		*EZLB_PUSH(out) = range;
		if (*p != ',')
			break;
	}
	if (*p != '\0')
		ezlb_source_refuse(r->src, node->at, EZLB_E_VALUE,
				   "write statuses of 100-599 like \"200-299,301\", without spaces",
				   "'%s' is not a list of HTTP statuses",
				   ezlb_source_show(text, shown));
}

static int by_first(const void *pa, const void *pb)
{
	const struct ezlb_code_range *a = pa, *b = pb;

	return (a->first > b->first) - (a->first < b->first);
}

/* Sorted, and without overlaps, so that lists that mean the same are the same. */
static void merge(struct ezlb_code_ranges *ranges)
{
	size_t n = 0;

	EZLB_SORT(ranges, by_first);
	for (size_t i = 0; i < ranges->len; i++) {
		struct ezlb_code_range *last = n > 0 ? &ranges->items[n - 1] : NULL;

		if (!last || ranges->items[i].first > last->last + 1)
			ranges->items[n++] = ranges->items[i];
		else if (ranges->items[i].last > last->last)
			last->last = ranges->items[i].last;
	}
	ranges->len = n;
}

void ezlb_read_status(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	r->spec->check.request->statuses.len = 0; /* those of the default */
	ezlb_read_each(r, field, node, STATUSES_MAX, read_status_item);
	merge(&r->spec->check.request->statuses);
}

void ezlb_read_insecure(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	bool insecure = true;

	(void)field;
	if (ezlb_field_bool(r->src, node, &insecure))
		r->spec->check.request->verify = !insecure;
}

bool ezlb_is_server_name(const char *text)
{
	return is_visible(text, 253, "._-");
}

void ezlb_read_server_name(struct reader *r, const struct field *field,
			   const struct ezlb_node *node)
{
	const char *text;
	char shown[EZLB_SHOW_STRLEN];

	(void)field;
	if (!ezlb_field_text(r->src, node, &text))
		return;
	if (ezlb_is_server_name(text))
		set_text(&r->spec->check.request->server_name, text);
	else
		ezlb_source_refuse(r->src, node->at, EZLB_E_VALUE, "write a name like example.org",
				   "'%s' is not the name of a server",
				   ezlb_source_show(text, shown));
}

void ezlb_read_ca_file(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	const char *text;
	char shown[EZLB_SHOW_STRLEN];

	(void)field;
	if (!ezlb_field_text(r->src, node, &text))
		return;
	if (text[0] == '/')
		set_text(&r->spec->check.request->ca_file, text);
	else
		ezlb_source_refuse(r->src, node->at, EZLB_E_VALUE,
				   "write the path from the root: /...",
				   "'%s' is not an absolute path", ezlb_source_show(text, shown));
}

static int digit_of(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = memchr(digits, tolower((unsigned char)c), sizeof(digits) - 1);

	return at ? (int)(at - digits) : -1;
}

static bool from_hex(const char *hex, struct ezlb_bytes *out)
{
	size_t n = strlen(hex) / 2;

	if (n == 0 || hex[2 * n] != '\0')
		return false;
	out->data = ezlb_calloc(n, 1);
	for (out->len = 0; out->len < n; out->len++) {
		int high = digit_of(hex[2 * out->len]), low = digit_of(hex[2 * out->len + 1]);

		if (high < 0 || low < 0)
			return false;
		out->data[out->len] = (unsigned char)(high << 4 | low);
	}
	return true;
}

/* A text, or "hex:" and pairs of hexadecimal digits. */
static void read_bytes(struct reader *r, const struct field *field, const struct ezlb_node *node,
		       struct ezlb_bytes *to)
{
	struct ezlb_bytes bytes = { .data = NULL };
	char shown[EZLB_SHOW_STRLEN];
	const char *text;

	if (!ezlb_field_text(r->src, node, &text))
		return;
	if (strncmp(text, "hex:", 4) != 0) {
		bytes.len = strlen(text);
		bytes.data = (unsigned char *)ezlb_strdup(text);
	} else if (!from_hex(text + 4, &bytes)) {
		ezlb_source_refuse(r->src, node->at, EZLB_E_VALUE,
				   "write two hexadecimal digits for each byte: \"hex:0001ff\"",
				   "'%s' has no bytes in hexadecimal",
				   ezlb_source_show(text, shown));
	}
	if (bytes.len > BYTES_MAX)
		ezlb_source_refuse(r->src, node->at, EZLB_E_VALUE, NULL,
				   "%s is longer than %d bytes", field->name, BYTES_MAX);
	free(to->data);
	*to = bytes;
}

void ezlb_read_payload(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	read_bytes(r, field, node, &r->spec->check.request->payload);
}

void ezlb_read_answer(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	read_bytes(r, field, node, &r->spec->check.request->answer);
}

/* RFC 1035 2.3.4: labels of 1-63 bytes, 253 in all; "." is the root. One dot may end the name. */
static bool is_dns_name(const char *text)
{
	size_t label = 0, len = strlen(text);

	if (strcmp(text, ".") == 0)
		return true;
	if (len > 0 && text[len - 1] == '.')
		len--;
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '.' && !isalnum((unsigned char)text[i]) && !strchr("-_", text[i]))
			return false;
		label = text[i] == '.' ? 0 : label + 1;
		if (label > 63 || (label == 0 && (i == 0 || text[i - 1] == '.')))
			return false;
	}
	return len > 0 && len <= 253 && label > 0;
}

void ezlb_read_query_name(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	const char *text;
	char shown[EZLB_SHOW_STRLEN];

	(void)field;
	if (!ezlb_field_text(r->src, node, &text))
		return;
	if (is_dns_name(text))
		set_text(&r->spec->check.request->query_name, text);
	else
		ezlb_source_refuse(r->src, node->at, EZLB_E_VALUE,
				   "write a name like example.org, or \".\" for the root",
				   "'%s' is not a DNS name", ezlb_source_show(text, shown));
}

/* A word, or its number. */
static bool read_number_word(struct reader *r, const struct field *field,
			     const struct ezlb_node *node, const uint16_t *numbers, uint32_t *out)
{
	const char *text, *word;

	if (!ezlb_field_text(r->src, node, &text))
		return false;
	if (isdigit((unsigned char)text[0]) || text[0] == '-')
		return ezlb_field_uint(r->src, node, field->limits, out);
	if (!ezlb_field_word(r->src, node, field->words, field->aliases, &word))
		return false;
	for (size_t i = 0; field->words[i]; i++)
		if (field->words[i] == word)
			*out = numbers[i];
	return true;
}

const uint16_t ezlb_query_types[] = { 1, 28, 2, 6, 16, 15, 5, 12, 33 };

void ezlb_read_query_type(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	uint32_t type = 0;

	if (read_number_word(r, field, node, ezlb_query_types, &type))
		r->spec->check.request->query_type = (uint16_t)type;
}

/* RFC 6895 2.3; in the order of the words in the table. */
static void read_rcode_item(struct reader *r, const struct field *field,
			    const struct ezlb_node *node)
{
	static const uint16_t numbers[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
	uint32_t rcode = 0;

	if (read_number_word(r, field, node, numbers, &rcode))
		r->spec->check.request->rcodes |= 1u << rcode;
}

void ezlb_read_rcode(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	r->spec->check.request->rcodes = 0; /* that of the default */
	ezlb_read_each(r, field, node, RCODES, read_rcode_item);
}
