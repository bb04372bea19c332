// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules about fields that need other fields. */
#include <linux/ip_vs.h>
#include <sys/socket.h>

#include "reader.h"

static void refuse(struct reader *r, struct ezlb_mark at, const char *help, const char *message)
{
	ezlb_source_refuse(r->src, at, EZLB_E_COMBINATION, help, "%s", message);
}

static bool is_udp_only(const struct reader *r)
{
	if (r->fwmark && r->listen.len == 0)
		return true; /* of the packets of a mark, the kernel does it with those of UDP */
	return r->n_protos == 1 && r->protos[0] == EZLB_UDP;
}

static void check_udp(struct reader *r)
{
	struct ezlb_mark packet_at = ezlb_read_at(r, &service_table, "one_packet");

	if (is_udp_only(r))
		return;
	if (r->spec->flags & IP_VS_SVC_F_ONEPACKET)
		refuse(r, packet_at, "set protocol: udp, or remove one_packet",
		       "one_packet needs protocol: udp");
	if (r->spec->persistence.engine[0])
		refuse(r, ezlb_read_at(r, &persistence_table, "engine"),
		       "set protocol: udp, or remove engine", "engine: sip needs protocol: udp");
}

static void check_scheduler_flags(struct reader *r)
{
	static const char *const schedulers[] = { "sh", "mh" };

	for (size_t i = 0; i < 2; i++)
		if (r->flag_scheduler[i].line > 0 && strcmp(r->spec->scheduler, schedulers[i]) != 0)
			ezlb_source_refuse(r->src, r->flag_scheduler[i], EZLB_E_COMBINATION,
					   "set the scheduler, or remove the flag",
					   "this flag needs scheduler: %s, not %s", schedulers[i],
					   r->spec->scheduler);
}

static bool takes_tcp(const struct reader *r)
{
	for (size_t i = 0; i < r->n_protos; i++)
		if (r->protos[i] == EZLB_TCP)
			return true;
	return r->n_protos == 0; /* the default */
}

/* Where the source address is not replaced, backends see the client, and ezlb no answers. */
static void check_client_address(struct reader *r)
{
	const struct ezlb_spec *spec = r->spec;
	struct ezlb_mark at = ezlb_read_at(r, &service_table, "client_address");
	struct ezlb_mark kind_at = ezlb_read_at(r, &service_table, "toa_ipv6_kind");
	struct ezlb_mark log_at = ezlb_read_at(r, &service_table, "connection_log");
	bool toa = spec->client_address == EZLB_CLIENT_ADDRESS_TOA;

	if (toa && !takes_tcp(r))
		refuse(r, at, "set protocol: tcp, or remove client_address",
		       "client_address: toa needs protocol: tcp");
	if (kind_at.line > 0 && !toa)
		refuse(r, kind_at, "set client_address: toa, or remove toa_ipv6_kind",
		       "toa_ipv6_kind needs client_address: toa");
	if (spec->full_nat || r->full_nat_unclear)
		return;
	if (toa)
		refuse(r, at, "set full_nat: true, or remove client_address",
		       "client_address: toa needs full_nat: true");
	if (spec->connection_log)
		refuse(r, log_at, "set full_nat: true, or remove connection_log",
		       "connection_log needs full_nat: true");
}

/* Slow start grows the weight, so the scheduler must use weights, and more of them than zero or
 * not. */
static void check_slow_start(struct reader *r)
{
	static const char *const weighted[] = {
		"wrr", "wlc", "sed", "nq", "lblc", "lblcr", "twos"
	};

	if (r->spec->slow_start_ms == 0)
		return;
	for (size_t i = 0; i < sizeof(weighted) / sizeof(weighted[0]); i++)
		if (strcmp(r->spec->scheduler, weighted[i]) == 0)
			return;
	ezlb_source_refuse(r->src, ezlb_read_at(r, &service_table, "slow_start"),
			   EZLB_E_COMBINATION, "one of: wrr wlc sed nq lblc lblcr twos",
			   "slow_start needs a scheduler that uses weights, not %s",
			   r->spec->scheduler);
}

static void check_tunnel(struct reader *r)
{
	const struct ezlb_tunnel *tunnel = &r->spec->tunnel;
	struct ezlb_mark at = ezlb_read_at(r, &service_table, "tunnel");
	struct ezlb_mark port_at = ezlb_read_at(r, &tunnel_table, "port");
	struct ezlb_mark checksum_at = ezlb_read_at(r, &tunnel_table, "checksum");

	if (at.line == 0)
		return;
	if (r->spec->forward != EZLB_TUNNEL)
		refuse(r, at, "set forward: tunnel, or remove tunnel",
		       "tunnel needs forward: tunnel");
	if (tunnel->type == EZLB_TUNNEL_GUE && port_at.line == 0)
		ezlb_source_refuse(r->src, at, EZLB_E_MISSING,
				   "write port: with the UDP port on which the backends take the "
				   "packets",
				   "tunnel of type gue needs a port");
	if (tunnel->type != EZLB_TUNNEL_GUE && port_at.line > 0)
		refuse(r, port_at, "set type: gue, or remove port", "port needs type: gue");
	if (tunnel->checksum == EZLB_TUNNEL_REMCSUM && tunnel->type != EZLB_TUNNEL_GUE)
		refuse(r, checksum_at, "set type: gue, or use another checksum",
		       "checksum: remcsum needs type: gue");
	if (tunnel->checksum == EZLB_TUNNEL_CSUM && tunnel->type == EZLB_TUNNEL_IPIP)
		refuse(r, checksum_at, "set type: gue or gre, or remove checksum",
		       "checksum: csum needs type: gue or gre");
}

/* IPv6 has prefixes up to 128, and no masks. */
static void check_netmask(struct reader *r)
{
	struct ezlb_mark at = ezlb_read_at(r, &persistence_table, "netmask");
	unsigned prefix = r->spec->persistence.prefix;
	unsigned char family = r->spec->listen.addr.family;

	if (at.line == 0 || !ezlb_read_given(r, &service_table, "persistence"))
		return;
	if (family == AF_INET && prefix > 32)
		ezlb_source_refuse(r->src, at, EZLB_E_RANGE, NULL,
				   "netmask %u is out of range for IPv4: 1-32", prefix);
	if (family == AF_INET6 && r->netmask_mask)
		ezlb_source_refuse(r->src, at, EZLB_E_VALUE,
				   "write the length of the prefix: 1-128",
				   "a mask like 255.255.255.0 is for IPv4 only");
}

static void check_min_healthy(struct reader *r)
{
	const struct ezlb_min_healthy *min = &r->spec->min_healthy;
	size_t n = 0;

	for (size_t i = 0; i < r->spec->n_backends; i++)
		n += !r->spec->backends[i].fallback;
	if (!min->percent && min->count > n && n > 0)
		ezlb_source_refuse(r->src, ezlb_read_at(r, &service_table, "min_healthy"),
				   EZLB_E_RANGE, "without those of fallback",
				   "min_healthy %u is more than the number of backends, %zu",
				   (unsigned)min->count, n);
}

void ezlb_rules_words(struct reader *r)
{
	check_udp(r);
	check_client_address(r);
	check_scheduler_flags(r);
	check_slow_start(r);
	check_tunnel(r);
	check_netmask(r);
	check_min_healthy(r);
}
