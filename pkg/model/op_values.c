// SPDX-License-Identifier: GPL-2.0-or-later
/* op_values: the values of services, dests and rows of TOA as text. */
#include <ezlb/op_text.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/ip_vs.h>
#include <stdio.h>

#define SIZE sizeof(((struct ezlb_op_value *)0)->now)

/* Writes one value of a row. */
typedef void (*print_fn)(const void *row, char buf[SIZE]);

struct values {
	struct ezlb_op_value *items;
	size_t len;
};

/* `old` NULL: the row is new. */
static struct ezlb_op_value *add(struct values *values, const char *name, print_fn print,
				 const void *row, const void *old)
{
	struct ezlb_op_value *value = &values->items[values->len++];

	*value = (struct ezlb_op_value){ .name = name };
	print(row, value->now);
	if (!old)
		return value;
	print(old, value->was);
	if (strcmp(value->now, value->was) == 0)
		value->was[0] = '\0';
	return value;
}

/* Without a value that does not change, or is the default. */
static void add_special(struct values *values, const char *name, print_fn print, const void *row,
			const void *old, const void *usual)
{
	struct ezlb_op_value *value = add(values, name, print, row, old ? old : usual);

	if (value->was[0] == '\0')
		values->len--;
	else if (!old)
		value->was[0] = '\0';
}

/* --- services ------------------------------------------------------------------------------ */

static void print_scheduler(const void *row, char buf[SIZE])
{
	ezlb_strcpy(buf, SIZE, ((const struct ezlb_service_row *)row)->scheduler);
}

/* "sh-fallback,sh-port", as in a service file */
static void print_flags(const void *row, char buf[SIZE])
{
	static const uint32_t bits[] = { IP_VS_SVC_F_SCHED1, IP_VS_SVC_F_SCHED2,
					 IP_VS_SVC_F_SCHED3 };
	static const char *const names[] = { "fallback", "port" };
	const struct ezlb_service_row *service = row;
	bool named = strcmp(service->scheduler, "sh") == 0 || strcmp(service->scheduler, "mh") == 0;

	buf[0] = '\0';
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		if (!(service->flags & bits[i]))
			continue;
		ezlb_strcatf(buf, SIZE, "%s", buf[0] ? "," : "");
		if (named && i < 2)
			ezlb_strcatf(buf, SIZE, "%s-%s", service->scheduler, names[i]);
		else
			ezlb_strcatf(buf, SIZE, "flag-%zu", i + 1);
	}
	if (buf[0] == '\0')
		ezlb_strcpy(buf, SIZE, "none");
}

static void print_persistence(const void *row, char buf[SIZE])
{
	const struct ezlb_service_row *service = row;

	if (service->flags & IP_VS_SVC_F_PERSISTENT)
		snprintf(buf, SIZE, "%" PRIu32 "s", service->timeout);
	else
		ezlb_strcpy(buf, SIZE, "none");
}

/* "/24"; a mask with gaps as an address */
static void print_netmask(const void *row, char buf[SIZE])
{
	const struct ezlb_service_row *service = row;
	uint32_t mask = ntohl(service->netmask);

	if (service->key.listen.addr.family == AF_INET6)
		snprintf(buf, SIZE, "/%" PRIu32, service->netmask);
	else if (~mask & (~mask + 1))
		inet_ntop(AF_INET, &service->netmask, buf, SIZE);
	else
		snprintf(buf, SIZE, "/%d", __builtin_popcount(mask));
}

static void print_engine(const void *row, char buf[SIZE])
{
	const struct ezlb_service_row *service = row;

	ezlb_strcpy(buf, SIZE, service->engine[0] ? service->engine : "none");
}

static void print_one_packet(const void *row, char buf[SIZE])
{
	const struct ezlb_service_row *service = row;

	ezlb_strcpy(buf, SIZE, service->flags & IP_VS_SVC_F_ONEPACKET ? "true" : "false");
}

