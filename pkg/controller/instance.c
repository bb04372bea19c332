// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance.h"

#include <errno.h>

#include <ezlb/conntrack.h>
#include <ezlb/host.h>
#include <ezlb/ipvs.h>
#include <ezlb/log.h>
#include <ezlb/node.h>
#include <ezlb/store.h>

#include "sources.h"

static int check_dirs(const struct ezlb_options *options, struct ezlb_err *err)
{
	struct ezlb_snapshot snapshot = { 0 };
	int rc = scan_dirs(options->config_dirs, options->n_config_dirs, &snapshot, err);

	ezlb_snapshot_clear(&snapshot);
	return rc;
}

/* The ledger has rules of the other driver, which cannot be opened. */
static void log_unreachable(struct instance *instance)
{
	struct ezlb_ledger_content *content = &instance->pass.ledger.content;
	bool iptables = instance->plane.snat == EZLB_SNAT_IPTABLES;

	if (instance->plane.other || !(iptables ? content->nft_table : content->chain))
		return;
	ezlb_log(EZLB_WARN, "controller", EZLB_S("msg", "cannot remove the old source NAT rules"),
		 EZLB_S("backend", iptables ? "nftables" : "iptables"),
		 EZLB_S("err", instance->plane.other_err.msg));
}

/*
 * The link that --vip-device names, its other link (node.h), on which addresses may be from an
 * earlier drain, and those in the ledger of earlier processes.
 */
static void manage_links(struct instance *instance, const struct ezlb_options *options)
{
	const struct ezlb_ledger_content *content = &instance->pass.ledger.content;
	struct ezlb_layer *host = instance->pass.dp.layer[EZLB_LAYER_HOST];
	char drain[EZLB_DEVICE_STRLEN];

	/* Not plane.memory: a cleanup without ip_vs has an in-memory IPVS and the real host. */
	if (options->dataplane == EZLB_DP_MEMORY)
		return;
	if (options->vip_device && options->vip_device[0]) {
		ezlb_node_drain_device(options->vip_device, drain);
		ezlb_host_manage(host, options->vip_device);
		ezlb_host_manage(host, drain);
	}
	for (size_t i = 0; i < content->links.len; i++)
		ezlb_host_manage(host, content->links.items[i].device);
	for (size_t i = 0; i < content->vips.len; i++)
		ezlb_host_manage(host, content->vips.items[i].device);
}

/* Timeouts that flags set, and those in the ledger of earlier processes. */
static void manage_timeouts(struct instance *instance, const struct ezlb_options *options)
{
	bool any = instance->pass.ledger.content.timeouts.len > 0;

	for (int i = 0; i < EZLB_TIMEOUTS; i++)
		any |= options->ipvs_timeouts[i] > 0;
	if (any && !instance->plane.memory)
		ezlb_ipvs_manage_timeouts(instance->pass.dp.layer[EZLB_LAYER_IPVS]);
}

/* One that a flag asks for, or one of an earlier process. */
static void manage_syncs(struct instance *instance, const struct ezlb_options *options)
{
	const char *device = options->sync_interface ? options->sync_interface : "";

	if ((device[0] || instance->pass.ledger.content.syncs.len > 0) && !instance->plane.memory)
		ezlb_ipvs_manage_syncs(instance->pass.dp.layer[EZLB_LAYER_IPVS], device);
}

static void set_policy(struct ezlb_pass *pass, const struct ezlb_options *options)
{
	pass->policy = (struct ezlb_policy){
		.snat_key = pass->dp.layer[EZLB_LAYER_SNAT]->snat_key,
		.firewall = !options->firewall_never,
		.hands_off = options->host_setup_never,
	};
	if (options->vip_device)
		ezlb_strcpy(pass->policy.vip_device, sizeof(pass->policy.vip_device),
			    options->vip_device);
	pass->policy.guard = pass->policy.vip_device[0] && !options->vip_guard_never &&
			     dataplane_can_guard(options);
	if (options->sync_interface)
		ezlb_strcpy(pass->policy.sync_device, sizeof(pass->policy.sync_device),
			    options->sync_interface);
	pass->policy.sync_id = options->sync_id;
	memcpy(pass->policy.timeouts, options->ipvs_timeouts, sizeof(pass->policy.timeouts));
	pass->vip_when = options->vip_when;
	pass->vip_hold_ms = options->vip_hold_ms;
	pass->adopt = options->adopt;
	pass->end_flows = options->dataplane == EZLB_DP_KERNEL ? ezlb_conntrack_delete : NULL;
}

static int lock_netns(struct instance *instance, struct ezlb_err *err)
{
	struct ezlb_err why = { 0 };

	instance->netns_lock = ezlb_netns_lock("ezlb", &why);
	if (instance->netns_lock >= 0)
		return 0;
	if (instance->netns_lock != -EADDRINUSE)
		return ezlb_err_set(err, why.code, "%s", why.msg);
	instance->netns_lock = -1;
	ezlb_log(EZLB_WARN, "controller",
		 EZLB_S("msg", "cannot check that no other ezlb runs in this network namespace"),
		 EZLB_S("err", why.msg));
	return 0;
}

