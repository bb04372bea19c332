// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/spec.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ezlb/suggest.h>
#include <ezlb/table.h>

struct ezlb_spec *ezlb_spec_new(void)
{
	return ezlb_calloc(1, sizeof(struct ezlb_spec));
}

void ezlb_spec_free(struct ezlb_spec *spec)
{
	if (!spec)
		return;
	free(spec->file);
	free(spec->listeners);
	free(spec->backends);
	ezlb_check_clear(&spec->check);
	free(spec);
}

bool ezlb_listener_is_mark(const struct ezlb_listener *listener)
{
	return listener->key.fwmark && listener->listen.port == 0;
}

const char *ezlb_listener_format(const struct ezlb_listener *listener,
				 char buf[EZLB_LISTENER_STRLEN])
{
	char ep[EZLB_ENDPOINT_STRLEN];

	if (ezlb_listener_is_mark(listener))
		return ezlb_service_key_format(&listener->key, buf);
	ezlb_endpoint_format(&listener->listen, ep);
	if (listener->last_port)
		snprintf(buf, EZLB_LISTENER_STRLEN, "%s-%u", ep, listener->last_port);
	else
		snprintf(buf, EZLB_LISTENER_STRLEN, "%s", ep);
	return buf;
}

const char *ezlb_listener_proto_str(const struct ezlb_listener *listener)
{
	return ezlb_listener_is_mark(listener) ? "any" : ezlb_proto_str(listener->proto);
}

const char *ezlb_listener_text(const struct ezlb_listener *listener,
			       char buf[EZLB_LISTENER_TEXT_STRLEN])
{
	char text[EZLB_LISTENER_STRLEN];
	bool mark = ezlb_listener_is_mark(listener);

	snprintf(buf, EZLB_LISTENER_TEXT_STRLEN, "%s%s%s",
		 mark ? "" : ezlb_proto_str(listener->proto), mark ? "" : " ",
		 ezlb_listener_format(listener, text));
	return buf;
}

bool ezlb_spec_has(const struct ezlb_spec *spec, const struct ezlb_service_key *key)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (ezlb_service_key_cmp(&spec->listeners[i].key, key) == 0)
			return true;
	return false;
}

bool ezlb_spec_takes(const struct ezlb_spec *spec, enum ezlb_proto proto)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (ezlb_listener_is_mark(&spec->listeners[i]) || spec->listeners[i].proto == proto)
			return true;
	return false;
}

/*
 * Marks of ranges use only the bits of 0x30ff, because several programs share the mark of a packet:
 * Kubernetes has 0xc000 (kube-proxy), Cilium 0x0f00, Calico by default 0xffff0000.
 */
