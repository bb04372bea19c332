// SPDX-License-Identifier: GPL-2.0-or-later
/* The values of a service and of its backends as in a file: the inverse of read_service.c. */
#include <linux/ip_vs.h>
#include <stdio.h>
#include <sys/socket.h>

#include <ezlb/duration.h>

#include "writer.h"

void ezlb_write_name(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	(void)field;
	ezlb_write_text(to, w->spec->name);
}

static bool same_place(const struct ezlb_listener *a, const struct ezlb_listener *b)
{
	return a->last_port == b->last_port && ezlb_endpoint_cmp(&a->listen, &b->listen) == 0;
}

/* Whether one of the listeners before this one has its address and ports. */
static bool place_known(const struct ezlb_spec *spec, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (same_place(&spec->listeners[j], &spec->listeners[i]))
			return true;
	return false;
}

static bool proto_known(const struct ezlb_spec *spec, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (spec->listeners[j].proto == spec->listeners[i].proto)
			return true;
	return false;
}

/* A backend may be without a port where listen is a list, be it of one. */
static bool needs_list(const struct ezlb_spec *spec)
{
	for (size_t i = 0; i < spec->n_backends; i++)
		if (spec->backends[i].endpoint.port == 0)
			return !spec->listeners[0].last_port;
	return false;
}

void ezlb_write_listen(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	const struct ezlb_spec *spec = w->spec;
	char buf[EZLB_LISTENER_STRLEN];

	(void)field;
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (!ezlb_listener_is_mark(&spec->listeners[i]) && !place_known(spec, i))
			ezlb_write_text(to, ezlb_listener_format(&spec->listeners[i], buf));
}

bool ezlb_write_as_list(const struct writer *w, const struct field *field)
{
	return field->write == ezlb_write_listen && needs_list(w->spec);
}

void ezlb_write_protocol(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	const struct ezlb_spec *spec = w->spec;

	(void)field;
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (!ezlb_listener_is_mark(&spec->listeners[i]) && !proto_known(spec, i))
			ezlb_write_text(to, ezlb_proto_str(spec->listeners[i].proto));
}

/* Not the mark that a range of ports gets by itself. */
void ezlb_write_fwmark(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	const struct ezlb_listener *first = &w->spec->listeners[0];

	(void)field;
	if (first->key.fwmark &&
	    (ezlb_listener_is_mark(first) ||
	     first->key.fwmark != ezlb_range_mark(first->proto, &first->listen, first->last_port)))
		ezlb_write_add(to, "%u", (unsigned)first->key.fwmark);
}

void ezlb_write_scheduler(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	(void)field;
	ezlb_write_text(to, w->spec->scheduler);
}

void ezlb_write_scheduler_flags(const struct writer *w, const struct field *field,
				struct ezlb_texts *to)
{
	const char *name = w->spec->scheduler;

	(void)field;
	if (strcmp(name, "sh") != 0 && strcmp(name, "mh") != 0)
		return;
	if (w->spec->flags & IP_VS_SVC_F_SCHED1)
		ezlb_write_add(to, "%s-fallback", name);
	if (w->spec->flags & IP_VS_SVC_F_SCHED2)
		ezlb_write_add(to, "%s-port", name);
}

/* A duration alone is short for its timeout. */
void ezlb_write_persistence(const struct writer *w, const struct field *field,
			    struct ezlb_texts *to)
{
	const struct ezlb_persistence *from = &w->spec->persistence;
	char buf[EZLB_DURATION_STRLEN];

	(void)field;
	if (from->timeout_s && !from->prefix && !from->engine[0])
		ezlb_write_text(to, ezlb_duration_format(from->timeout_s * 1000, buf));
}

void ezlb_write_persistence_timeout(const struct writer *w, const struct field *field,
				    struct ezlb_texts *to)
{
	const struct ezlb_persistence *from = &w->spec->persistence;
	char buf[EZLB_DURATION_STRLEN];

	(void)field;
	if (from->timeout_s)
		ezlb_write_text(to, ezlb_duration_format(from->timeout_s * 1000, buf));
}

void ezlb_write_netmask(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	const struct ezlb_persistence *from = &w->spec->persistence;

	(void)field;
	if (from->timeout_s && from->prefix)
		ezlb_write_add(to, "%u", (unsigned)from->prefix);
}

void ezlb_write_engine(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	const struct ezlb_persistence *from = &w->spec->persistence;

	(void)field;
	if (from->timeout_s && from->engine[0])
		ezlb_write_text(to, from->engine);
}

void ezlb_write_one_packet(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	(void)field;
	if (w->spec->flags & IP_VS_SVC_F_ONEPACKET)
		ezlb_write_text(to, "true");
}

void ezlb_write_forward(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	(void)field;
	ezlb_write_text(to, ezlb_forward_str(w->spec->forward));
}

void ezlb_write_tunnel_type(const struct writer *w, const struct field *field,
			    struct ezlb_texts *to)
{
	(void)field;
	ezlb_write_text(to, ezlb_tunnel_type_str(w->spec->tunnel.type));
}

void ezlb_write_tunnel_port(const struct writer *w, const struct field *field,
			    struct ezlb_texts *to)
{
	(void)field;
	if (w->spec->tunnel.port)
		ezlb_write_add(to, "%u", (unsigned)w->spec->tunnel.port);
}

void ezlb_write_tunnel_checksum(const struct writer *w, const struct field *field,
				struct ezlb_texts *to)
{
	(void)field;
	ezlb_write_text(to, ezlb_tunnel_checksum_str(w->spec->tunnel.checksum));
}

void ezlb_write_full_nat(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	(void)field;
	ezlb_write_text(to, w->spec->full_nat ? "true" : "false");
}

void ezlb_write_snat_ip(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	char buf[EZLB_RANGE_STRLEN];

	(void)field;
	if (w->spec->snat_ip.first.family)
		ezlb_write_text(to, ezlb_range_format(&w->spec->snat_ip, buf));
}

/* An IPv6 address alone has brackets, too. */
void ezlb_write_address(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	const struct ezlb_endpoint *ep = &w->backend->endpoint;
	bool brackets = !ep->port && ep->addr.family == AF_INET6;
	char buf[EZLB_ENDPOINT_STRLEN];

	(void)field;
	if (brackets)
		ezlb_write_add(to, "[%s]", ezlb_endpoint_format(ep, buf));
	else
		ezlb_write_text(to, ezlb_endpoint_format(ep, buf));
}

void ezlb_write_min_healthy(const struct writer *w, const struct field *field,
			    struct ezlb_texts *to)
{
	const struct ezlb_min_healthy *from = &w->spec->min_healthy;

	(void)field;
	ezlb_write_add(to, "%u%s", (unsigned)from->count, from->percent ? "%" : "");
}

void ezlb_write_client_address(const struct writer *w, const struct field *field,
			       struct ezlb_texts *to)
{
	(void)field;
	ezlb_write_text(to, ezlb_client_address_str(w->spec->client_address));
}

void ezlb_write_vip(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	(void)field;
	if (w->spec->vip != EZLB_VIP_DEFAULT)
		ezlb_write_text(to, ezlb_vip_when_str(w->spec->vip));
}

void ezlb_write_on_failure(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	(void)field;
	ezlb_write_text(to, ezlb_on_failure_str(w->spec->on_failure));
}
