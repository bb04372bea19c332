// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <linux/netfilter/xt_tcpudp.h>

#include <ezlb/snat.h>

const struct ezlb_snat_form ezlb_snat_form_ip = {
	.family = AF_INET,
	.addr_size = sizeof(struct in_addr),
	.dst = offsetof(struct ipt_entry, ip.dst),
	.dmsk = offsetof(struct ipt_entry, ip.dmsk),
	.proto = offsetof(struct ipt_entry, ip.proto),
	.flags = offsetof(struct ipt_entry, ip.flags),
	.said = offsetof(struct ipt_entry, ip.invflags) + 1,
	.target_offset = offsetof(struct ipt_entry, target_offset),
	.comefrom = offsetof(struct ipt_entry, comefrom),
	.counters = offsetof(struct ipt_entry, counters),
	.size = sizeof(struct ipt_entry),
};

const struct ezlb_snat_form ezlb_snat_form_ip6 = {
	.family = AF_INET6,
	.addr_size = sizeof(struct in6_addr),
	.dst = offsetof(struct ip6t_entry, ipv6.dst),
	.dmsk = offsetof(struct ip6t_entry, ipv6.dmsk),
	.proto = offsetof(struct ip6t_entry, ipv6.proto),
	.flags = offsetof(struct ip6t_entry, ipv6.flags),
	/* IPv4 takes protocol 0 for any; here it is a header that can be asked for. */
	.proto_flag = IP6T_F_PROTO,
	.said = offsetof(struct ip6t_entry, ipv6.invflags) + 1,
	.target_offset = offsetof(struct ip6t_entry, target_offset),
	.comefrom = offsetof(struct ip6t_entry, comefrom),
	.counters = offsetof(struct ip6t_entry, counters),
	.size = sizeof(struct ip6t_entry),
};

static const struct ezlb_snat_form *form_of(uint8_t family)
{
	if (family == AF_INET)
		return &ezlb_snat_form_ip;
	return family == AF_INET6 ? &ezlb_snat_form_ip6 : NULL;
}

static size_t target_size(const struct ezlb_snat_form *form)
{
	size_t nat = form->family == AF_INET ? sizeof(struct nf_nat_ipv4_multi_range_compat)
					     : sizeof(struct nf_nat_range);

	return XT_ALIGN(sizeof(struct xt_entry_target) + nat);
}

static size_t match_size(enum ezlb_proto proto)
{
	switch (proto) {
	case EZLB_TCP:
		return XT_ALIGN(sizeof(struct xt_entry_match) + sizeof(struct xt_tcp));
	case EZLB_UDP:
		return XT_ALIGN(sizeof(struct xt_entry_match) + sizeof(struct xt_udp));
	case EZLB_SCTP:
		return XT_ALIGN(sizeof(struct xt_entry_match) + sizeof(struct xt_sctp_info));
	}
	return 0;
}

static void put_sctp(struct xt_sctp_info *sctp, uint16_t port)
{
	sctp->dpts[0] = sctp->dpts[1] = port;
	sctp->flags = XT_SCTP_DEST_PORTS;
	/* As iptables leaves it, so that `iptables -D` with the same words finds the rule. */
	for (size_t i = 0; i < XT_NUM_SCTP_FLAGS; i++)
		sctp->flag_info[i].chunktype = UINT8_MAX;
}

static void put_port(enum ezlb_proto proto, void *data, uint16_t port)
{
	struct xt_tcp *tcp = data;
	struct xt_udp *udp = data;

	switch (proto) {
	case EZLB_TCP:
		tcp->spts[1] = UINT16_MAX;
		tcp->dpts[0] = tcp->dpts[1] = port;
		return;
	case EZLB_UDP:
		udp->spts[1] = UINT16_MAX;
		udp->dpts[0] = udp->dpts[1] = port;
		return;
	case EZLB_SCTP:
		put_sctp(data, port);
		return;
	}
}

static uint16_t get_port(enum ezlb_proto proto, const void *data)
{
	switch (proto) {
	case EZLB_TCP:
		return ((const struct xt_tcp *)data)->dpts[0];
	case EZLB_UDP:
		return ((const struct xt_udp *)data)->dpts[0];
	case EZLB_SCTP:
		return ((const struct xt_sctp_info *)data)->dpts[0];
	}
	return 0;
}