/* No reason to refuse the start: services that are served are worth more. */
static void log_exposed(const char *dir)
{
	EZLB_AUTO_FREE char *parent = ezlb_statedir_exposed(dir);

	if (parent)
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg", "other users can put another directory in the place of the "
				       "state directory"),
			 EZLB_S("state_dir", dir), EZLB_S("because_of", parent),
			 EZLB_S("help", "run chown root and chmod go-w on that directory, or set "
					"another one with --state-dir"));
}

static int open_state(struct instance *instance, const struct ezlb_options *options,
		      enum instance_use use, struct ezlb_err *err)
{
	bool kernel = options->dataplane == EZLB_DP_KERNEL;
	struct ezlb_pass *pass = &instance->pass;
	struct ezlb_err why = { 0 };
	int rc;

	if (kernel && use != INSTANCE_READ) {
		instance->lock = ezlb_statedir_lock(options->state_dir, err);
		if (instance->lock < 0)
			return instance->lock;
		log_exposed(options->state_dir);
		rc = lock_netns(instance, err);
		if (rc < 0)
			return rc;
	}
	rc = ezlb_ledger_open(&pass->ledger, kernel ? options->state_dir : NULL, &why);
	pass->dp = instance->plane.dp;
	pass->old_snat = instance->plane.other;
	instance->ledger_damaged = rc == -EBADMSG;
	if (instance->ledger_damaged)
		ezlb_log(EZLB_ERROR, "controller", EZLB_S("msg", why.msg));
	else if (rc < 0)
		return ezlb_err_set(err, -rc, "%s", why.msg);
	for (size_t i = 0; i < pass->ledger.content.services.len; i++)
		*EZLB_PUSH(&pass->unclaimed) = pass->ledger.content.services.items[i];
	log_unreachable(instance);
	set_policy(pass, options);
	manage_links(instance, options);
	manage_timeouts(instance, options);
	manage_syncs(instance, options);
	ezlb_lastgood_open(&instance->lastgood, kernel ? options->state_dir : NULL,
			   use == INSTANCE_WRITE);
	ezlb_lastgood_persist(&instance->lastgood, options->persist_dir);
	return 0;
}

int instance_open(struct instance *instance, const struct ezlb_options *options,
		  enum instance_use use, struct ezlb_err *err)
{
	int rc = check_dirs(options, err);

	instance->lock = instance->netns_lock = -1;
	if (rc == 0)
		rc = dataplane_open(&instance->plane, options, err);
	if (rc == 0)
		rc = open_state(instance, options, use, err);
	if (rc < 0)
		return rc;
	instance->drain = nodedrain_read(options);
	instance->pass.policy.drained = instance->drain.kind != EZLB_NODE_SERVES;
	return 0;
}

int instance_open_for_cleanup(struct instance *instance, const struct ezlb_options *options,
			      struct ezlb_err *err)
{
	struct ezlb_options all = *options;
	int rc;

	/* Cleanup restores the settings that ezlb changed. */
	all.host_setup_never = false;
	rc = dataplane_open_for_cleanup(&instance->plane, &all, err);
	instance->lock = instance->netns_lock = -1;
	instance->pass.put_back = true;
	return rc == 0 ? open_state(instance, options, INSTANCE_WRITE, err) : rc;
}

int instance_lock_for_memory(struct instance *instance, const struct ezlb_options *options,
			     struct ezlb_err *err)
{
	int fd;

	if (options->dataplane != EZLB_DP_MEMORY)
		return 0;
	fd = ezlb_statedir_lock(options->state_dir, err);
	if (fd >= 0)
		instance->lock = fd;
	return fd == -EBUSY ? fd : 0;
}

int instance_keep_lock(struct instance *instance, const struct ezlb_options *options,
		       struct ezlb_err *err)
{
	struct ezlb_err lost;
	int rc;

	if (instance->lock < 0)
		return 0;
	rc = ezlb_statedir_keep(&instance->lock, options->state_dir, &lost);
	if (rc == -EBUSY)
		*err = lost;
	else if (rc < 0 && !instance->lock_logged)
		ezlb_log(EZLB_ERROR, "controller",
			 EZLB_S("msg", "the lock in the state directory was lost"),
			 EZLB_S("err", lost.msg));
	instance->lock_logged = rc < 0;
	return rc;
}

void instance_close(struct instance *instance)
{
	ezlb_pass_clear(&instance->pass);
	ezlb_lastgood_close(&instance->lastgood);
	dataplane_close(&instance->plane);
	ezlb_close_fd(&instance->netns_lock);
	ezlb_close_fd(&instance->lock);
}
