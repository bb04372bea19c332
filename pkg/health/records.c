// SPDX-License-Identifier: GPL-2.0-or-later
#include "records.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define NO_TEXT	     UINT32_MAX /* in place of the length of a text: NULL */
#define HEADERS_MAX  256
#define STATUSES_MAX 4096
#define ERRNO_MAX    4095 /* of the kernel: include/linux/err.h */

/* Numbers are in the order of the host: both sides are the same program. */
static void put(struct ezlb_buffer *out, const void *data, size_t len)
{
	if (len == 0)
		return;
	memcpy(EZLB_ROOM(out, len), data, len);
	out->len += len;
}

static void put_u8(struct ezlb_buffer *out, uint8_t value)
{
	put(out, &value, sizeof(value));
}

static void put_u16(struct ezlb_buffer *out, uint16_t value)
{
	put(out, &value, sizeof(value));
}

static void put_u32(struct ezlb_buffer *out, uint32_t value)
{
	put(out, &value, sizeof(value));
}

static void put_text(struct ezlb_buffer *out, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	put_u32(out, text ? (uint32_t)len : NO_TEXT);
	put(out, text, len);
}

static void put_addr(struct ezlb_buffer *out, const struct ezlb_addr *addr)
{
	put_u8(out, addr->family);
	put(out, addr->bytes, sizeof(addr->bytes));
}

/* What is left to read. After the first byte that is missing or wrong, `bad`, and all is zero. */
struct reader {
	const unsigned char *at;
	size_t left;
	bool bad;
};

static struct reader reader_of(const void *data, size_t len)
{
	return (struct reader){ .at = data, .left = len };
}

static void get(struct reader *in, void *to, size_t len)
{
	if (in->bad || in->left < len) {
		in->bad = true;
		memset(to, 0, len);
		return;
	}
	memcpy(to, in->at, len);
	in->at += len;
	in->left -= len;
}

static uint8_t get_u8(struct reader *in)
{
	uint8_t value;

	get(in, &value, sizeof(value));
	return value;
}

static uint16_t get_u16(struct reader *in)
{
	uint16_t value;

	get(in, &value, sizeof(value));
	return value;
}

static uint32_t get_u32(struct reader *in)
{
	uint32_t value;

	get(in, &value, sizeof(value));
	return value;
}

static bool get_bool(struct reader *in)
{
	uint8_t value = get_u8(in);

	in->bad = in->bad || value > 1;
	return value == 1;
}

/* Before a loop, so that a wrong number costs nothing. Each item has at least `size` bytes. */
static uint32_t get_count(struct reader *in, uint32_t max, size_t size)
{
	uint32_t n = get_u32(in);

	in->bad = in->bad || n > max || n > in->left / size;
	return in->bad ? 0 : n;
}

static char *get_text(struct reader *in)
{
	uint32_t len = get_u32(in);
	char *text;

	if (in->bad || len == NO_TEXT)
		return NULL;
	if (len > in->left || (len > 0 && memchr(in->at, '\0', len))) {
		in->bad = true;
		return NULL;
	}
	text = ezlb_strndup((const char *)in->at, len);
	in->at += len;
	in->left -= len;
	return text;
}

/* Of a text that may not be NULL. */
static char *need_text(struct reader *in)
{
	char *text = get_text(in);

	in->bad = in->bad || !text;
	return text;
}

static bool is_family(uint8_t family)
{
	return family == AF_INET || family == AF_INET6;
}

static struct ezlb_addr get_addr(struct reader *in, bool may_be_none)
{
	struct ezlb_addr addr = { .family = get_u8(in) };

	get(in, addr.bytes, sizeof(addr.bytes));
	if (!is_family(addr.family) && !(may_be_none && addr.family == 0))
		in->bad = true;
	return addr;
}

static int verdict_of(const struct reader *in)
{
	return in->bad || in->left > 0 ? -EBADMSG : 0;
}

void ezlb_check_record_put(const struct ezlb_check_record *record, struct ezlb_buffer *out)
{
	const struct ezlb_request *request = record->request;

	out->len = 0;
	put_u32(out, record->id);
	put_u8(out, (uint8_t)record->type);
	put_u8(out, record->has_ca);
	put_u8(out, request->verify);
	put_text(out, request->method);
	put_text(out, request->path);
	put_text(out, request->host);
	put_text(out, request->server_name);
	put_text(out, request->body);
	put_u32(out, (uint32_t)request->statuses.len);
	for (size_t i = 0; i < request->statuses.len; i++) {
		put_u16(out, request->statuses.items[i].first);
		put_u16(out, request->statuses.items[i].last);
	}
	put_u32(out, (uint32_t)request->headers.len);
	for (size_t i = 0; i < request->headers.len; i++)
		put_text(out, request->headers.items[i]);
}

