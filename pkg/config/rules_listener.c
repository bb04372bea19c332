// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules about listen, protocol and fwmark. */
#include <ezlb/config.h>

#include "reader.h"

static uint16_t last_port(const struct ezlb_listener *listener)
{
	return listener->last_port ? listener->last_port : listener->listen.port;
}

static bool overlap(const struct ezlb_listener *a, const struct ezlb_listener *b)
{
	return a->proto == b->proto && a->listen.addr.family &&
	       ezlb_addr_cmp(&a->listen.addr, &b->listen.addr) == 0 &&
	       a->listen.port <= last_port(b) && b->listen.port <= last_port(a);
}

static void refuse_overlap(struct reader *r, const struct ezlb_listener *first,
			   const struct ezlb_listener *second)
{
	char a[EZLB_LISTENER_TEXT_STRLEN], b[EZLB_LISTENER_TEXT_STRLEN];

	ezlb_source_refuse(r->src, second->at, EZLB_E_LISTENER_TWICE,
			   "list each port of an address once",
			   "listener %s overlaps with %s on line %d", ezlb_listener_text(second, a),
			   ezlb_listener_text(first, b), first->at.line);
}

/* Their number is small: see LISTEN_MAX. */
static void check_overlaps(struct reader *r)
{
	const struct ezlb_spec *spec = r->spec;

	for (size_t i = 1; i < spec->n_listeners; i++)
		for (size_t j = 0; j < i; j++)
			if (overlap(&spec->listeners[j], &spec->listeners[i])) {
				refuse_overlap(r, &spec->listeners[j], &spec->listeners[i]);
				break;
			}
}

/* Two ranges with one mark would be one service, with the ports of both. */
static void check_marks(struct reader *r)
{
	const struct ezlb_spec *spec = r->spec;

	for (size_t i = 1; i < spec->n_listeners; i++)
		for (size_t j = 0; j < i; j++) {
			const struct ezlb_listener *a = &spec->listeners[j];
			const struct ezlb_listener *b = &spec->listeners[i];

			if (!a->key.fwmark || a->key.fwmark != b->key.fwmark)
				continue;
			ezlb_source_refuse(
				r->src, b->at, EZLB_E_LISTENER_TWICE,
				"put one of them into a file of its own, with a fwmark",
				"this range of ports and the one on line %d get the same "
				"firewall mark, %u",
				a->at.line, (unsigned)a->key.fwmark);
			break;
		}
}

static void check_fwmark(struct reader *r)
{
	struct ezlb_mark at = ezlb_read_at(r, &service_table, "fwmark");
	struct ezlb_mark protocol_at = ezlb_read_at(r, &service_table, "protocol");

	if (r->fwmark == 0)
		return;
	if (r->listen.len == 0) {
		if (protocol_at.line > 0)
			ezlb_source_refuse(r->src, protocol_at, EZLB_E_COMBINATION,
					   "remove protocol, or write listen",
					   "fwmark without listen takes packets of every protocol");
	} else if (r->spec->n_listeners != 1 || !r->spec->listeners[0].last_port) {
		if (r->spec->listeners[0].listen.addr.family)
			ezlb_source_refuse(
				r->src, at, EZLB_E_COMBINATION,
				"remove listen or fwmark; for more ranges write one file for each",
				"fwmark and listen together need exactly one range of ports and "
				"one protocol");
	}
}

/* Each listener is a virtual service of its own, with all backends, and each pass reads them all.
 */
static void check_number(struct reader *r)
{
	const struct ezlb_spec *spec = r->spec;
	size_t n = spec->n_listeners * spec->n_backends;

	if (n > EZLB_DESTS_MAX)
		ezlb_source_refuse(r->src, ezlb_read_at(r, &service_table, "listen"), EZLB_E_SIZE,
				   "write several files, each with a part of the listeners",
				   "%zu virtual services with %zu backends each are %zu "
				   "destinations: a file may have at most %d",
				   spec->n_listeners, spec->n_backends, n, EZLB_DESTS_MAX);
}

void ezlb_rules_listeners(struct reader *r)
{
	check_number(r);
	check_overlaps(r);
	if (r->fwmark)
		check_fwmark(r);
	else
		check_marks(r);
}
