// SPDX-License-Identifier: GPL-2.0-or-later
/* module: what becomes of each answer of libkmod's, all of which are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <libkmod.h>

#include <ezlb/err.h>
#include <ezlb/host.h>

#include "kmod.h"
#include "module.h"

static int lookup_rc, probe_rc;
static unsigned probe_flags;
static size_t found, probes; /* modules of that name, and how many were probed */
static bool no_context, no_library;
static char items[3]; /* stand for the items of a list */

int kmod_library_load(struct ezlb_err *err)
{
	return no_library ? ezlb_err_set(err, ELIBACC, "there is no libkmod") : 0;
}

struct kmod_ctx *kmod_new(const char *dirname, const char *const *config_paths)
{
	assert_null(dirname);
	assert_null(config_paths);
	return no_context ? NULL : (void *)items;
}

struct kmod_ctx *kmod_unref(struct kmod_ctx *ctx)
{
	(void)ctx;
	return NULL;
}

void kmod_set_log_priority(struct kmod_ctx *ctx, int priority)
{
	(void)ctx;
	assert_int_equal(priority, 0);
}

int kmod_module_new_from_lookup(struct kmod_ctx *ctx, const char *alias, struct kmod_list **list)
{
	(void)ctx;
	assert_string_equal(alias, "ip_vs");
	*list = lookup_rc == 0 && found ? (void *)items : NULL;
	return lookup_rc;
}

struct kmod_list *kmod_list_next(const struct kmod_list *list, const struct kmod_list *item)
{
	const char *next = (const char *)item + 1;

	assert_ptr_equal(list, items);
	return next < items + found ? (void *)(uintptr_t)next : NULL;
}

struct kmod_module *kmod_module_get_module(const struct kmod_list *item)
{
	return (void *)(uintptr_t)item;
}

int kmod_module_probe_insert_module(struct kmod_module *module, unsigned flags,
				    const char *extra_options,
				    int (*run_install)(struct kmod_module *, const char *, void *),
				    const void *data,
				    void (*print_action)(struct kmod_module *, bool, const char *))
{
	(void)data;
	assert_ptr_equal(module, items + probes);
	assert_null(extra_options);
	/* Without a function libkmod starts the program that modprobe.d may name. */
	assert_non_null(run_install);
	assert_int_equal(run_install(module, "/bin/false", NULL), -EPERM);
	assert_null(print_action);
	probe_flags = flags;
	probes++;
	return probe_rc;
}

struct kmod_module *kmod_module_unref(struct kmod_module *module)
{
	(void)module;
	return NULL;
}

int kmod_module_unref_list(struct kmod_list *list)
{
	(void)list;
	return 0;
}

static void test_load(void **state)
{
	static const struct {
		const char *name;
		int lookup_rc;
		size_t found;
		int probe_rc;
		size_t probes;
		int want;
		const char *msg;
	} rows[] = {
		{ "loaded", 0, 1, 0, 1, 0, "" },
		{ "all of them", 0, 3, 0, 3, 0, "" },
		{ "none", 0, 0, 0, 0, -ENOENT, "the running kernel has no module ip_vs" },
		{ "no index", -ENOENT, 0, 0, 0, -ENOENT, "/lib/modules of the host" },
		{ "first fails", 0, 2, -EPERM, 1, -EPERM, "run `modprobe ip_vs` on the host" },
		{ "blacklisted", 0, 1, 1, 1, -EPERM, "/etc/modprobe.d" },
		{ "not allowed", 0, 1, -EACCES, 1, -EACCES, "CAP_SYS_MODULE" },
		{ "broken", 0, 1, -ENOEXEC, 1, -ENOEXEC,
		  "cannot load the module ip_vs; try `modprobe ip_vs` on the host: Exec format" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ezlb_err err = { 0 };
		int rc;

		lookup_rc = rows[i].lookup_rc;
		probe_rc = rows[i].probe_rc;
		found = rows[i].found;
		probes = 0;
		rc = ezlb_host_module_load("ip_vs", &err);
		if (rc != rows[i].want || err.code != -rc || probes != rows[i].probes ||
		    !strstr(err.msg, rows[i].msg))
			fail_msg("%s: %d %zu %s", rows[i].name, rc, probes, err.msg);
		if (probes)
			assert_int_equal(probe_flags, KMOD_PROBE_APPLY_BLACKLIST);
	}
}

static void test_no_context(void **state)
{
	(void)state;
	no_context = true;
	assert_int_equal(ezlb_host_module_load("ip_vs", NULL), -ENOMEM);
	no_context = false;
}

static void test_no_library(void **state)
{
	struct ezlb_err err;

	(void)state;
	no_library = true;
	assert_int_equal(ezlb_host_module_load("ip_vs", &err), -ELIBACC);
	assert_string_equal(err.msg, "cannot load the module ip_vs: there is no libkmod");
	assert_int_equal(module_load("ip_vs"), -ELIBACC);
	no_library = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_no_context),
		cmocka_unit_test(test_no_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
