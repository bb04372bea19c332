// SPDX-License-Identifier: GPL-2.0-or-later
#include "legacy.h"

#include <errno.h>
#include <stdio.h>

#include "rules.h"

#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>

#define TABLE "filter"

/* What differs between the libraries: one has entries of its own. NULL or 0 for failure, errno. */
struct lib {
	const char *name, *module;
	struct xtc_handle *(*init)(const char *table);
	void (*free)(struct xtc_handle *handle);
	const char *(*first_chain)(struct xtc_handle *handle);
	const char *(*next_chain)(struct xtc_handle *handle);
	int (*is_chain)(const char *chain, struct xtc_handle *handle);
	int (*builtin)(const char *chain, struct xtc_handle *handle);
	const void *(*first)(const char *chain, struct xtc_handle *handle);
	const void *(*next)(const void *entry, struct xtc_handle *handle);
	const char *(*target)(const void *entry, struct xtc_handle *handle);
	const char *(*policy)(const char *chain, struct xtc_handle *handle);
	int (*put)(bool top, const char *chain, const void *entry, struct xtc_handle *handle);
	int (*del)(const char *chain, unsigned at, struct xtc_handle *handle);
	int (*new_chain)(const char *chain, struct xtc_handle *handle);
	int (*del_chain)(const char *chain, struct xtc_handle *handle);
	int (*commit)(struct xtc_handle *handle);
	const char *(*strerror)(int code);
};

#define CALLS(lib)                                                                                \
	static const void *lib##_first_of(const char *name, struct xtc_handle *h)                 \
	{                                                                                         \
		return lib##_first_rule(name, h);                                                 \
	}                                                                                         \
	static const void *lib##_next_of(const void *entry, struct xtc_handle *h)                 \
	{                                                                                         \
		return lib##_next_rule(entry, h);                                                 \
	}                                                                                         \
	static const char *lib##_target_of(const void *entry, struct xtc_handle *h)               \
	{                                                                                         \
		return lib##_get_target(entry, h);                                                \
	}                                                                                         \
	static const char *lib##_policy_of(const char *name, struct xtc_handle *h)                \
	{                                                                                         \
		struct xt_counters unused;                                                        \
                                                                                                  \
		return lib##_get_policy(name, &unused, h);                                        \
	}                                                                                         \
	static int lib##_put(bool top, const char *name, const void *entry, struct xtc_handle *h) \
	{                                                                                         \
		return top ? lib##_insert_entry(name, entry, 0, h)                                \
			   : lib##_append_entry(name, entry, h);                                  \
	}
CALLS(iptc)
CALLS(ip6tc)

#define LIB(lib, what, table_module)                                                              \
	{                                                                                         \
		.name = what, .module = table_module, .init = lib##_init, .free = lib##_free,     \
		.first_chain = lib##_first_chain, .next_chain = lib##_next_chain,                 \
		.is_chain = lib##_is_chain, .builtin = lib##_builtin, .first = lib##_first_of,    \
		.next = lib##_next_of, .target = lib##_target_of, .policy = lib##_policy_of,      \
		.put = lib##_put, .del = lib##_delete_num_entry, .new_chain = lib##_create_chain, \
		.del_chain = lib##_delete_chain, .commit = lib##_commit,                          \
		.strerror = lib##_strerror,                                                       \
	}

static const struct lib libs[] = { LIB(iptc, "filter table of iptables", "iptable_filter"),
				   LIB(ip6tc, "filter table of ip6tables", "ip6table_filter") };

static const struct lib *lib_of(uint8_t family)
{
	return &libs[family == AF_INET6];
}

int ezlb_fw_legacy_loaded(const char *tables, bool *loaded, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *line = NULL;
	FILE *file = fopen(tables, "re");
	size_t room = 0;

	*loaded = false;
	if (!file)
		return errno == ENOENT ? 0
				       : ezlb_err_sys(err, errno,
						      "cannot read %s (run ezlb as root)", tables);
	while (!*loaded && getline(&line, &room, file) > 0)
		*loaded = strcmp(line, TABLE "\n") == 0;
	fclose(file);
	return 0;
}

/* --- reading --------------------------------------------------------------------------------- */

static int explain(const struct lib *lib, const char *what, struct ezlb_err *err)
{
	int code = errno ? errno : EPROTO; /* 0: the kernel's format is another one */

	if (code == EPERM || code == EACCES)
		return ezlb_err_set(err, code,
				    "not allowed to %s the %s: it needs CAP_NET_ADMIN and "
				    "CAP_NET_RAW, run ezlb as root",
				    what, lib->name);
	if (code == EAGAIN)
		return ezlb_err_set(err, code, "cannot %s the %s: other programs keep changing it",
				    what, lib->name);
	return ezlb_err_set(err, code, "cannot %s the %s: %s", what, lib->name,
			    lib->strerror(code));
}

