// SPDX-License-Identifier: GPL-2.0-or-later
/* nft_present: finds out whether nf_tables is loaded or built in, without a request to it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <ezlb/netfilter.h>

#define LINE_MAX_BYTES 512

bool ezlb_nft_is_loaded(const struct ezlb_nft_signs *signs)
{
	return access(signs->module, F_OK) == 0;
}

/* Returns 1, 0, or -errno if the file cannot be read. */
static int has_line(const char *path, const char *part)
{
	FILE *file = fopen(path, "re");
	char line[LINE_MAX_BYTES];
	int found = 0;

	if (!file)
		return -errno;
	while (!found && fgets(line, sizeof(line), file))
		found = strstr(line, part) != NULL;
	fclose(file);
	return found;
}

bool ezlb_nft_is_builtin(const struct ezlb_nft_signs *signs)
{
	int rc = has_line(signs->builtin, "/nf_tables.ko");

	/* A container image has no such file for the host's kernel. */
	if (rc < 0)
		rc = has_line(signs->symbols, " nf_tables_newtable");
	return rc != 0;
}

bool ezlb_nft_is_present(struct ezlb_nft_presence *presence)
{
	if (ezlb_nft_is_loaded(presence->signs))
		return true;
	if (!presence->builtin_known)
		presence->builtin = ezlb_nft_is_builtin(presence->signs);
	presence->builtin_known = true;
	return presence->builtin;
}

const struct ezlb_nft_signs *ezlb_nft_kernel_signs(void)
{
	static char builtin[sizeof(((struct utsname *)0)->release) + 64];
	static const struct ezlb_nft_signs signs = { .module = "/sys/module/nf_tables",
						     .builtin = builtin,
						     .symbols = "/proc/kallsyms" };
	struct utsname name;

	/* Set only once, because other threads read it later. */
	if (!builtin[0] && uname(&name) == 0)
		snprintf(builtin, sizeof(builtin), "/lib/modules/%s/modules.builtin", name.release);
	return &signs;
}
