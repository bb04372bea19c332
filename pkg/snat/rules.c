// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <linux/netfilter/xt_tcpudp.h>

#include <ezlb/snat.h>

#define MATCH_AT sizeof(struct ipt_entry)
#define TARGET_SIZE \
	XT_ALIGN(sizeof(struct xt_entry_target) + sizeof(struct nf_nat_ipv4_multi_range_compat))

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

static void put_target(struct xt_entry_target *target, const struct ezlb_addr *to)
{
	const char *name = to->family ? "SNAT" : "MASQUERADE";
	struct nf_nat_ipv4_multi_range_compat nat = { .rangesize = 1 };

	if (to->family) {
		nat.range[0].flags = NF_NAT_RANGE_MAP_IPS;
		memcpy(&nat.range[0].min_ip, to->bytes, sizeof(nat.range[0].min_ip));
		nat.range[0].max_ip = nat.range[0].min_ip;
	}
	target->u.user.target_size = TARGET_SIZE;
	ezlb_strcpy(target->u.user.name, sizeof(target->u.user.name), name);
	memcpy(target->data, &nat, sizeof(nat));
}

int ezlb_snat_rule_build(const struct ezlb_snat_row *row, struct ezlb_snat_rule *out)
{
	size_t target_at = MATCH_AT + match_size(row->proto);
	struct ipt_entry *entry = (void *)out->bytes;

	if (row->backend.addr.family != AF_INET || (row->to.family && row->to.family != AF_INET))
		return -EAFNOSUPPORT;
	if (!row->backend.port)
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	out->len = target_at + TARGET_SIZE;
	memcpy(&entry->ip.dst, row->backend.addr.bytes, sizeof(entry->ip.dst));
	entry->ip.dmsk.s_addr = INADDR_BROADCAST;
	entry->ip.proto = (uint16_t)ezlb_proto_number(row->proto);
	entry->target_offset = (uint16_t)target_at;
	entry->next_offset = (uint16_t)out->len;
	put_match(row->proto, (void *)(out->bytes + MATCH_AT), row->backend.port);
	put_target((void *)(out->bytes + target_at), &row->to);
	return 0;
}

/*
 * Clears what says nothing about the rule: counters, fields that the kernel or libiptc uses for
 * itself, and what follows the NUL of a name (the kernel writes no further than that).
 */
static void normalise(struct ezlb_snat_rule *rule, size_t target_at)
{
	struct ipt_entry *entry = (void *)rule->bytes;
	struct xt_entry_match *match = (void *)(rule->bytes + MATCH_AT);
	struct xt_entry_target *target = (void *)(rule->bytes + target_at);
	char name[XT_EXTENSION_MAXNAMELEN] = "";

	entry->nfcache = 0;
	entry->comefrom = 0;
	entry->counters = (struct xt_counters){ 0 };
	memcpy(name, match->u.user.name, strnlen(match->u.user.name, sizeof(name)));
	memcpy(match->u.user.name, name, sizeof(name));
	memset(name, 0, sizeof(name));
	memcpy(name, target->u.user.name, strnlen(target->u.user.name, sizeof(name)));
	memcpy(target->u.user.name, name, sizeof(name));
}

/* Reads the fields of a row where build puts them; whether the rest fits is for the caller. */
static void read_row(const struct ezlb_snat_rule *rule, size_t target_at, struct ezlb_snat_row *row)
{
	const struct ipt_entry *entry = (const void *)rule->bytes;
	const struct xt_entry_match *match = (const void *)(rule->bytes + MATCH_AT);
	const struct xt_entry_target *target = (const void *)(rule->bytes + target_at);
	struct nf_nat_ipv4_multi_range_compat nat;

	row->backend.addr.family = AF_INET;
	memcpy(row->backend.addr.bytes, &entry->ip.dst, sizeof(entry->ip.dst));
	row->backend.port = get_port(row->proto, match->data);
	if (strncmp(target->u.user.name, "SNAT", sizeof(target->u.user.name)) != 0)
		return;
	memcpy(&nat, target->data, sizeof(nat));
	row->to.family = AF_INET;
	memcpy(row->to.bytes, &nat.range[0].min_ip, sizeof(nat.range[0].min_ip));
}

int ezlb_snat_rule_parse(const void *bytes, size_t len, struct ezlb_snat_row *out)
{
	struct ezlb_snat_rule seen = { .len = len }, made;
	const struct ipt_entry *entry = (const void *)seen.bytes;
	struct ezlb_snat_row row = { 0 };
	size_t target_at;

	if (len > sizeof(seen.bytes))
		return -EINVAL;
	memcpy(seen.bytes, bytes, len);
	if (ezlb_proto_from_number(entry->ip.proto, &row.proto) < 0)
		return -EINVAL;
	target_at = MATCH_AT + match_size(row.proto);
	if (len != target_at + TARGET_SIZE)
		return -EINVAL;
	read_row(&seen, target_at, &row);
	normalise(&seen, target_at);
	if (ezlb_snat_rule_build(&row, &made) < 0 || memcmp(seen.bytes, made.bytes, len) != 0)
		return -EINVAL;
	*out = row;
	return 0;
}

void ezlb_snat_rule_jump(struct ezlb_snat_rule *out)
{
	struct ipt_entry *entry = (void *)out->bytes;
	struct xt_standard_target *target = (void *)(out->bytes + sizeof(*entry));

	memset(out, 0, sizeof(*out));
	out->len = sizeof(*entry) + XT_ALIGN(sizeof(*target));
	entry->target_offset = sizeof(*entry);
	entry->next_offset = (uint16_t)out->len;
	target->target.u.user.target_size = XT_ALIGN(sizeof(*target));
	ezlb_strcpy(target->target.u.user.name, sizeof(target->target.u.user.name),
		    EZLB_SNAT_CHAIN);
}

bool ezlb_snat_rule_is_plain_jump(const struct ipt_entry *entry)
{
	static const struct ipt_ip any;

	return entry->target_offset == sizeof(*entry) && memcmp(&entry->ip, &any, sizeof(any)) == 0;
}
