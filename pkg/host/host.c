// SPDX-License-Identifier: GPL-2.0-or-later
/* host: the layer of settings, links and addresses. */
#include <ezlb/host.h>

#include <assert.h>
#include <ctype.h>
#include <errno.h>

#include "setting.h"
#include "vip.h"

struct host {
	struct ezlb_layer layer; /* first: a layer is its host */
	struct settings settings;
	struct settings_kept kept;
	struct ezlb_links managed;
	struct vip vip;
};

/* Reads what list and peek both need. On failure *out may have a part of it. */
static int read_host(struct host *host, bool look, struct ezlb_table *out, struct ezlb_err *err)
{
	int rc = look ? settings_look(&host->settings, &host->kept, &out->settings, err)
		      : settings_list(&host->settings, &out->settings, err);

	if (rc == 0 && host->managed.len > 0)
		rc = vip_list(&host->vip, &host->managed, out, err);
	return rc;
}

static bool forwards_ipv6(const struct ezlb_setting_rows *rows, size_t from)
{
	for (size_t i = from; i < rows->len; i++)
		if (rows->items[i].setting == EZLB_IP6_FORWARD)
			return rows->items[i].value != 0; /* -1: no IPv6 at all */
	return false;
}

static int host_list(struct ezlb_layer *layer, const struct ezlb_scope *scope,
		     struct ezlb_table *out, struct ezlb_err *err)
{
	struct host *host = (void *)layer;
	const struct ezlb_table before = *out; /* only for the lengths */
	int rc = read_host(host, false, out, err);

	(void)scope;
	if (rc == 0 && !forwards_ipv6(&out->settings, before.settings.len))
		rc = settings_list_ra(&host->settings, &out->settings, err);
	if (rc < 0) {
		out->settings.len = before.settings.len;
		out->links.len = before.links.len;
		out->vips.len = before.vips.len;
		out->elsewhere.len = before.elsewhere.len;
	}
	return rc;
}

/* The rows have no padding, so hashing the bytes is safe. */
#define HASH(v) ezlb_hash((v).items, (v).len * sizeof(*(v).items))

static int host_peek(struct ezlb_layer *layer, const struct ezlb_scope *scope, uint64_t *print)
{
	struct ezlb_table table = { .snat_wanted = false };
	int rc = read_host((struct host *)layer, true, &table, NULL);

	(void)scope;
	if (rc == 0) {
		ezlb_table_sort(&table);
		const uint64_t prints[] = { HASH(table.settings), HASH(table.links),
					    HASH(table.vips), HASH(table.elsewhere) };

		*print = ezlb_hash(prints, sizeof(prints));
	}
	ezlb_table_clear(&table);
	return rc;
}

static int do_host_set(struct host *host, const struct ezlb_op *op)
{
	return setting_set(&host->settings, &op->setting);
}

static int do_host_reset(struct host *host, const struct ezlb_op *op)
{
	return setting_reset(&host->settings, &op->setting);
}

static int do_link_add(struct host *host, const struct ezlb_op *op)
{
	return vip_link_add(&host->vip, op->link.device);
}

static int do_vip_add(struct host *host, const struct ezlb_op *op)
{
	return vip_add(&host->vip, &op->vip);
}

static int do_vip_del(struct host *host, const struct ezlb_op *op)
{
	return vip_del(&host->vip, &op->vip);
}

static int do_link_del(struct host *host, const struct ezlb_op *op)
{
	return vip_link_del(&host->vip, op->link.device);
}

static const struct {
	int (*run)(struct host *host, const struct ezlb_op *op);
	bool rtnetlink; /* sends requests over rtnetlink */
} actions[EZLB_OPS] = {
	[EZLB_OP_HOST_SET] = { do_host_set, false },
	[EZLB_OP_LINK_ADD] = { do_link_add, true },
	[EZLB_OP_VIP_ADD] = { do_vip_add, true },
	[EZLB_OP_VIP_DEL] = { do_vip_del, true },
	[EZLB_OP_LINK_DEL] = { do_link_del, true },
	[EZLB_OP_HOST_RESET] = { do_host_reset, false },
};

static int host_apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
		      struct ezlb_err *err)
{
	bool timed_out = false; /* wait only once, not for each op */

	(void)err; /* each op has its own rc */
	for (size_t i = 0; i < n; i++) {
		struct ezlb_op *op = ops[i];

		assert(actions[op->kind].run);
		op->rc = timed_out && actions[op->kind].rtnetlink
				 ? -ETIMEDOUT
				 : actions[op->kind].run((struct host *)layer, op);
		timed_out |= actions[op->kind].rtnetlink && op->rc == -ETIMEDOUT;
	}
	return 0;
}

static void host_close(struct ezlb_layer *layer)
{
	struct host *host = (void *)layer;

	settings_kept_close(&host->kept);
	vip_close(&host->vip);
	EZLB_VEC_CLEAR(&host->managed);
	free(host);
}

int ezlb_host_open(const struct ezlb_host_options *options, struct ezlb_layer **out,
		   struct ezlb_err *err)
{
	struct host *host = ezlb_calloc(1, sizeof(*host));

	(void)err;
	*host = (struct host){
		.layer = { .list = host_list,
			   .peek = host_peek,
			   .apply = host_apply,
			   .close = host_close },
		.settings = { .root = options->root, .hands_off = options->hands_off },
		.vip = { .kind = "dummy" },
	};
	*out = &host->layer;
	return 0;
}

void ezlb_host_manage(struct ezlb_layer *layer, const char *device)
{
	struct ezlb_links *managed = &((struct host *)layer)->managed;

	for (size_t i = 0; i < managed->len; i++)
		if (strcmp(managed->items[i].device, device) == 0)
			return;
	ezlb_strcpy(EZLB_PUSH(managed)->device, EZLB_DEVICE_STRLEN, device);
}

/* Like the kernel's dev_valid_name(); also no '%', because the kernel replaces "%d". */
bool ezlb_host_device_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= EZLB_DEVICE_STRLEN || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isgraph((unsigned char)name[i]) || strchr("/:%", name[i]))
			return false;
	}
	return true;
}
