// SPDX-License-Identifier: GPL-2.0-or-later
#include "match.h"

#include <errno.h>
#include <string.h>

#include <linux/netfilter/nf_conntrack_common.h>

#define CT_NAME "conntrack"
#define CT_REV	3

static void build_ct(const struct ezlb_service_key *service, struct ezlb_fw_match *out)
{
	struct xt_conntrack_mtinfo3 *ct = &out->info.ct;
	size_t addr = ezlb_xt_form_of(service->listen.addr.family)->addr_size;

	out->name = CT_NAME;
	out->rev = CT_REV;
	out->size = XT_ALIGN(sizeof(*ct));
	memcpy(&ct->origdst_addr, service->listen.addr.bytes, addr);
	memset(&ct->origdst_mask, 0xff, addr);
	ct->l4proto = (uint16_t)ezlb_proto_number(service->proto);
	ct->origdst_port = ct->origdst_port_high = service->listen.port;
	ct->state_mask = XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED);
	ct->match_flags = XT_CONNTRACK_STATE | XT_CONNTRACK_PROTO | XT_CONNTRACK_ORIGDST |
			  XT_CONNTRACK_ORIGDST_PORT | XT_CONNTRACK_DIRECTION;
	ct->invert_flags = XT_CONNTRACK_DIRECTION; /* not the original direction, so REPLY */
}

static void build_port(const struct ezlb_service_key *service, struct ezlb_fw_match *out)
{
	out->name = ezlb_proto_str(service->proto);
	out->size = ezlb_xt_port_size(service->proto);
	ezlb_xt_port_put(service->proto, service->listen.port, &out->info);
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
	memcpy(listen->addr.bytes, &ct->origdst_addr, ezlb_xt_form_of(family)->addr_size);
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
	out->service.listen.port = ezlb_xt_port_get(out->service.proto, &match.info);
	return out->service.listen.port ? 0 : -EINVAL;
}