static void put_match(enum ezlb_proto proto, struct xt_entry_match *match, uint16_t port)
{
	match->u.user.match_size = (uint16_t)match_size(proto);
	ezlb_strcpy(match->u.user.name, sizeof(match->u.user.name), ezlb_proto_str(proto));
	put_port(proto, match->data, port);
}

/* Ports fully at random: in their order two connections at a time take the same one, and one fails.
 */
static unsigned range_flags(const struct ezlb_addr_range *to)
{
	return NF_NAT_RANGE_PROTO_RANDOM_FULLY | (to->first.family ? NF_NAT_RANGE_MAP_IPS : 0);
}

static void put_range_ip(void *data, const struct ezlb_addr_range *to)
{
	struct nf_nat_ipv4_multi_range_compat nat = { .rangesize = 1 };

	nat.range[0].flags = range_flags(to);
	if (to->first.family) {
		memcpy(&nat.range[0].min_ip, to->first.bytes, sizeof(nat.range[0].min_ip));
		memcpy(&nat.range[0].max_ip, to->last.bytes, sizeof(nat.range[0].max_ip));
	}
	memcpy(data, &nat, sizeof(nat));
}

static void put_range_ip6(void *data, const struct ezlb_addr_range *to)
{
	struct nf_nat_range nat = { .flags = range_flags(to) };

	if (to->first.family) {
		memcpy(&nat.min_addr.in6, to->first.bytes, sizeof(nat.min_addr.in6));
		memcpy(&nat.max_addr.in6, to->last.bytes, sizeof(nat.max_addr.in6));
	}
	memcpy(data, &nat, sizeof(nat));
}

static void put_target(const struct ezlb_snat_form *form, struct xt_entry_target *target,
		       const struct ezlb_addr_range *to)
{
	const char *name = to->first.family ? "SNAT" : "MASQUERADE";

	target->u.user.target_size = (uint16_t)target_size(form);
	ezlb_strcpy(target->u.user.name, sizeof(target->u.user.name), name);
	if (form->family == AF_INET) {
		put_range_ip(target->data, to);
		return;
	}
	/* SNAT's revision 0 is IPv4's alone. */
	target->u.user.revision = to->first.family ? 1 : 0;
	put_range_ip6(target->data, to);
}

static void put_entry(const struct ezlb_snat_form *form, unsigned char *entry, size_t target_at,
		      size_t len)
{
	const uint16_t offsets[] = { (uint16_t)target_at, (uint16_t)len };

	memcpy(entry + form->target_offset, offsets, sizeof(offsets));
}

static bool is_range_of(const struct ezlb_snat_form *form, const struct ezlb_addr_range *to)
{
	if (!to->first.family)
		return true;
	return to->first.family == form->family && to->last.family == form->family;
}

int ezlb_snat_rule_build(const struct ezlb_snat_row *row, struct ezlb_snat_rule *out)
{
	const struct ezlb_snat_form *form = form_of(row->backend.addr.family);
	uint16_t proto = (uint16_t)ezlb_proto_number(row->proto);
	size_t target_at;

	if (!form || !is_range_of(form, &row->to))
		return -EAFNOSUPPORT;
	if (!row->backend.port || ezlb_addr_cmp(&row->to.first, &row->to.last) > 0)
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	target_at = form->size + match_size(row->proto);
	out->len = target_at + target_size(form);
	memcpy(out->bytes + form->dst, row->backend.addr.bytes, form->addr_size);
	memset(out->bytes + form->dmsk, 0xff, form->addr_size);
	memcpy(out->bytes + form->proto, &proto, sizeof(proto));
	out->bytes[form->flags] = form->proto_flag;
	put_entry(form, out->bytes, target_at, out->len);
	put_match(row->proto, (void *)(out->bytes + form->size), row->backend.port);
	put_target(form, (void *)(out->bytes + target_at), &row->to);
	return 0;
}

static void name_normalise(char name[XT_EXTENSION_MAXNAMELEN])
{
	size_t len = strnlen(name, XT_EXTENSION_MAXNAMELEN);

	memset(name + len, 0, XT_EXTENSION_MAXNAMELEN - len);
}

/*
 * Clears what says nothing about the rule: counters, padding, fields that the kernel or libiptc
 * uses for itself, and what follows the NUL of a name (the kernel writes no further than that).
 */