static void read_rule(const struct lib *lib, struct xtc_handle *handle, uint8_t family,
		      const void *entry, struct ezlb_fw_rule *out)
{
	const char *target = lib->target(entry, handle);

	if (ezlb_fw_entry_read(family, entry, target, &out->row) == 0) {
		out->kind = EZLB_FW_ROW;
	} else if (strcmp(target, "DROP") == 0 || strcmp(target, "REJECT") == 0) {
		out->kind = EZLB_FW_DROP;
	} else if (lib->is_chain(target, handle)) {
		out->kind = EZLB_FW_GO;
		out->to = ezlb_strdup(target);
		out->plain = ezlb_fw_entry_is_plain(family, entry);
	}
}

static int hook_of(const char *chain)
{
	for (enum ezlb_gate gate = 0; gate < EZLB_GATES; gate++) {
		if (strcmp(chain, ezlb_fw_home(gate)) == 0)
			return ezlb_fw_hook(gate);
	}
	return NF_INET_LOCAL_OUT;
}

static void read_chain(const struct lib *lib, struct xtc_handle *handle, uint8_t family,
		       struct ezlb_fw_chain *out)
{
	const void *entry = lib->first(out->name, handle);

	out->hook = -1;
	if (lib->builtin(out->name, handle)) {
		const char *policy = lib->policy(out->name, handle);

		out->hook = hook_of(out->name);
		out->home = true;
		out->policy_drops = policy && strcmp(policy, "DROP") == 0;
	}
	for (; entry; entry = lib->next(entry, handle))
		read_rule(lib, handle, family, entry, EZLB_PUSH(&out->rules));
}

int ezlb_fw_legacy_read(uint8_t family, struct ezlb_fw_view *view, struct xtc_handle **handle,
			struct ezlb_err *err)
{
	const struct lib *lib = lib_of(family);
	const char *name;

	view->family = family;
	errno = 0;
	*handle = lib->init(TABLE);
	if (!*handle)
		return explain(lib, "read", err);
	/* libiptc has one place to walk at: first all chains, then what is in them. */
	for (name = lib->first_chain(*handle); name; name = lib->next_chain(*handle))
		EZLB_PUSH(&view->chains)->name = ezlb_strdup(name);
	for (size_t i = 0; i < view->chains.len; i++)
		read_chain(lib, *handle, family, &view->chains.items[i]);
	return 0;
}

void ezlb_fw_legacy_free(uint8_t family, struct xtc_handle *handle)
{
	if (handle)
		lib_of(family)->free(handle);
}

/* --- writing --------------------------------------------------------------------------------- */

/* As libiptc does: 0 for failure, with errno set. */
static int carry_out(const struct lib *lib, uint8_t family, const struct ezlb_fw_step *step,
		     struct xtc_handle *handle)
{
	struct ezlb_fw_entry entry;
	xt_chainlabel chain;

	ezlb_strcpy(chain, sizeof(chain), step->chain);
	switch (step->kind) {
	case EZLB_FW_DEL_RULE:
		return lib->del(chain, (unsigned)step->at, handle);
	case EZLB_FW_DEL_CHAIN:
		return lib->del_chain(chain, handle);
	case EZLB_FW_NEW_CHAIN:
		return lib->new_chain(chain, handle);
	case EZLB_FW_APPEND:
		ezlb_fw_entry_build(&step->row, &entry);
		return lib->put(false, chain, entry.bytes, handle);
	case EZLB_FW_JUMP:
		ezlb_fw_entry_jump(family, ezlb_fw_ours(step->row.gate), &entry);
		return lib->put(true, chain, entry.bytes, handle);
	}
	return 0;
}

int ezlb_fw_legacy_write(uint8_t family, struct xtc_handle *handle,
			 const struct ezlb_fw_steps *steps, struct ezlb_err *err)
{
	const struct lib *lib = lib_of(family);

	for (size_t i = 0; i < steps->len; i++) {
		if (!carry_out(lib, family, &steps->items[i], handle))
			return explain(lib, "edit", err);
	}
	if (lib->commit(handle))
		return 0;
	if (errno == ENOENT)
		return ezlb_err_set(err, ENOENT,
				    "cannot write the %s: this kernel lacks one of the modules "
				    "xt_conntrack, xt_tcpudp, xt_sctp",
				    lib->name);
	return explain(lib, "write", err);
}
