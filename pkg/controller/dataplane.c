// SPDX-License-Identifier: GPL-2.0-or-later
#include "dataplane.h"

#include <errno.h>

#include <ezlb/firewall.h>
#include <ezlb/host.h>
#include <ezlb/ipvs.h>
#include <ezlb/log.h>
#include <ezlb/memory.h>
#include <ezlb/snat.h>
#include <ezlb/toa.h>

typedef int (*open_fn)(struct ezlb_layer **out, struct ezlb_err *err);

enum ezlb_snat_driver dataplane_snat_driver(enum ezlb_snat_driver asked, const char **why)
{
	struct ezlb_snat_host host;

	*why = "--snat-backend";
	if (asked != EZLB_SNAT_AUTO)
		return asked;
	ezlb_snat_look("", &host);
	return ezlb_snat_choose(&host, why);
}

bool dataplane_can_guard(const struct ezlb_options *options)
{
	struct ezlb_snat_host host;

	if (options->dataplane == EZLB_DP_MEMORY || options->snat_driver == EZLB_SNAT_NFTABLES)
		return true;
	ezlb_snat_look("", &host);
	return host.nf_tables;
}

/* Opens both drivers: the rules that an earlier process made with the other one are removed. */
static int open_snat(struct dataplane *plane, struct ezlb_err *err)
{
	bool nftables = plane->snat == EZLB_SNAT_NFTABLES;
	open_fn chosen = nftables ? ezlb_snat_nftables_open : ezlb_snat_iptables_open;
	open_fn other = nftables ? ezlb_snat_iptables_open : ezlb_snat_nftables_open;

	if (other(&plane->other, &plane->other_err) < 0)
		plane->other = NULL;
	return chosen(&plane->dp.layer[EZLB_LAYER_SNAT], err);
}

static int open_kernel(struct dataplane *plane, const struct ezlb_options *options,
		       struct ezlb_err *err)
{
	const struct ezlb_host_options host = { .root = "/proc",
						.hands_off = options->host_setup_never };
	int rc = ezlb_host_open(&host, &plane->dp.layer[EZLB_LAYER_HOST], err);

	if (rc == 0)
		rc = ezlb_firewall_open(&plane->dp.layer[EZLB_LAYER_FIREWALL], err);
	if (rc == 0)
		rc = ezlb_mark_open(&plane->dp.layer[EZLB_LAYER_MARK], err);
	if (rc == 0)
		rc = ezlb_toa_open(&plane->dp.layer[EZLB_LAYER_TOA], err);
	plane->snat = dataplane_snat_driver(options->snat_driver, &plane->why);
	return rc < 0 ? rc : open_snat(plane, err);
}

bool dataplane_pretends(const struct ezlb_options *options)
{
	return options->dataplane == EZLB_DP_MEMORY && !options->probe;
}

static void open_memory(struct dataplane *plane, const struct ezlb_options *options)
{
	enum ezlb_snat_driver asked = options->snat_driver;

	plane->snat = asked == EZLB_SNAT_NFTABLES ? asked : EZLB_SNAT_IPTABLES;
	plane->why = "the in-memory data plane works like it";
	plane->memory = ezlb_memory_new();
	ezlb_memory_set_snat_key(plane->memory, ezlb_snat_driver_key(plane->snat));
	ezlb_memory_dataplane(plane->memory, &plane->dp);
	ezlb_log(EZLB_WARN, "controller",
		 EZLB_S("msg", "nothing is programmed: --dataplane memory"),
		 EZLB_S("backends",
			dataplane_pretends(options) ? "not probed: all count as up" : "probed"));
}

int dataplane_open(struct dataplane *plane, const struct ezlb_options *options,
		   struct ezlb_err *err)
{
	int rc;

	*plane = (struct dataplane){ .memory = NULL };
	if (options->dataplane == EZLB_DP_MEMORY) {
		open_memory(plane, options);
		return 0;
	}
	rc = open_kernel(plane, options, err);
	if (rc == 0)
		rc = ezlb_ipvs_open(&plane->dp.layer[EZLB_LAYER_IPVS], err);
	if (rc < 0)
		dataplane_close(plane);
	return rc;
}

int dataplane_open_for_cleanup(struct dataplane *plane, const struct ezlb_options *options,
			       struct ezlb_err *err)
{
	struct ezlb_dataplane empty;
	int rc = dataplane_open(plane, options, err);

	if (rc != -ENOENT)
		return rc;
	rc = open_kernel(plane, options, err);
	if (rc < 0) {
		dataplane_close(plane);
		return rc;
	}
	plane->memory = ezlb_memory_new();
	ezlb_memory_dataplane(plane->memory, &empty);
	plane->dp.layer[EZLB_LAYER_IPVS] = empty.layer[EZLB_LAYER_IPVS];
	return 0;
}

void dataplane_close(struct dataplane *plane)
{
	for (int i = 0; i < EZLB_LAYERS; i++)
		if (plane->dp.layer[i])
			plane->dp.layer[i]->close(plane->dp.layer[i]);
	if (plane->other)
		plane->other->close(plane->other);
	ezlb_memory_free(plane->memory);
	*plane = (struct dataplane){ .memory = NULL };
}
