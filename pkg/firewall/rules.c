// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules.h"

#include <errno.h>
#include <string.h>

/* In both families they are next to each other, and the entry ends with its counters. */
struct lens {
	uint16_t head; /* the entry without match and target */
	uint16_t target_at, end;
};

static struct lens get_lens(uint8_t family, const void *entry)
{
	const struct ipt_entry *ip = entry;
	const struct ip6t_entry *ip6 = entry;

	if (family == AF_INET)
		return (struct lens){ sizeof(*ip), ip->target_offset, ip->next_offset };
	return (struct lens){ sizeof(*ip6), ip6->target_offset, ip6->next_offset };
}

static void put_lens(uint8_t family, void *entry, size_t target_at, size_t end)
{
	struct ipt_entry *ip = entry;
	struct ip6t_entry *ip6 = entry;

	if (family == AF_INET) {
		ip->target_offset = (uint16_t)target_at;
		ip->next_offset = (uint16_t)end;
	} else {
		ip6->target_offset = (uint16_t)target_at;
		ip6->next_offset = (uint16_t)end;
	}
}

static size_t head_size(uint8_t family)
{
	return family == AF_INET ? sizeof(struct ipt_entry) : sizeof(struct ip6t_entry);
}

/* Puts the target at `at`, where the entry so far ends. */
static void put_target(uint8_t family, struct ezlb_fw_entry *out, size_t at, const char *name)
{
	struct xt_entry_target *target = (void *)(out->bytes + at);

	target->u.user.target_size = XT_ALIGN(sizeof(struct xt_standard_target));
	ezlb_strcpy(target->u.user.name, sizeof(target->u.user.name), name);
	out->len = at + target->u.user.target_size;
	put_lens(family, out->bytes, at, out->len);
}

static void put_head_ip(const struct ezlb_accept_row *row, struct ipt_entry *entry)
{
	entry->ip.proto = (uint16_t)ezlb_proto_number(row->service.proto);
	if (row->gate == EZLB_GATE_FORWARD)
		return;
	memcpy(&entry->ip.dst, row->service.listen.addr.bytes, sizeof(entry->ip.dst));
	memset(&entry->ip.dmsk, 0xff, sizeof(entry->ip.dmsk));
}

static void put_head_ip6(const struct ezlb_accept_row *row, struct ip6t_entry *entry)
{
	entry->ipv6.proto = (uint16_t)ezlb_proto_number(row->service.proto);
	/* IPv4 takes protocol 0 for any; here it is a header that can be asked for. */
	entry->ipv6.flags = IP6T_F_PROTO;
	if (row->gate == EZLB_GATE_FORWARD)
		return;
	memcpy(&entry->ipv6.dst, row->service.listen.addr.bytes, sizeof(entry->ipv6.dst));
	memset(&entry->ipv6.dmsk, 0xff, sizeof(entry->ipv6.dmsk));
}

void ezlb_fw_entry_build(const struct ezlb_accept_row *row, struct ezlb_fw_entry *out)
{
	uint8_t family = row->service.listen.addr.family;
	struct xt_entry_match *match;
	struct ezlb_fw_match made;

	memset(out, 0, sizeof(*out));
	ezlb_fw_match_build(row, &made);
	if (family == AF_INET)
		put_head_ip(row, (void *)out->bytes);
	else
		put_head_ip6(row, (void *)out->bytes);
	match = (void *)(out->bytes + head_size(family));
	match->u.user.match_size = (uint16_t)(sizeof(*match) + made.size);
	match->u.user.revision = made.rev;
	ezlb_strcpy(match->u.user.name, sizeof(match->u.user.name), made.name);
	memcpy(match->data, &made.info, made.size);
	put_target(family, out, head_size(family) + match->u.user.match_size, "ACCEPT");
}

/* Clears what says nothing about the rule. */
static void normalise(uint8_t family, unsigned char *bytes)
{
	struct ipt_entry *ip = (void *)bytes;
	struct ip6t_entry *ip6 = (void *)bytes;
	struct xt_entry_match *match = (void *)(bytes + head_size(family));
	size_t name = strnlen(match->u.user.name, sizeof(match->u.user.name));
	size_t said = offsetof(struct ip6t_entry, ipv6.invflags) + 1;

	/* The kernel writes no further than the NUL of a name. */
	memset(match->u.user.name + name, 0, sizeof(match->u.user.name) - name);
	if (family == AF_INET) {
		ip->nfcache = ip->comefrom = 0;
		memset(&ip->counters, 0, sizeof(ip->counters));
		return;
	}
	memset(bytes + said, 0, offsetof(struct ip6t_entry, target_offset) - said);
	ip6->comefrom = 0;
	memset(&ip6->counters, 0, sizeof(ip6->counters));
}

static void read_address(uint8_t family, const void *entry, struct ezlb_addr *addr)
{
	const struct ipt_entry *ip = entry;
	const struct ip6t_entry *ip6 = entry;

	addr->family = family;
	memcpy(addr->bytes, family == AF_INET ? (const void *)&ip->ip.dst : &ip6->ipv6.dst,
	       ezlb_fw_addr_size(family));
}

int ezlb_fw_entry_read(uint8_t family, const void *entry, const char *target,
		       struct ezlb_accept_row *out)
{
	struct lens lens = get_lens(family, entry);
	struct ezlb_fw_entry seen = { .len = lens.end }, made;
	const struct xt_entry_match *match = (const void *)(seen.bytes + lens.head);
	struct ezlb_accept_row row = { .gate = EZLB_GATE_INPUT };

	if (strcmp(target, "ACCEPT") != 0 || lens.end > sizeof(seen.bytes) ||
	    lens.target_at < lens.head + sizeof(*match))
		return -EINVAL;
	memcpy(seen.bytes, entry, lens.end);
	normalise(family, seen.bytes);
	if (ezlb_fw_match_read(match->u.user.name, match->data,
			       lens.target_at - lens.head - sizeof(*match), family, &row) < 0)
		return -EINVAL;
	if (row.gate == EZLB_GATE_INPUT)
		read_address(family, seen.bytes, &row.service.listen.addr);
	ezlb_fw_entry_build(&row, &made);
	if (made.len != seen.len || memcmp(made.bytes, seen.bytes, lens.target_at) != 0)
		return -EINVAL;
	*out = row;
	return 0;
}

void ezlb_fw_entry_jump(uint8_t family, const char *chain, struct ezlb_fw_entry *out)
{
	memset(out, 0, sizeof(*out));
	put_target(family, out, head_size(family), chain);
}

bool ezlb_fw_entry_is_plain(uint8_t family, const void *entry)
{
	static const unsigned char any[sizeof(struct ip6t_entry)];
	size_t said = family == AF_INET ? offsetof(struct ipt_entry, ip.invflags) + 1
					: offsetof(struct ip6t_entry, ipv6.invflags) + 1;

	return get_lens(family, entry).target_at == head_size(family) &&
	       memcmp(entry, any, said) == 0;
}