static void get_request(struct reader *in, struct ezlb_request *request)
{
	uint32_t n;

	request->verify = get_bool(in);
	request->method = get_text(in);
	request->path = need_text(in);
	request->host = get_text(in);
	request->server_name = get_text(in);
	request->body = get_text(in);
	n = get_count(in, STATUSES_MAX, 2 * sizeof(uint16_t));
	for (uint32_t i = 0; i < n; i++) {
		struct ezlb_code_range *range = EZLB_PUSH(&request->statuses);

		range->first = get_u16(in);
		range->last = get_u16(in);
	}
	n = get_count(in, HEADERS_MAX, sizeof(uint32_t));
	for (uint32_t i = 0; i < n; i++)
		*EZLB_PUSH(&request->headers) = need_text(in);
}

int ezlb_check_record_get(const void *data, size_t len, struct ezlb_check_record *out)
{
	struct reader in = reader_of(data, len);
	uint8_t type;
	int rc;

	*out = (struct ezlb_check_record){ .id = get_u32(&in) };
	type = get_u8(&in);
	out->has_ca = get_bool(&in);
	in.bad = in.bad || (type != EZLB_CHECK_HTTP && type != EZLB_CHECK_HTTPS);
	out->type = (enum ezlb_check_type)type;
	out->request = ezlb_request_new();
	get_request(&in, out->request);
	/* What verifies needs the CAs, and nothing else may have a file. */
	in.bad = in.bad || out->has_ca != (type == EZLB_CHECK_HTTPS && out->request->verify);
	rc = verdict_of(&in);
	if (rc < 0) {
		ezlb_request_unref(out->request);
		out->request = NULL;
	}
	return rc;
}

void ezlb_probe_record_put(const struct ezlb_probe_record *record, struct ezlb_buffer *out)
{
	out->len = 0;
	put_u32(out, record->id);
	put_u32(out, record->check);
	put_u32(out, record->timeout_ms);
	put_addr(out, &record->target.addr);
	put_u16(out, record->target.port);
	put_addr(out, &record->source);
}

int ezlb_probe_record_get(const void *data, size_t len, struct ezlb_probe_record *out)
{
	struct reader in = reader_of(data, len);

	out->id = get_u32(&in);
	out->check = get_u32(&in);
	out->timeout_ms = get_u32(&in);
	out->target.addr = get_addr(&in, false);
	out->target.port = get_u16(&in);
	out->source = get_addr(&in, true);
	return verdict_of(&in);
}

void ezlb_result_record_put(const struct ezlb_result_record *record, struct ezlb_buffer *out)
{
	out->len = 0;
	put_u32(out, record->id);
	put_u8(out, (uint8_t)record->result.outcome);
	put_u32(out, (uint32_t)record->result.code);
}

/* The results that a probe of type http or https can have, each with the greatest code. */
static const struct {
	bool possible;
	uint32_t code_max;
} results[EZLB_OUTCOMES] = {
	[EZLB_PROBE_OK] = { true, 0 },
	[EZLB_PROBE_CONNECT_REFUSED] = { true, 0 },
	[EZLB_PROBE_CONNECT_TIMEOUT] = { true, 0 },
	[EZLB_PROBE_TIMEOUT] = { true, 0 },
	[EZLB_PROBE_UNREACHABLE] = { true, 0 },
	[EZLB_PROBE_RESET] = { true, 0 },
	[EZLB_PROBE_HTTP_STATUS] = { true, 999 },
	[EZLB_PROBE_HTTP_BODY] = { true, 0 },
	[EZLB_PROBE_HTTP_PROTOCOL] = { true, 0 },
	[EZLB_PROBE_TLS] = { true, 0 },
	[EZLB_PROBE_TLS_CERTIFICATE] = { true, 0 },
	[EZLB_PROBE_PERMISSION] = { true, 0 },
	[EZLB_PROBE_LOCAL_ERROR] = { true, ERRNO_MAX },
};

int ezlb_result_record_get(const void *data, size_t len, struct ezlb_result_record *out)
{
	struct reader in = reader_of(data, len);
	uint32_t id = get_u32(&in), code;
	uint8_t outcome = get_u8(&in);

	code = get_u32(&in);
	if (outcome >= EZLB_OUTCOMES || !results[outcome].possible ||
	    code > results[outcome].code_max || (outcome == EZLB_PROBE_LOCAL_ERROR && code == 0))
		in.bad = true;
	*out = (struct ezlb_result_record){ .id = id };
	if (in.bad)
		return -EBADMSG;
	out->result.outcome = (enum ezlb_outcome)outcome;
	out->result.code = (int)code;
	return verdict_of(&in);
}

void ezlb_id_record_put(uint32_t id, struct ezlb_buffer *out)
{
	out->len = 0;
	put_u32(out, id);
}

int ezlb_id_record_get(const void *data, size_t len, uint32_t *out)
{
	struct reader in = reader_of(data, len);

	*out = get_u32(&in);
	return verdict_of(&in);
}
