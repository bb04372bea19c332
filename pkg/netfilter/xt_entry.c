// SPDX-License-Identifier: GPL-2.0-or-later
/* xt_entry: reads and builds the entries of legacy tables. */
#include <string.h>

#include <linux/netfilter/xt_sctp.h>
#include <linux/netfilter/xt_tcpudp.h>

#include <ezlb/xtables.h>

const struct ezlb_xt_form ezlb_xt_form_ip = {
	.family = AF_INET,
	.addr_size = sizeof(struct in_addr),
	.dst = offsetof(struct ipt_entry, ip.dst),
	.dmsk = offsetof(struct ipt_entry, ip.dmsk),
	.proto = offsetof(struct ipt_entry, ip.proto),
	.flags = offsetof(struct ipt_entry, ip.flags),
	.match_len = offsetof(struct ipt_entry, ip.invflags) + 1,
	.target_offset = offsetof(struct ipt_entry, target_offset),
	.comefrom = offsetof(struct ipt_entry, comefrom),
	.counters = offsetof(struct ipt_entry, counters),
	.size = sizeof(struct ipt_entry),
};

const struct ezlb_xt_form ezlb_xt_form_ip6 = {
	.family = AF_INET6,
	.addr_size = sizeof(struct in6_addr),
	.dst = offsetof(struct ip6t_entry, ipv6.dst),
	.dmsk = offsetof(struct ip6t_entry, ipv6.dmsk),
	.proto = offsetof(struct ip6t_entry, ipv6.proto),
	.flags = offsetof(struct ip6t_entry, ipv6.flags),
	/* In IPv4 protocol 0 means any; in IPv6 it is a header type that a rule can match. */
	.proto_flag = IP6T_F_PROTO,
	.match_len = offsetof(struct ip6t_entry, ipv6.invflags) + 1,
	.target_offset = offsetof(struct ip6t_entry, target_offset),
	.comefrom = offsetof(struct ip6t_entry, comefrom),
	.counters = offsetof(struct ip6t_entry, counters),
	.size = sizeof(struct ip6t_entry),
};

const struct ezlb_xt_form *ezlb_xt_form_of(uint8_t family)
{
	if (family == AF_INET)
		return &ezlb_xt_form_ip;
	return family == AF_INET6 ? &ezlb_xt_form_ip6 : NULL;
}

/* --- reading --------------------------------------------------------------------------------- */

static uint16_t get_u16(const void *entry, size_t at)
{
	uint16_t out;

	memcpy(&out, (const char *)entry + at, sizeof(out));
	return out;
}

size_t ezlb_xt_entry_target_at(const struct ezlb_xt_form *form, const void *entry)
{
	return get_u16(entry, form->target_offset);
}

size_t ezlb_xt_entry_len(const struct ezlb_xt_form *form, const void *entry)
{
	return get_u16(entry, form->target_offset + sizeof(uint16_t));
}

struct xt_counters ezlb_xt_entry_counters(const struct ezlb_xt_form *form, const void *entry)
{
	struct xt_counters out;

	memcpy(&out, (const char *)entry + form->counters, sizeof(out));
	return out;
}

bool ezlb_xt_entry_is_plain(const struct ezlb_xt_form *form, const void *entry)
{
	static const unsigned char any[sizeof(struct ip6t_entry)];

	return ezlb_xt_entry_target_at(form, entry) == form->size &&
	       memcmp(entry, any, form->match_len) == 0;
}

/* --- building -------------------------------------------------------------------------------- */

void ezlb_xt_put_offsets(const struct ezlb_xt_form *form, size_t target_at, size_t len, void *entry)
{
	const uint16_t offsets[] = { (uint16_t)target_at, (uint16_t)len };

	memcpy((char *)entry + form->target_offset, offsets, sizeof(offsets));
}

void ezlb_xt_put_proto(const struct ezlb_xt_form *form, enum ezlb_proto proto, void *entry)
{
	uint16_t number = (uint16_t)ezlb_proto_number(proto);

	memcpy((char *)entry + form->proto, &number, sizeof(number));
	((unsigned char *)entry)[form->flags] |= form->proto_flag;
}

void ezlb_xt_put_dst(const struct ezlb_xt_form *form, const struct ezlb_addr *dst, void *entry)
{
	memcpy((char *)entry + form->dst, dst->bytes, form->addr_size);
	memset((char *)entry + form->dmsk, 0xff, form->addr_size);
}

void ezlb_xt_entry_jump(const struct ezlb_xt_form *form, const char *chain,
			struct ezlb_xt_entry *out)
{
	struct xt_standard_target *target = (void *)(out->bytes + form->size);

	memset(out, 0, sizeof(*out));
	out->len = form->size + XT_ALIGN(sizeof(*target));
	ezlb_xt_put_offsets(form, form->size, out->len, out->bytes);
	target->target.u.user.target_size = XT_ALIGN(sizeof(*target));
	ezlb_strcpy(target->target.u.user.name, sizeof(target->target.u.user.name), chain);
}

void ezlb_xt_clean_head(const struct ezlb_xt_form *form, void *entry)
{
	memset((char *)entry + form->match_len, 0, form->target_offset - form->match_len);
	memset((char *)entry + form->comefrom, 0, form->size - form->comefrom);
}

void ezlb_xt_clean_name(char name[XT_EXTENSION_MAXNAMELEN])
{
	size_t len = strnlen(name, XT_EXTENSION_MAXNAMELEN);

	memset(name + len, 0, XT_EXTENSION_MAXNAMELEN - len);
}

/* --- ports ----------------------------------------------------------------------------------- */

size_t ezlb_xt_port_size(enum ezlb_proto proto)
{
	switch (proto) {
	case EZLB_TCP:
		return XT_ALIGN(sizeof(struct xt_tcp));
	case EZLB_UDP:
		return XT_ALIGN(sizeof(struct xt_udp));
	case EZLB_SCTP:
		return XT_ALIGN(sizeof(struct xt_sctp_info));
	}
	return 0;
}

static void put_sctp(uint16_t port, struct xt_sctp_info *sctp)
{
	sctp->dpts[0] = sctp->dpts[1] = port;
	sctp->flags = XT_SCTP_DEST_PORTS;
	/* The same value as iptables, so that `iptables -D` with the same arguments works. */
	for (size_t i = 0; i < XT_NUM_SCTP_FLAGS; i++)
		sctp->flag_info[i].chunktype = UINT8_MAX;
}

void ezlb_xt_port_put(enum ezlb_proto proto, uint16_t port, void *data)
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
		put_sctp(port, data);
		return;
	}
}

uint16_t ezlb_xt_port_get(enum ezlb_proto proto, const void *data)
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
