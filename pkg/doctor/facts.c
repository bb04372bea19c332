// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts.h"

#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <ezlb/netfilter.h>

#define LOCK_LIMIT_MS 200

static FILE *open_below(const char *root, const char *path)
{
	EZLB_AUTO_FREE char *full = ezlb_asprintf("%s%s", root, path);

	return fopen(full, "re");
}

static long number(const char *root, const char *path)
{
	FILE *file = open_below(root, path);
	long value = NUMBER_NONE;

	if (!file)
		return NUMBER_NONE;
	if (fscanf(file, "%ld", &value) != 1)
		value = NUMBER_NONE;
	fclose(file);
	return value;
}

static uint64_t effective_caps(const char *root)
{
	FILE *file = open_below(root, "/proc/self/status");
	unsigned long long caps = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file) &&
	       sscanf(line, "CapEff: %llx", &caps) != 1) {
	}
	if (file)
		fclose(file);
	return caps;
}

static void legacy_tables(const char *root, const char *path, char *out, size_t size)
{
	FILE *file = open_below(root, path);
	char name[40];
	size_t len = 0;

	out[0] = '\0';
	while (file && fscanf(file, "%39s", name) == 1 && len + sizeof(name) < size)
		len += (size_t)snprintf(out + len, size - len, "%s%s", len ? " " : "", name);
	if (file)
		fclose(file);
}

/* A line of depmod: "kernel/net/netfilter/ipvs/ip_vs.ko.xz", maybe with ": DEPENDENCIES". */
static bool lists(FILE *file, const char *name)
{
	EZLB_AUTO_FREE char *part = ezlb_asprintf("/%s.ko", name), *line = NULL;
	bool found = false;
	size_t size = 0;

	while (!found && getline(&line, &size, file) > 0) {
		line[strcspn(line, ":")] = '\0';
		found = strstr(line, part) != NULL;
	}
	return found;
}

static enum module_state look_up(const char *root, const char *name)
{
	static const char *const files[] = { "modules.dep", "modules.builtin" };
	enum module_state state = MODULE_UNKNOWN;
	struct utsname host;

	uname(&host);
	for (size_t i = 0; i < 2 && state != MODULE_LOADABLE; i++) {
		EZLB_AUTO_FREE char *path = ezlb_asprintf("/lib/modules/%s/%s", host.release,
							  files[i]);
		FILE *file = open_below(root, path);

		if (!file)
			continue;
		state = lists(file, name) ? MODULE_LOADABLE : MODULE_MISSING;
		fclose(file);
	}
	return state;
}

enum module_state facts_module(const char *root, const char *name)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("%s/sys/module/%s", root, name);

	if (access(path, F_OK) == 0)
		return MODULE_LOADED;
	return look_up(root, name);
}

static void try_lock(const char *root, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("%s%s", root, ezlb_xtables_lock_path());
	int fd = ezlb_xtables_lock(path, LOCK_LIMIT_MS, EZLB_XTABLES_LOCK_STEP_MS, err);

	ezlb_close_fd(&fd);
}

void facts_read(const char *root, struct host_facts *out)
{
	EZLB_AUTO_FREE char *ip_vs = ezlb_asprintf("%s/proc/net/ip_vs", root);

	*out = (struct host_facts){ .caps = effective_caps(root) };
	out->ip_vs = access(ip_vs, F_OK) == 0 ? MODULE_LOADED : facts_module(root, "ip_vs");
	out->vs_conntrack = number(root, "/proc/sys/net/ipv4/vs/conntrack");
	out->ip_forward = number(root, "/proc/sys/net/ipv4/ip_forward");
	out->ip6_forwarding = number(root, "/proc/sys/net/ipv6/conf/all/forwarding");
	out->conntrack_count = number(root, "/proc/sys/net/netfilter/nf_conntrack_count");
	out->conntrack_max = number(root, "/proc/sys/net/netfilter/nf_conntrack_max");
	legacy_tables(root, "/proc/net/ip_tables_names", out->legacy[0], sizeof(out->legacy[0]));
	legacy_tables(root, "/proc/net/ip6_tables_names", out->legacy[1], sizeof(out->legacy[1]));
	try_lock(root, &out->lock_err);
}

long facts_rp_filter(const char *root, const char *link)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("/proc/sys/net/ipv4/conf/%s/rp_filter", link);
	long all = number(root, "/proc/sys/net/ipv4/conf/all/rp_filter");
	long own = number(root, path);

	return own > all ? own : all;
}

void net_facts_clear(struct net_facts *net)
{
	EZLB_VEC_CLEAR(&net->links);
	EZLB_VEC_CLEAR(&net->addrs);
	EZLB_VEC_CLEAR(&net->connections);
	EZLB_VEC_CLEAR(&net->listeners);
	EZLB_VEC_CLEAR(&net->drops);
	EZLB_VEC_CLEAR(&net->passes);
}

const struct link_fact *net_link(const struct net_facts *net, int index)
{
	for (size_t i = 0; i < net->links.len; i++)
		if (net->links.items[i].index == index)
			return &net->links.items[i];
	return NULL;
}
