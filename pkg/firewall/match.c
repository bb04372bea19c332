// SPDX-License-Identifier: GPL-2.0-or-later
#include "match.h"

#include <errno.h>
#include <string.h>

#include <linux/netfilter/nf_conntrack_common.h>

#define CT_NAME "conntrack"
#define CT_REV	3

size_t ezlb_fw_addr_size(uint8_t family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

static void build_ct(const struct ezlb_service_key *service, struct ezlb_fw_match *out)
{
	struct xt_conntrack_mtinfo3 *ct = &out->info.ct;
	size_t addr = ezlb_fw_addr_size(service->listen.addr.family);

	out->name = CT_NAME;
	out->rev = CT_REV;
	out->size = XT_ALIGN(sizeof(*ct));
	memcpy(&ct->origdst_addr, service->listen.addr.bytes, addr);
	/* iptables leaves a whole IPv6 mask for IPv4, too. */
	memset(&ct->origdst_mask, 0xff, addr);
	ct->l4proto = (uint16_t)ezlb_proto_number(service->proto);
	ct->origdst_port = ct->origdst_port_high = service->listen.port;
	ct->state_mask = XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED);
	ct->match_flags = XT_CONNTRACK_STATE | XT_CONNTRACK_PROTO | XT_CONNTRACK_ORIGDST |
			  XT_CONNTRACK_ORIGDST_PORT | XT_CONNTRACK_DIRECTION;
	ct->invert_flags = XT_CONNTRACK_DIRECTION; /* not the original one */
}

static void build_sctp(uint16_t port, struct ezlb_fw_match *out)
{
	struct xt_sctp_info *sctp = &out->info.sctp;

	out->size = XT_ALIGN(sizeof(*sctp));
	sctp->flags = XT_SCTP_DEST_PORTS;
	sctp->dpts[0] = sctp->dpts[1] = port;
	/* As iptables leaves it, so that `iptables -D` with the same words finds the rule. */
	for (size_t i = 0; i < XT_NUM_SCTP_FLAGS; i++)
		sctp->flag_info[i].chunktype = UINT8_MAX;
}

static void build_port(const struct ezlb_service_key *service, struct ezlb_fw_match *out)
{
	uint16_t port = service->listen.port;

	out->name = ezlb_proto_str(service->proto);
	switch (service->proto) {
	case EZLB_TCP:
		out->size = XT_ALIGN(sizeof(out->info.tcp));
		out->info.tcp = (struct xt_tcp){ .spts = { 0, UINT16_MAX },
						 .dpts = { port, port } };
		return;
	case EZLB_UDP:
		out->size = XT_ALIGN(sizeof(out->info.udp));
		out->info.udp = (struct xt_udp){ .spts = { 0, UINT16_MAX },
						 .dpts = { port, port } };
		return;
	case EZLB_SCTP:
		build_sctp(port, out);
		return;
	}
}

void ezlb_fw_match_build(const struct ezlb_accept_row *row, struct ezlb_fw_match *out)
{
	memset(out, 0, sizeof(*out));
	switch (row->gate) {
	case EZLB_GATE_INPUT:
		build_port(&row->service, out);
		return;
	case EZLB_GATE_FORWARD:
		build_ct(&row->service, out);
		return;
	case EZLB_GATES:
		return;
	}
}

static int read_ct(const struct xt_conntrack_mtinfo3 *ct, uint8_t family,
		   struct ezlb_accept_row *out)
{
	struct ezlb_endpoint *listen = &out->service.listen;

	out->gate = EZLB_GATE_FORWARD;
	listen->addr.family = family;
	memcpy(listen->addr.bytes, &ct->origdst_addr, ezlb_fw_addr_size(family));
	listen->port = ct->origdst_port;
	return ezlb_proto_from_number(ct->l4proto, &out->service.proto) < 0 ? -EINVAL : 0;
}

int ezlb_fw_match_read(const char *name, const void *info, size_t size, uint8_t family,
		       struct ezlb_accept_row *out)
{
	struct ezlb_fw_match match = { .size = size };

	if (size > sizeof(match.info))
		return -EINVAL;
	memcpy(&match.info, info, size);
	if (strcmp(name, CT_NAME) == 0)
		return read_ct(&match.info.ct, family, out);
	if (ezlb_proto_parse(name, &out->service.proto) < 0)
		return -EINVAL;
	out->gate = EZLB_GATE_INPUT;
	switch (out->service.proto) {
	case EZLB_TCP:
		out->service.listen.port = match.info.tcp.dpts[0];
		break;
	case EZLB_UDP:
		out->service.listen.port = match.info.udp.dpts[0];
		break;
	case EZLB_SCTP:
		out->service.listen.port = match.info.sctp.dpts[0];
		break;
	}
	return out->service.listen.port ? 0 : -EINVAL;
}
