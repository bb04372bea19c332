// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/host.h>

#include <assert.h>
#include <ctype.h>
#include <errno.h>

#include "setting.h"
#include "vip.h"

struct host {
	struct ezlb_layer layer; /* first: a layer is its host */
	struct settings settings;
	struct ezlb_links managed;
	struct vip vip;
};

/* What list and peek both look at. On failure *out may have some of it. */
static int look(struct host *host, struct ezlb_table *out, struct ezlb_err *err)
{
	int rc = settings_list(&host->settings, &out->settings, err);

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
	const struct ezlb_table before = *out; /* for its lengths */
	int rc = look(host, out, err);

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

/* No row has padding, so bytes are values. */
#define HASH(v) ezlb_hash((v).items, (v).len * sizeof(*(v).items))

static int host_peek(struct ezlb_layer *layer, const struct ezlb_scope *scope, uint64_t *print)
{
	struct ezlb_table table = { .snat_wanted = false };
	int rc = look((struct host *)layer, &table, NULL);

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
	bool route; /* asks the kernel over rtnetlink */
} deeds[EZLB_OPS] = {
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
	bool mute = false; /* one deadline, not one for each op */

	(void)err; /* every op speaks for itself */
	for (size_t i = 0; i < n; i++) {
		struct ezlb_op *op = ops[i];

		assert(deeds[op->kind].run);
		op->rc = mute && deeds[op->kind].route
				 ? -ETIMEDOUT
				 : deeds[op->kind].run((struct host *)layer, op);
		mute = mute || (deeds[op->kind].route && op->rc == -ETIMEDOUT);
	}
	return 0;
}

static void host_close(struct ezlb_layer *layer)
{
	struct host *host = (void *)layer;

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

/* As dev_valid_name() of the kernel; "%d" it would replace with a number. */
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
