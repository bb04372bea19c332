// SPDX-License-Identifier: GPL-2.0-or-later
/* select: chooses the SNAT driver. */
#include <ezlb/snat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <ezlb/mem.h>
#include <ezlb/xtables.h>

static const char *const names[] = {
	[EZLB_SNAT_AUTO] = "auto",
	[EZLB_SNAT_IPTABLES] = "iptables",
	[EZLB_SNAT_NFTABLES] = "nftables",
};

const char *ezlb_snat_driver_str(enum ezlb_snat_driver driver)
{
	return names[driver];
}

enum ezlb_snat_key_kind ezlb_snat_driver_key(enum ezlb_snat_driver driver)
{
	return driver == EZLB_SNAT_IPTABLES ? EZLB_SNAT_KEY_BACKEND : EZLB_SNAT_KEY_LISTENER;
}

int ezlb_snat_driver_parse(const char *text, enum ezlb_snat_driver *out)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) != 0)
			continue;
		*out = (enum ezlb_snat_driver)i;
		return 0;
	}
	return -EINVAL;
}

static bool exists(const char *root, const char *path)
{
	EZLB_AUTO_FREE char *full = ezlb_asprintf("%s%s", root, path);

	return access(full, F_OK) == 0;
}

/* True if a line like "kernel/net/netfilter/nf_tables.ko.xz: ..." begins with this module. */
static bool line_names(char *line, const char *module)
{
	const char *name;
	size_t len = strlen(module);

	line[strcspn(line, ":\n")] = '\0';
	name = strrchr(line, '/');
	name = name ? name + 1 : line;
	return strncmp(name, module, len) == 0 && strncmp(name + len, ".ko", 3) == 0;
}

/* `list` is a file of depmod: modules.dep or modules.builtin. */
static bool listed(const char *root, const char *list, const char *module)
{
	EZLB_AUTO_FREE char *path = NULL, *line = NULL;
	struct utsname host;
	size_t size = 0;
	bool found = false;
	FILE *file;

	uname(&host);
	path = ezlb_asprintf("%s/lib/modules/%s/%s", root, host.release, list);
	file = fopen(path, "re");
	while (file && !found && getline(&line, &size, file) > 0)
		found = line_names(line, module);
	if (file)
		fclose(file);
	return found;
}

static bool has_module(const char *root, const char *module)
{
	return listed(root, "modules.dep", module) || listed(root, "modules.builtin", module);
}

static bool can_tell(const char *root)
{
	struct utsname host;
	EZLB_AUTO_FREE char *path = NULL;

	uname(&host);
	path = ezlb_asprintf("/lib/modules/%s/modules.dep", host.release);
	return exists(root, path);
}

/* A list that cannot be read counts as empty: without that permission ezlb cannot write either. */
static bool nat_loaded(const char *root, const char *tables)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("%s%s", root, tables);
	bool loaded;

	ezlb_xt_is_loaded(path, "nat", &loaded, NULL);
	return loaded;
}

void ezlb_snat_look(const char *root, struct ezlb_snat_host *out)
{
	out->legacy_nat = nat_loaded(root, "/proc/net/ip_tables_names") ||
			  nat_loaded(root, "/proc/net/ip6_tables_names");
	out->ip_tables = exists(root, "/proc/net/ip_tables_names") || has_module(root, "ip_tables");
	/*
	 * Containers often have no module lists. The kernel can still load nf_tables by itself, but
	 * not ip_tables.
	 */
	out->nf_tables = exists(root, "/sys/module/nf_tables") || has_module(root, "nf_tables") ||
			 (!out->ip_tables && !can_tell(root));
}

enum ezlb_snat_driver ezlb_snat_choose(const struct ezlb_snat_host *host, const char **why)
{
	if (host->legacy_nat) {
		*why = "the legacy nat table is in use on this host";
		return EZLB_SNAT_IPTABLES;
	}
	if (host->nf_tables) {
		*why = "the kernel has nf_tables, and the legacy nat table is not in use";
		return EZLB_SNAT_NFTABLES;
	}
	*why = host->ip_tables ? "the kernel has no nf_tables"
			       : "the kernel has neither nf_tables nor ip_tables: full_nat cannot "
				 "work here";
	return EZLB_SNAT_IPTABLES;
}
