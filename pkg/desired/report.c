// SPDX-License-Identifier: GPL-2.0-or-later
/* report: the diagnostics of files that are not applied. */
#include "entry.h"

#include <stdlib.h>

#include <ezlb/mem.h>
#include <ezlb/table.h>

#include "within.h"

static void report_snat(const struct entry *e, struct ezlb_diags *diags)
{
	const struct ezlb_spec *spec = e->fresh->spec, *holder = e->holder_version->spec;
	const struct ezlb_backend *backend = &spec->backends[e->claim.backend];
	const struct ezlb_snat_key key = ezlb_snat_key_of(
		EZLB_SNAT_KEY_BACKEND, &spec->listeners[e->claim.listener].key, &backend->endpoint);
	struct ezlb_mark at = holder->backends[e->held.backend].at;
	char ep[EZLB_ENDPOINT_STRLEN];
	struct ezlb_diag *diag;

	diag = ezlb_diags_add(diags, spec->file, backend->at, EZLB_E_SNAT_CONFLICT,
			      "backend %s already has a different source NAT, from service '%s' at "
			      "%s:%d:%d",
			      ezlb_endpoint_format(&key.endpoint, ep), holder->name, holder->file,
			      at.line, at.col);
	diag->help = ezlb_strdup("give both services the same snat_ip, or this one another "
				 "backend port, or run ezlb with --snat-backend nftables");
}

/* NULL: none has this key, but the ports overlap. */
static const struct ezlb_listener *listener_of(const struct ezlb_spec *spec,
					       const struct ezlb_service_key *key)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (ezlb_service_key_cmp(&spec->listeners[i].key, key) == 0)
			return &spec->listeners[i];
	return NULL;
}

static bool is_same(const struct ezlb_listener *a, const struct ezlb_listener *b)
{
	return a->proto == b->proto && ezlb_endpoint_cmp(&a->listen, &b->listen) == 0 &&
	       a->last_port == b->last_port;
}

/* Two different listeners can have one mark, because ezlb makes the marks of ranges. */
static struct ezlb_diag *report_same_mark(const struct ezlb_spec *spec,
					  const struct ezlb_spec *holder,
					  const struct ezlb_listener *listener,
					  const struct ezlb_listener *held,
					  struct ezlb_diags *diags)
{
	char text[EZLB_LISTENER_TEXT_STRLEN], other[EZLB_LISTENER_TEXT_STRLEN];
	struct ezlb_diag *diag;

	diag = ezlb_diags_add(diags, spec->file, listener->at, EZLB_E_LISTENER_TAKEN,
			      "the listener %s gets the firewall mark %u, which %s of service "
			      "'%s' at %s:%d:%d already has",
			      ezlb_listener_text(listener, text), (unsigned)listener->key.fwmark,
			      ezlb_listener_text(held, other), holder->name, holder->file,
			      held->at.line, held->at.col);
	diag->help = ezlb_strdup("set fwmark to a mark that nothing else on this host uses");
	return diag;
}

static struct ezlb_diag *report_listener(const struct entry *e, struct ezlb_diags *diags)
{
	const struct ezlb_spec *spec = e->fresh->spec, *holder = e->holder_version->spec;
	const struct ezlb_listener *listener = &spec->listeners[e->claim.listener];
	const struct ezlb_listener *held = listener_of(holder, &listener->key);
	struct ezlb_mark at = held ? held->at : holder->listen_at;
	char text[EZLB_LISTENER_TEXT_STRLEN];

	if (held && listener->key.fwmark && !is_same(listener, held))
		return report_same_mark(spec, holder, listener, held, diags);
	return ezlb_diags_add(diags, spec->file, listener->at, EZLB_E_LISTENER_TAKEN,
			      "the listener %s is already used by service '%s' at %s:%d:%d",
			      ezlb_listener_text(listener, text), holder->name, holder->file,
			      at.line, at.col);
}

void report_mark(const struct ezlb_spec *spec, const struct ezlb_listener *listener,
		 struct ezlb_diags *diags)
{
	char text[EZLB_LISTENER_TEXT_STRLEN];
	struct ezlb_diag *diag;

	diag = ezlb_diags_add(diags, spec->file, listener->at, EZLB_E_SNAT_MARK,
			      "full_nat for %s needs --snat-backend nftables: rules of iptables "
			      "cannot tell its connections from others",
			      ezlb_listener_text(listener, text));
	diag->help = ezlb_strdup("run ezlb with --snat-backend nftables, or list the listeners one "
				 "by one, without a mark or a range of ports");
}

/* Does not say how many there are: each edit of another file would be news about this one. */
void report_over(const struct ezlb_spec *spec, bool stays, size_t max, struct ezlb_diags *diags)
{
	struct ezlb_diag *diag;

	diag = ezlb_diags_add(diags, spec->file, spec->listen_at, EZLB_E_TOTAL,
			      "with the %zu destinations of this file (virtual services times "
			      "backends) all files would have more than %zu",
			      desired_dests(spec), max);
	diag->help = ezlb_strdup(stays ? "the last good version of this file stays applied"
				       : "remove listeners or backends here or in other files, or "
					 "use a second balancer");
}

void report_conflict(const struct entry *e, struct ezlb_diags *diags)
{
	const struct ezlb_spec *spec = e->fresh->spec, *holder = e->holder_version->spec;
	struct ezlb_diag *diag;

	if (e->conflict == CONFLICT_SNAT) {
		report_snat(e, diags);
		return;
	}
	if (e->conflict == CONFLICT_NAME)
		diag = ezlb_diags_add(diags, spec->file, spec->name_at, EZLB_E_NAME_TAKEN,
				      "the name '%s' is already used by %s:%d:%d", spec->name,
				      holder->file, holder->name_at.line, holder->name_at.col);
	else
		diag = report_listener(e, diags);
	if (e->now) {
		free(diag->help);
		diag->help = ezlb_strdup("the last good version of this file stays applied");
	} else if (!diag->help) {
		diag->help = ezlb_strdup(e->conflict == CONFLICT_NAME
						 ? "write another name:, or rename the file"
						 : "use another address or port, or write all "
						   "backends of the listener into one file");
	}
}
