// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "chain.h"

static size_t target_size(const struct ezlb_xt_form *form)
{
	size_t nat = form->family == AF_INET ? sizeof(struct nf_nat_ipv4_multi_range_compat)
					     : sizeof(struct nf_nat_range);

	return XT_ALIGN(sizeof(struct xt_entry_target) + nat);
}

/* The largest rule: IPv6 with the sctp match. */
static_assert(sizeof(struct ip6t_entry) + sizeof(struct xt_entry_match) +
			      XT_ALIGN(sizeof(struct xt_sctp_info)) +
			      XT_ALIGN(sizeof(struct xt_entry_target) +
				       sizeof(struct nf_nat_range)) <=
		      EZLB_XT_ENTRY_MAX,
	      "no room for a rule");

static size_t match_size(enum ezlb_proto proto)
{
	return sizeof(struct xt_entry_match) + ezlb_xt_port_size(proto);
}

static void put_match(enum ezlb_proto proto, struct xt_entry_match *match, uint16_t port)
{
	match->u.user.match_size = (uint16_t)match_size(proto);
	ezlb_strcpy(match->u.user.name, sizeof(match->u.user.name), ezlb_proto_str(proto));
	ezlb_xt_port_put(proto, port, match->data);
}

/* Fully random ports: with sequential ports two connections could get the same one; one fails. */
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

static void put_target(const struct ezlb_xt_form *form, struct xt_entry_target *target,
		       const struct ezlb_addr_range *to)
{
	const char *name = to->first.family ? "SNAT" : "MASQUERADE";

	target->u.user.target_size = (uint16_t)target_size(form);
	ezlb_strcpy(target->u.user.name, sizeof(target->u.user.name), name);
	if (form->family == AF_INET) {
		put_range_ip(target->data, to);
		return;
	}
	/* Revision 0 of SNAT is for IPv4 only. */
	target->u.user.revision = to->first.family ? 1 : 0;
	put_range_ip6(target->data, to);
}

int ezlb_snat_rule_build(const struct ezlb_snat_row *row, struct ezlb_xt_entry *out)
{
	const struct ezlb_xt_form *form = ezlb_xt_form_of(row->key.endpoint.addr.family);
	size_t target_at;
	int rc = ezlb_snat_row_check(row);

	if (rc < 0)
		return rc;
	if (row->key.fwmark)
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	target_at = form->size + match_size(row->key.proto);
	out->len = target_at + target_size(form);
	ezlb_xt_put_dst(form, &row->key.endpoint.addr, out->bytes);
	ezlb_xt_put_proto(form, row->key.proto, out->bytes);
	ezlb_xt_put_offsets(form, target_at, out->len, out->bytes);
	put_match(row->key.proto, (void *)(out->bytes + form->size), row->key.endpoint.port);
	put_target(form, (void *)(out->bytes + target_at), &row->to);
	return 0;
}

static void clean(const struct ezlb_xt_form *form, struct ezlb_xt_entry *rule, size_t target_at)
{
	struct xt_entry_match *match = (void *)(rule->bytes + form->size);
	struct xt_entry_target *target = (void *)(rule->bytes + target_at);

	ezlb_xt_clean_head(form, rule->bytes);
	ezlb_xt_clean_name(match->u.user.name);
	ezlb_xt_clean_name(target->u.user.name);
}

static void read_to(const struct ezlb_xt_form *form, const struct xt_entry_target *target,
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

/* Reads the fields of a row from where build puts them; the caller checks the other bytes. */
static void read_row(const struct ezlb_xt_form *form, const struct ezlb_xt_entry *rule,
		     size_t target_at, struct ezlb_snat_row *row)
{
	const struct xt_entry_match *match = (const void *)(rule->bytes + form->size);
	const struct xt_entry_target *target = (const void *)(rule->bytes + target_at);

	row->key.endpoint.addr.family = form->family;
	memcpy(row->key.endpoint.addr.bytes, rule->bytes + form->dst, form->addr_size);
	row->key.endpoint.port = ezlb_xt_port_get(row->key.proto, match->data);
	if (strncmp(target->u.user.name, "SNAT", sizeof(target->u.user.name)) == 0)
		read_to(form, target, &row->to);
}

int ezlb_snat_rule_parse(const struct ezlb_xt_form *form, const void *bytes, size_t len,
			 struct ezlb_snat_row *out)
{
	struct ezlb_xt_entry seen = { .len = len }, made;
	struct ezlb_snat_row row = { .key.kind = EZLB_SNAT_KEY_BACKEND };
	size_t target_at;
	uint16_t proto;

	if (len > sizeof(seen.bytes))
		return -EINVAL;
	memcpy(seen.bytes, bytes, len);
	memcpy(&proto, seen.bytes + form->proto, sizeof(proto));
	if (ezlb_proto_from_number(proto, &row.key.proto) < 0)
		return -EINVAL;
	target_at = form->size + match_size(row.key.proto);
	if (len != target_at + target_size(form))
		return -EINVAL;
	read_row(form, &seen, target_at, &row);
	clean(form, &seen, target_at);
	if (ezlb_snat_rule_build(&row, &made) < 0 || memcmp(seen.bytes, made.bytes, len) != 0)
		return -EINVAL;
	row.connections = ezlb_xt_entry_counters(form, bytes).pcnt;
	*out = row;
	return 0;
}