static void normalise(const struct ezlb_snat_form *form, struct ezlb_snat_rule *rule,
		      size_t target_at)
{
	struct xt_entry_match *match = (void *)(rule->bytes + form->size);
	struct xt_entry_target *target = (void *)(rule->bytes + target_at);

	memset(rule->bytes + form->said, 0, form->target_offset - form->said);
	memset(rule->bytes + form->comefrom, 0, form->size - form->comefrom);
	name_normalise(match->u.user.name);
	name_normalise(target->u.user.name);
}

static void read_to(const struct ezlb_snat_form *form, const struct xt_entry_target *target,
		    struct ezlb_addr_range *to)
{
	bool ip = form->family == AF_INET;
	size_t first = ip ? offsetof(struct nf_nat_ipv4_multi_range_compat, range[0].min_ip)
			  : offsetof(struct nf_nat_range, min_addr);
	size_t last = ip ? offsetof(struct nf_nat_ipv4_multi_range_compat, range[0].max_ip)
			 : offsetof(struct nf_nat_range, max_addr);

	to->first.family = to->last.family = form->family;
	memcpy(to->first.bytes, target->data + first, form->addr_size);
	memcpy(to->last.bytes, target->data + last, form->addr_size);
}

/* Reads the fields of a row where build puts them; whether the rest fits is for the caller. */
static void read_row(const struct ezlb_snat_form *form, const struct ezlb_snat_rule *rule,
		     size_t target_at, struct ezlb_snat_row *row)
{
	const struct xt_entry_match *match = (const void *)(rule->bytes + form->size);
	const struct xt_entry_target *target = (const void *)(rule->bytes + target_at);

	row->backend.addr.family = form->family;
	memcpy(row->backend.addr.bytes, rule->bytes + form->dst, form->addr_size);
	row->backend.port = get_port(row->proto, match->data);
	if (strncmp(target->u.user.name, "SNAT", sizeof(target->u.user.name)) == 0)
		read_to(form, target, &row->to);
}

int ezlb_snat_rule_parse(const struct ezlb_snat_form *form, const void *bytes, size_t len,
			 struct ezlb_snat_row *out)
{
	struct ezlb_snat_rule seen = { .len = len }, made;
	struct ezlb_snat_row row = { 0 };
	size_t target_at;
	uint16_t proto;

	if (len > sizeof(seen.bytes))
		return -EINVAL;
	memcpy(seen.bytes, bytes, len);
	memcpy(&proto, seen.bytes + form->proto, sizeof(proto));
	if (ezlb_proto_from_number(proto, &row.proto) < 0)
		return -EINVAL;
	target_at = form->size + match_size(row.proto);
	if (len != target_at + target_size(form))
		return -EINVAL;
	read_row(form, &seen, target_at, &row);
	normalise(form, &seen, target_at);
	if (ezlb_snat_rule_build(&row, &made) < 0 || memcmp(seen.bytes, made.bytes, len) != 0)
		return -EINVAL;
	row.connections = ezlb_snat_rule_counters(form, bytes).pcnt;
	*out = row;
	return 0;
}

void ezlb_snat_rule_jump(const struct ezlb_snat_form *form, struct ezlb_snat_rule *out)
{
	struct xt_standard_target *target = (void *)(out->bytes + form->size);

	memset(out, 0, sizeof(*out));
	out->len = form->size + XT_ALIGN(sizeof(*target));
	put_entry(form, out->bytes, form->size, out->len);
	target->target.u.user.target_size = XT_ALIGN(sizeof(*target));
	ezlb_strcpy(target->target.u.user.name, sizeof(target->target.u.user.name),
		    EZLB_SNAT_CHAIN);
}

bool ezlb_snat_rule_is_plain_jump(const struct ezlb_snat_form *form, const void *entry)
{
	static const unsigned char any[sizeof(struct ip6t_entry)];
	uint16_t target_at;

	memcpy(&target_at, (const char *)entry + form->target_offset, sizeof(target_at));
	return target_at == form->size && memcmp(entry, any, form->said) == 0;
}

size_t ezlb_snat_rule_len(const struct ezlb_snat_form *form, const void *entry)
{
	uint16_t offsets[2];

	memcpy(offsets, (const char *)entry + form->target_offset, sizeof(offsets));
	return offsets[1];
}

struct xt_counters ezlb_snat_rule_counters(const struct ezlb_snat_form *form, const void *entry)
{
	struct xt_counters out;

	memcpy(&out, (const char *)entry + form->counters, sizeof(out));
	return out;
}