static void service_values(const struct ezlb_op *op, struct values *out)
{
	const struct ezlb_service_row *row = &op->service;
	const struct ezlb_service_row *old = op->kind == EZLB_OP_SERVICE_SET ? &op->old_service
									     : NULL;
	const struct ezlb_service_row usual = {
		.key = row->key,
		.netmask = row->key.listen.addr.family == AF_INET6 ? 128 : ~0u,
	};

	add(out, "scheduler", print_scheduler, row, old);
	add_special(out, "scheduler_flags", print_flags, row, old, &usual);
	add_special(out, "persistence", print_persistence, row, old, &usual);
	add_special(out, "netmask", print_netmask, row, old, &usual);
	add_special(out, "engine", print_engine, row, old, &usual);
	add_special(out, "one_packet", print_one_packet, row, old, &usual);
}

/* --- dests --------------------------------------------------------------------------------- */

/* "masq", "tunnel", "tunnel gue port 6080 csum" */
static void print_forward(const void *row, char buf[SIZE])
{
	const struct ezlb_dest_row *dest = row;
	const struct ezlb_tunnel *tunnel = &dest->tunnel;

	ezlb_strcpy(buf, SIZE, ezlb_forward_str(dest->forward));
	if (dest->forward != EZLB_TUNNEL)
		return;
	if (tunnel->type != EZLB_TUNNEL_IPIP)
		ezlb_strcatf(buf, SIZE, " %s", ezlb_tunnel_type_str(tunnel->type));
	if (tunnel->port)
		ezlb_strcatf(buf, SIZE, " port %u", tunnel->port);
	if (tunnel->checksum != EZLB_TUNNEL_NOCSUM)
		ezlb_strcatf(buf, SIZE, " %s", ezlb_tunnel_checksum_str(tunnel->checksum));
}

static void print_weight(const void *row, char buf[SIZE])
{
	snprintf(buf, SIZE, "%" PRIu32, ((const struct ezlb_dest_row *)row)->weight);
}

static void print_upper(const void *row, char buf[SIZE])
{
	snprintf(buf, SIZE, "%" PRIu32, ((const struct ezlb_dest_row *)row)->upper);
}

static void print_lower(const void *row, char buf[SIZE])
{
	snprintf(buf, SIZE, "%" PRIu32, ((const struct ezlb_dest_row *)row)->lower);
}

static void dest_values(const struct ezlb_op *op, struct values *out)
{
	const struct ezlb_dest_row *row = &op->dest;
	const struct ezlb_dest_row *old = op->kind == EZLB_OP_DEST_SET ? &op->old_dest : NULL;
	const struct ezlb_dest_row usual = { .weight = 1 };

	add(out, "", print_forward, row, old)->usual = row->forward == EZLB_MASQ;
	add(out, "weight", print_weight, row, old);
	add_special(out, "upper_threshold", print_upper, row, old, &usual);
	add_special(out, "lower_threshold", print_lower, row, old, &usual);
}

/* --- TOA ----------------------------------------------------------------------------------- */

static void print_mode(const void *row, char buf[SIZE])
{
	ezlb_strcpy(buf, SIZE, ezlb_toa_mode_str(((const struct ezlb_toa_row *)row)->mode));
}

static void print_ipv6_kind(const void *row, char buf[SIZE])
{
	const struct ezlb_toa_row *toa = row;

	snprintf(buf, SIZE, "%u", toa->mode == EZLB_TOA_ADD ? toa->ipv6_kind : 254u);
}

static void toa_values(const struct ezlb_op *op, struct values *out)
{
	const struct ezlb_toa_row *row = &op->toa;
	const struct ezlb_toa_row *old = op->kind == EZLB_OP_TOA_SET ? &op->old_toa : NULL;
	const struct ezlb_toa_row usual = { .ipv6_kind = 254 };

	add(out, "mode", print_mode, row, old);
	add_special(out, "toa_ipv6_kind", print_ipv6_kind, row, old, &usual);
}

size_t ezlb_op_values(const struct ezlb_op *op, struct ezlb_op_value out[EZLB_OP_VALUES])
{
	enum ezlb_object object = ezlb_op_object(op->kind);
	struct values values = { .items = out };

	if (ezlb_op_action(op->kind) == EZLB_ACTION_DEL)
		return 0;
	if (object == EZLB_OBJECT_SERVICE)
		service_values(op, &values);
	else if (object == EZLB_OBJECT_DEST)
		dest_values(op, &values);
	else if (object == EZLB_OBJECT_TOA)
		toa_values(op, &values);
	return values.len;
}
