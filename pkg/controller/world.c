// SPDX-License-Identifier: GPL-2.0-or-later
#include "world.h"

#include <errno.h>

#include <ezlb/host.h>
#include <ezlb/log.h>
#include <ezlb/store.h>
#include <ezlb/watch.h>

static int check_dirs(const struct ezlb_options *options, struct ezlb_err *err)
{
	struct ezlb_snapshot snapshot = { 0 };
	int rc = 0;

	ezlb_scan(options->config_dirs, options->n_config_dirs, &snapshot);
	for (size_t i = 0; i < snapshot.dirs.len && rc == 0; i++)
		if (snapshot.dirs.items[i].frozen)
			rc = ezlb_err_set(err, ENOENT, "cannot read the config directory %s: %s",
					  snapshot.dirs.items[i].path,
					  snapshot.dirs.items[i].problem);
	ezlb_snapshot_clear(&snapshot);
	return rc;
}

/* The frame of the other backend that is in the ledger, and out of reach. */
static void tell_unreachable(struct world *world)
{
	struct ezlb_ledger_content *content = &world->pass.ledger.content;
	bool iptables = world->plane.snat == EZLB_SNAT_IPTABLES;

	if (world->plane.other || !(iptables ? content->nft_table : content->chain))
		return;
	ezlb_log(EZLB_WARN, "controller",
		 EZLB_S("msg", "the source NAT rules of the other backend cannot be removed"),
		 EZLB_S("backend", iptables ? "nftables" : "iptables"),
		 EZLB_S("err", world->plane.other_err.msg));
}

/* Links of the flag's name, and those that a process before this one made or used. */
static void manage_links(struct world *world, const struct ezlb_options *options)
{
	const struct ezlb_ledger_content *content = &world->pass.ledger.content;
	struct ezlb_layer *host = world->pass.dp.layer[EZLB_LAYER_HOST];

	/* Not plane.memory: a cleanup without ip_vs has the real host beside an empty IPVS. */
	if (options->dataplane == EZLB_DP_MEMORY)
		return;
	if (options->vip_device && options->vip_device[0])
		ezlb_host_manage(host, options->vip_device);
	for (size_t i = 0; i < content->links.len; i++)
		ezlb_host_manage(host, content->links.items[i].device);
	for (size_t i = 0; i < content->vips.len; i++)
		ezlb_host_manage(host, content->vips.items[i].device);
}

static void set_policy(struct pass_world *pass, const struct ezlb_options *options)
{
	pass->policy = (struct ezlb_policy){
		.snat_key = pass->dp.layer[EZLB_LAYER_SNAT]->snat_key,
		.firewall = !options->firewall_never,
	};
	if (options->vip_device)
		ezlb_strcpy(pass->policy.vip_device, sizeof(pass->policy.vip_device),
			    options->vip_device);
	pass->adopt = options->adopt;
	pass->end_flows = options->dataplane == EZLB_DP_KERNEL ? ezlb_conntrack_delete : NULL;
}

static int open_state(struct world *world, const struct ezlb_options *options, enum world_use use,
		      struct ezlb_err *err)
{
	bool kernel = options->dataplane == EZLB_DP_KERNEL;
	struct pass_world *pass = &world->pass;
	struct ezlb_err why = { 0 };
	int rc;

	if (kernel && use == WORLD_WRITE) {
		world->lock = ezlb_statedir_lock(options->state_dir, err);
		if (world->lock < 0)
			return world->lock;
	}
	rc = ezlb_ledger_open(&pass->ledger, kernel ? options->state_dir : NULL, &why);
	pass->dp = world->plane.dp;
	pass->old_snat = world->plane.other;
	world->ledger_damaged = rc == -EBADMSG;
	if (world->ledger_damaged)
		ezlb_log(EZLB_ERROR, "controller", EZLB_S("msg", why.msg));
	else if (rc < 0)
		return ezlb_err_set(err, -rc, "%s", why.msg);
	for (size_t i = 0; i < pass->ledger.content.services.len; i++)
		*EZLB_PUSH(&pass->unclaimed) = pass->ledger.content.services.items[i];
	tell_unreachable(world);
	set_policy(pass, options);
	manage_links(world, options);
	ezlb_lastgood_open(&world->lastgood, kernel ? options->state_dir : NULL,
			   use == WORLD_WRITE);
	return 0;
}

int world_open(struct world *world, const struct ezlb_options *options, enum world_use use,
	       struct ezlb_err *err)
{
	int rc = check_dirs(options, err);

	world->lock = -1;
	if (rc == 0)
		rc = dataplane_open(&world->plane, options, err);
	return rc == 0 ? open_state(world, options, use, err) : rc;
}

int world_open_for_cleanup(struct world *world, const struct ezlb_options *options,
			   struct ezlb_err *err)
{
	struct ezlb_options all = *options;
	int rc;

	/* What ezlb has set, it sets back. */
	all.host_setup_never = false;
	rc = dataplane_open_for_cleanup(&world->plane, &all, err);
	world->lock = -1;
	world->pass.put_back = true;
	return rc == 0 ? open_state(world, options, WORLD_WRITE, err) : rc;
}

void world_close(struct world *world)
{
	pass_world_clear(&world->pass);
	ezlb_lastgood_close(&world->lastgood);
	dataplane_close(&world->plane);
	ezlb_close_fd(&world->lock);
}
