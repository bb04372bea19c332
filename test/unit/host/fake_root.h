/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory of our own in place of /proc, and the layer over it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/host.h>

#define CONNTRACK "sys/net/ipv4/vs/conntrack"
#define FORWARD	  "sys/net/ipv4/ip_forward"

struct world {
	char root[64];
	struct ezlb_layer *layer;
};

static const char *path(const struct world *world, const char *name)
{
	static char buf[256];

	snprintf(buf, sizeof(buf), "%s/%s", world->root, name);
	return buf;
}

static void put(const struct world *world, const char *name, const char *text)
{
	FILE *file = fopen(path(world, name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static const char *get(const struct world *world, const char *name)
{
	static char buf[64];
	FILE *file = fopen(path(world, name), "r");
	size_t n;

	assert_non_null(file);
	n = fread(buf, 1, sizeof(buf) - 1, file);
	buf[n] = '\0';
	fclose(file);
	return buf;
}

/* With those above it. */
static void make_dirs(const struct world *world, const char *name)
{
	char part[128];

	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		ezlb_strcpy(part, sizeof(part), name);
		part[slash - name] = '\0';
		mkdir(path(world, part), 0755);
	}
	assert_int_equal(mkdir(path(world, name), 0755), 0);
}

static int setup(void **state)
{
	struct world *world = ezlb_calloc(1, sizeof(*world));

	ezlb_strcpy(world->root, sizeof(world->root), "/tmp/ezlb-host-XXXXXX");
	if (!mkdtemp(world->root))
		return -1;
	make_dirs(world, "sys/net/ipv4/vs");
	put(world, CONNTRACK, "0\n");
	put(world, FORWARD, "0\n");
	*state = world;
	return ezlb_host_open(&(struct ezlb_host_options){ .root = world->root }, &world->layer,
			      NULL);
}

static int remove_one(const char *name, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(name);
}

static int teardown(void **state)
{
	struct world *world = *state;

	world->layer->close(world->layer);
	nftw(world->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(world);
	return 0;
}

static int run(const struct world *world, enum ezlb_op_kind kind, struct ezlb_setting_row row)
{
	struct ezlb_op op = { .kind = kind, .rc = EZLB_PENDING };
	struct ezlb_op *ops[] = { &op };

	op.setting = row;
	assert_int_equal(world->layer->apply(world->layer, ops, 1, NULL), 0);
	return op.rc;
}

static int set(const struct world *world, enum ezlb_setting setting, int value)
{
	return run(world, EZLB_OP_HOST_SET,
		   (struct ezlb_setting_row){ .setting = setting, .value = value });
}
