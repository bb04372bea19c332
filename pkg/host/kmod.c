// SPDX-License-Identifier: GPL-2.0-or-later
/* The functions of libkmod that ezlb uses, under their own names. */
#include "kmod.h"

#include <libkmod.h>

#include <ezlb/library.h>

#define FUNCTIONS(X)                       \
	X(kmod_list_next)                  \
	X(kmod_module_get_module)          \
	X(kmod_module_new_from_lookup)     \
	X(kmod_module_probe_insert_module) \
	X(kmod_module_unref)               \
	X(kmod_module_unref_list)          \
	X(kmod_new)                        \
	X(kmod_set_log_priority)           \
	X(kmod_unref)

#define POINTER(name) __typeof__(name) *name;
#define SYMBOL(name)  { #name, &real.name },

static struct {
	FUNCTIONS(POINTER)
} real;

static const struct ezlb_library_symbol symbols[] = { FUNCTIONS(SYMBOL){ 0 } };
EZLB_LIBRARY_NOTE("kmod", EZLB_KMOD_SONAME);

static struct ezlb_library library = {
	.soname = EZLB_KMOD_SONAME,
	.use = "libkmod, for kernel modules",
	.symbols = symbols,
};

int kmod_library_load(struct ezlb_err *err)
{
	return ezlb_library_load(&library, err);
}

struct kmod_ctx *kmod_new(const char *dir, const char *const *config_paths)
{
	return real.kmod_new(dir, config_paths);
}

struct kmod_ctx *kmod_unref(struct kmod_ctx *ctx)
{
	return real.kmod_unref(ctx);
}

void kmod_set_log_priority(struct kmod_ctx *ctx, int priority)
{
	real.kmod_set_log_priority(ctx, priority);
}

struct kmod_list *kmod_list_next(const struct kmod_list *list, const struct kmod_list *item)
{
	return real.kmod_list_next(list, item);
}

int kmod_module_new_from_lookup(struct kmod_ctx *ctx, const char *alias, struct kmod_list **list)
{
	return real.kmod_module_new_from_lookup(ctx, alias, list);
}

struct kmod_module *kmod_module_get_module(const struct kmod_list *item)
{
	return real.kmod_module_get_module(item);
}

struct kmod_module *kmod_module_unref(struct kmod_module *module)
{
	return real.kmod_module_unref(module);
}

int kmod_module_unref_list(struct kmod_list *list)
{
	return real.kmod_module_unref_list(list);
}

int kmod_module_probe_insert_module(struct kmod_module *module, unsigned flags,
				    const char *extra_options,
				    int (*run_install)(struct kmod_module *, const char *, void *),
				    const void *data,
				    void (*print_action)(struct kmod_module *, bool, const char *))
{
	return real.kmod_module_probe_insert_module(module, flags, extra_options, run_install, data,
						    print_action);
}
