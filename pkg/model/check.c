// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/check.h>

#include <string.h>

#include <ezlb/suggest.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

bool ezlb_code_ranges_have(const struct ezlb_code_ranges *ranges, long code)
{
	for (size_t i = 0; i < ranges->len; i++)
		if (code >= ranges->items[i].first && code <= ranges->items[i].last)
			return true;
	return false;
}

const char *ezlb_code_ranges_format(const struct ezlb_code_ranges *ranges, char *buf, size_t size)
{
	buf[0] = '\0';
	for (size_t i = 0; i < ranges->len; i++) {
		const struct ezlb_code_range *range = &ranges->items[i];

		ezlb_strcatf(buf, size, "%s%u", i > 0 ? "," : "", (unsigned)range->first);
		if (range->last != range->first)
			ezlb_strcatf(buf, size, "-%u", (unsigned)range->last);
	}
	return buf;
}

struct ezlb_request *ezlb_request_new(void)
{
	struct ezlb_request *request = ezlb_calloc(1, sizeof(*request));

	request->refs = 1;
	return request;
}

struct ezlb_request *ezlb_request_ref(struct ezlb_request *request)
{
	if (request)
		__atomic_add_fetch(&request->refs, 1, __ATOMIC_RELAXED);
	return request;
}

void ezlb_request_unref(struct ezlb_request *request)
{
	if (!request || __atomic_sub_fetch(&request->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	free(request->method);
	free(request->path);
	free(request->host);
	for (size_t i = 0; i < request->headers.len; i++)
		free(request->headers.items[i]);
	EZLB_VEC_CLEAR(&request->headers);
	EZLB_VEC_CLEAR(&request->statuses);
	free(request->body);
	free(request->server_name);
	free(request->ca_file);
	free(request->payload.data);
	free(request->answer.data);
	free(request->query_name);
	free(request);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_bytes(const struct ezlb_bytes *a, const struct ezlb_bytes *b)
{
	return a->len == b->len && !a->data == !b->data &&
	       (a->len == 0 || (a->data && b->data && memcmp(a->data, b->data, a->len) == 0));
}

static bool same_headers(const struct ezlb_texts *a, const struct ezlb_texts *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static bool same_statuses(const struct ezlb_code_ranges *a, const struct ezlb_code_ranges *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (a->items[i].first != b->items[i].first || a->items[i].last != b->items[i].last)
			return false;
	return true;
}

bool ezlb_request_same(const struct ezlb_request *a, const struct ezlb_request *b)
{
	if (a == b || !a || !b)
		return a == b;
	return same_text(a->method, b->method) && same_text(a->path, b->path) &&
	       same_text(a->host, b->host) && same_headers(&a->headers, &b->headers) &&
	       same_statuses(&a->statuses, &b->statuses) && same_text(a->body, b->body) &&
	       a->verify == b->verify && same_text(a->server_name, b->server_name) &&
	       same_text(a->ca_file, b->ca_file) && same_bytes(&a->payload, &b->payload) &&
	       same_bytes(&a->answer, &b->answer) && same_text(a->query_name, b->query_name) &&
	       a->query_type == b->query_type && a->rcodes == b->rcodes;
}

struct ezlb_check ezlb_check_copy(const struct ezlb_check *check)
{
	struct ezlb_check copy = *check;

	ezlb_request_ref(copy.request);
	return copy;
}

void ezlb_check_clear(struct ezlb_check *check)
{
	ezlb_request_unref(check->request);
	check->request = NULL;
}

bool ezlb_check_same_probe(const struct ezlb_check *a, const struct ezlb_check *b)
{
	return a->type == b->type && a->interval_ms == b->interval_ms &&
	       a->fast_interval_ms == b->fast_interval_ms && a->timeout_ms == b->timeout_ms &&
	       a->port == b->port && ezlb_range_cmp(&a->source, &b->source) == 0 &&
	       ezlb_request_same(a->request, b->request);
}

static const char *const names[] = {
	[EZLB_CHECK_NONE] = "none",   [EZLB_CHECK_TCP] = "tcp", [EZLB_CHECK_HTTP] = "http",
	[EZLB_CHECK_HTTPS] = "https", [EZLB_CHECK_UDP] = "udp", [EZLB_CHECK_DNS] = "dns",
};

const char *ezlb_check_type_str(enum ezlb_check_type type)
{
	return names[type];
}

int ezlb_check_type_parse(const char *text, enum ezlb_check_type *out)
{
	int i = ezlb_word_index(names, COUNT(names), text);

	if (i >= 0)
		*out = (enum ezlb_check_type)i;
	return i < 0 ? i : 0;
}