uint32_t ezlb_range_mark(enum ezlb_proto proto, const struct ezlb_endpoint *first,
			 uint16_t last_port)
{
	uint8_t bytes[1 + sizeof(first->addr.bytes) + 4] = { (uint8_t)proto };
	uint32_t n;

	memcpy(bytes + 1, first->addr.bytes, sizeof(first->addr.bytes));
	bytes[sizeof(bytes) - 4] = (uint8_t)(first->port >> 8);
	bytes[sizeof(bytes) - 3] = (uint8_t)first->port;
	bytes[sizeof(bytes) - 2] = (uint8_t)(last_port >> 8);
	bytes[sizeof(bytes) - 1] = (uint8_t)last_port;
	n = (uint32_t)(ezlb_hash(bytes, sizeof(bytes)) % 1023) + 1; /* ten bits, not all zero */
	return (n & 0xff) | (n >> 8) << 12;
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
static const char *const tunnel_names[] = {
	[EZLB_TUNNEL_IPIP] = "ipip",
	[EZLB_TUNNEL_GUE] = "gue",
	[EZLB_TUNNEL_GRE] = "gre",
};
static const char *const checksum_names[] = {
	[EZLB_TUNNEL_NOCSUM] = "none",
	[EZLB_TUNNEL_CSUM] = "csum",
	[EZLB_TUNNEL_REMCSUM] = "remcsum",
};
static const char *const client_address_names[] = {
	[EZLB_CLIENT_ADDRESS_NONE] = "none",
	[EZLB_CLIENT_ADDRESS_TOA] = "toa",
};
static const char *const on_failure_names[] = {
	[EZLB_ON_FAILURE_AUTO] = "auto",
	[EZLB_ON_FAILURE_REMOVE] = "remove",
	[EZLB_ON_FAILURE_DRAIN] = "drain",
};
static const char *const vip_when_names[] = {
	[EZLB_VIP_DEFAULT] = "",
	[EZLB_VIP_ALWAYS] = "always",
	[EZLB_VIP_SERVING] = "serving",
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *ezlb_proto_str(enum ezlb_proto word)
{
	return proto_names[word];
}

int ezlb_proto_parse(const char *text, enum ezlb_proto *out)
{
	int i = ezlb_word_index(proto_names, COUNT(proto_names), text);

	if (i >= 0)
		*out = (enum ezlb_proto)i;
	return i < 0 ? i : 0;
}

const char *ezlb_forward_str(enum ezlb_forward word)
{
	return forward_names[word];
}

int ezlb_forward_parse(const char *text, enum ezlb_forward *out)
{
	int i = ezlb_word_index(forward_names, COUNT(forward_names), text);

	if (i >= 0)
		*out = (enum ezlb_forward)i;
	return i < 0 ? i : 0;
}

const char *ezlb_tunnel_type_str(enum ezlb_tunnel_type word)
{
	return tunnel_names[word];
}

int ezlb_tunnel_type_parse(const char *text, enum ezlb_tunnel_type *out)
{
	int i = ezlb_word_index(tunnel_names, COUNT(tunnel_names), text);

	if (i >= 0)
		*out = (enum ezlb_tunnel_type)i;
	return i < 0 ? i : 0;
}

const char *ezlb_tunnel_checksum_str(enum ezlb_tunnel_checksum word)
{
	return checksum_names[word];
}

int ezlb_tunnel_checksum_parse(const char *text, enum ezlb_tunnel_checksum *out)
{
	int i = ezlb_word_index(checksum_names, COUNT(checksum_names), text);

	if (i >= 0)
		*out = (enum ezlb_tunnel_checksum)i;
	return i < 0 ? i : 0;
}

const char *ezlb_client_address_str(enum ezlb_client_address how)
{
	return client_address_names[how];
}

int ezlb_client_address_parse(const char *text, enum ezlb_client_address *out)
{
	int i = ezlb_word_index(client_address_names, COUNT(client_address_names), text);

	if (i >= 0)
		*out = (enum ezlb_client_address)i;
	return i < 0 ? i : 0;
}

const char *ezlb_on_failure_str(enum ezlb_on_failure word)
{
	return on_failure_names[word];
}

int ezlb_on_failure_parse(const char *text, enum ezlb_on_failure *out)
{
	int i = ezlb_word_index(on_failure_names, COUNT(on_failure_names), text);

	if (i >= 0)
		*out = (enum ezlb_on_failure)i;
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

int ezlb_mark_cmp(struct ezlb_mark a, struct ezlb_mark b)
{
	int rc = (a.line > b.line) - (a.line < b.line);

	return rc ? rc : (a.col > b.col) - (a.col < b.col);
}

const char *ezlb_vip_when_str(enum ezlb_vip_when when)
{
	return vip_when_names[when];
}

int ezlb_vip_when_parse(const char *text, enum ezlb_vip_when *out)
{
	int i = text[0] ? ezlb_word_index(vip_when_names, COUNT(vip_when_names), text) : -EINVAL;

	if (i >= 0)
		*out = (enum ezlb_vip_when)i;
	return i < 0 ? i : 0;
}
