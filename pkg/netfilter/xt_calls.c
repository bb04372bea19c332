// SPDX-License-Identifier: GPL-2.0-or-later
/* xt_calls: libiptc and libip6tc as tables of calls. */
#include <ezlb/xtables.h>

#include <errno.h>

#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>

/* The calls with an entry: each library has its own entry type. */
#define ENTRY_CALLS(lib)                                                                         \
	static const void *lib##_first(const char *chain, struct xtc_handle *handle)             \
	{                                                                                        \
		return lib##_first_rule(chain, handle);                                          \
	}                                                                                        \
	static const void *lib##_next(const void *entry, struct xtc_handle *handle)              \
	{                                                                                        \
		return lib##_next_rule(entry, handle);                                           \
	}                                                                                        \
	static const char *lib##_target(const void *entry, struct xtc_handle *handle)            \
	{                                                                                        \
		return lib##_get_target(entry, handle);                                          \
	}                                                                                        \
	static const char *lib##_policy(const char *chain, struct xtc_handle *handle)            \
	{                                                                                        \
		struct xt_counters unused;                                                       \
                                                                                                 \
		return lib##_get_policy(chain, &unused, handle);                                 \
	}                                                                                        \
	static int lib##_insert(const char *chain, const void *entry, unsigned at,               \
				struct xtc_handle *handle)                                       \
	{                                                                                        \
		return lib##_insert_entry(chain, entry, at, handle);                             \
	}                                                                                        \
	static int lib##_append(const char *chain, const void *entry, struct xtc_handle *handle) \
	{                                                                                        \
		return lib##_append_entry(chain, entry, handle);                                 \
	}

#define CALLS(lib)                                                                              \
	.init = lib##_init, .free = lib##_free, .first_chain = lib##_first_chain,               \
	.next_chain = lib##_next_chain, .is_chain = lib##_is_chain, .builtin = lib##_builtin,   \
	.policy = lib##_policy, .create_chain = lib##_create_chain,                             \
	.delete_chain = lib##_delete_chain, .flush = lib##_flush_entries,                       \
	.references = lib##_get_references, .first_rule = lib##_first, .next_rule = lib##_next, \
	.target = lib##_target, .insert = lib##_insert, .append = lib##_append,                 \
	.delete_at = lib##_delete_num_entry, .commit = lib##_commit, .strerror = lib##_strerror

ENTRY_CALLS(iptc)
ENTRY_CALLS(ip6tc)

int ezlb_xt_explain(const struct ezlb_xt *xt, const char *what, const char *table,
		    struct ezlb_err *err)
{
	int code = errno ? errno : EPROTO; /* 0: the library does not know the kernel's format */

	if (code == EPERM || code == EACCES)
		return ezlb_err_set(err, code,
				    "not allowed to %s the %s: it needs CAP_NET_ADMIN and "
				    "CAP_NET_RAW, run ezlb as root",
				    what, table);
	if (code == EAGAIN)
		return ezlb_err_set(err, code,
				    "cannot %s the %s: another program changed it at the same time",
				    what, table);
	return ezlb_err_set(err, code, "cannot %s the %s: %s", what, table, xt->strerror(code));
}

const struct ezlb_xt ezlb_xt_ip = { .form = &ezlb_xt_form_ip, CALLS(iptc) };
const struct ezlb_xt ezlb_xt_ip6 = { .form = &ezlb_xt_form_ip6, CALLS(ip6tc) };
