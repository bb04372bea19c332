// SPDX-License-Identifier: GPL-2.0-or-later
#include "module.h"

#include <errno.h>
#include <libkmod.h>
#include <stddef.h>

#include <ezlb/host.h>

#include "kmod.h"

/*
 * For an `install` line of modprobe.d, which names a command to run in place of loading the module.
 * libkmod would give it to system(3); ezlb runs no program, and must not load what such a line
 * forbids.
 */
static int refuse_command(struct kmod_module *module, const char *command, void *data)
{
	(void)module;
	(void)command;
	(void)data;
	return -EPERM;
}

/* With KMOD_PROBE_APPLY_BLACKLIST a positive result means that a blacklist forbids the module. */
static int load_all(struct kmod_list *list)
{
	struct kmod_list *item;
	int rc = list ? 0 : -ENOENT;

	kmod_list_foreach(item, list) {
		struct kmod_module *module = kmod_module_get_module(item);

		if (rc == 0)
			rc = kmod_module_probe_insert_module(module, KMOD_PROBE_APPLY_BLACKLIST,
							     NULL, refuse_command, NULL, NULL);
		kmod_module_unref(module);
	}
	return rc > 0 ? -EPERM : rc;
}

int module_load(const char *name)
{
	struct kmod_list *list = NULL;
	struct kmod_ctx *ctx;
	int rc = kmod_library_load(NULL);

	if (rc < 0)
		return rc;
	ctx = kmod_new(NULL, NULL);
	if (!ctx)
		return -ENOMEM;
	/* The caller reports failures; libkmod must not write to stderr as well. */
	kmod_set_log_priority(ctx, 0);
	rc = kmod_module_new_from_lookup(ctx, name, &list);
	if (rc == 0)
		rc = load_all(list);
	kmod_module_unref_list(list);
	kmod_unref(ctx);
	return rc;
}

int ezlb_host_module_load(const char *name, struct ezlb_err *err)
{
	int rc = kmod_library_load(err);

	if (rc < 0)
		return ezlb_err_wrap(err, rc, "cannot load the module %s", name);
	rc = module_load(name);
	switch (-rc) {
	case 0:
		return 0;
	case ENOENT:
		return ezlb_err_set(err, ENOENT,
				    "the running kernel has no module %s: install the kernel's "
				    "module package on the host; a container needs /lib/modules "
				    "of the host",
				    name);
	case EPERM:
	case EACCES:
		return ezlb_err_set(err, -rc,
				    "not allowed to load the module %s: run `modprobe %s` on the "
				    "host, or give ezlb CAP_SYS_MODULE; a blacklist or an "
				    "install line in /etc/modprobe.d may also forbid it",
				    name, name);
	default:
		return ezlb_err_sys(err, -rc,
				    "cannot load the module %s; try `modprobe %s` on the host",
				    name, name);
	}
}
