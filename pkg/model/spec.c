// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/spec.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <ezlb/suggest.h>

struct ezlb_spec *ezlb_spec_new(void)
{
	return ezlb_calloc(1, sizeof(struct ezlb_spec));
}

void ezlb_spec_free(struct ezlb_spec *spec)
{
	if (!spec)
		return;
	free(spec->file);
	free(spec->backends);
	free(spec);
}

bool ezlb_check_same_probe(const struct ezlb_check *a, const struct ezlb_check *b)
{
	if (a->type != b->type || a->interval_ms != b->interval_ms ||
	    a->timeout_ms != b->timeout_ms)
		return false;
	if (a->type != EZLB_CHECK_HTTP && a->type != EZLB_CHECK_HTTPS)
		return true;
	return a->http_expected_status == b->http_expected_status &&
	       strcmp(a->http_path, b->http_path) == 0;
}

static const char *const proto_names[] = {
	[EZLB_TCP] = "tcp",
	[EZLB_UDP] = "udp",
	[EZLB_SCTP] = "sctp",
};
static const int proto_numbers[] = {
	[EZLB_TCP] = IPPROTO_TCP,
	[EZLB_UDP] = IPPROTO_UDP,
	[EZLB_SCTP] = IPPROTO_SCTP,
};
static const char *const forward_names[] = {
	[EZLB_MASQ] = "masq",
	[EZLB_DIRECT] = "direct",
	[EZLB_TUNNEL] = "tunnel",
};
static const char *const check_names[] = {
	[EZLB_CHECK_NONE] = "none",
	[EZLB_CHECK_TCP] = "tcp",
	[EZLB_CHECK_HTTP] = "http",
	[EZLB_CHECK_HTTPS] = "https",
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *ezlb_proto_str(enum ezlb_proto proto)
{
	return proto_names[proto];
}

int ezlb_proto_parse(const char *text, enum ezlb_proto *out)
{
	int i = ezlb_word_index(proto_names, COUNT(proto_names), text);

	if (i >= 0)
		*out = (enum ezlb_proto)i;
	return i < 0 ? i : 0;
}

const char *ezlb_forward_str(enum ezlb_forward forward)
{
	return forward_names[forward];
}

int ezlb_forward_parse(const char *text, enum ezlb_forward *out)
{
	int i = ezlb_word_index(forward_names, COUNT(forward_names), text);

	if (i >= 0)
		*out = (enum ezlb_forward)i;
	return i < 0 ? i : 0;
}

const char *ezlb_check_type_str(enum ezlb_check_type type)
{
	return check_names[type];
}

int ezlb_check_type_parse(const char *text, enum ezlb_check_type *out)
{
	int i = ezlb_word_index(check_names, COUNT(check_names), text);

	if (i >= 0)
		*out = (enum ezlb_check_type)i;
	return i < 0 ? i : 0;
}

int ezlb_proto_number(enum ezlb_proto proto)
{
	return proto_numbers[proto];
}

int ezlb_proto_from_number(int number, enum ezlb_proto *out)
{
	for (size_t i = 0; i < COUNT(proto_numbers); i++)
		if (proto_numbers[i] == number) {
			*out = (enum ezlb_proto)i;
			return 0;
		}
	return -EPROTONOSUPPORT;
}
