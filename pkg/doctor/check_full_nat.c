// SPDX-License-Identifier: GPL-2.0-or-later
/* check_full_nat: source ports, and the address of the client. */
#include "facts.h"

void check_source_ports(const struct ezlb_doctor *doctor, const struct ezlb_spec *spec,
			struct ezlb_findings *out)
{
	const struct ezlb_service_key key = ezlb_spec_key(spec);
	const struct ezlb_ports_row *row = spec->full_nat && doctor->ports
						   ? ezlb_ports_find(doctor->ports, &key)
						   : NULL;
	char text[EZLB_PORTS_STRLEN];

	/* Without a backend in the kernel there is nothing to say. */
	if (!row || row->backend.addr.family == 0)
		return;
	say(out,
	    ezlb_ports_percent(row) >= EZLB_PORTS_EXHAUSTED ? EZLB_LEVEL_FAIL
	    : row->low					    ? EZLB_LEVEL_WARN
							    : EZLB_LEVEL_OK,
	    "source-ports", spec->name, "%s", ezlb_ports_explain(row, text));
}

/* A warning: the service works without. */
void check_client_address(const struct ezlb_doctor *doctor, const struct ezlb_spec *spec,
			  struct ezlb_findings *out)
{
	if (spec->client_address == EZLB_CLIENT_ADDRESS_NONE || !doctor->toa_problem)
		return;
	if (doctor->toa_problem[0])
		say(out, EZLB_LEVEL_WARN, "client-address", spec->name,
		    "client_address has no effect, and backends see the source address: %s",
		    doctor->toa_problem);
	else
		say(out, EZLB_LEVEL_OK, "client-address", spec->name,
		    "this host can add the option with the client's address");
}
