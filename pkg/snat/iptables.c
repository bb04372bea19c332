// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/snat.h>

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "chain.h"
#include "iptables.h"
#include "lock.h"
#include "peek.h"
#include "rules.h"

#include <libiptc/libiptc.h>

#define TRIES 3

static const char proc_tables[] = "/proc/net/ip_tables_names";
static const ipt_chainlabel our_chain = EZLB_SNAT_CHAIN;
static const ipt_chainlabel postrouting = "POSTROUTING";

struct iptables {
	struct ezlb_layer layer; /* first: a layer is its iptables */
	const char *tables;
};

/* What the nat table has of ours. */
struct view {
	struct ezlb_snat_chain chain;
	unsigned refs;	      /* rules anywhere that jump or go to the chain */
	unsigned plain_jumps; /* those of them that are as they should be, in POSTROUTING */
};

#define AUTO_VIEW   __attribute__((cleanup(view_clear)))
#define AUTO_CHAIN  __attribute__((cleanup(ezlb_snat_chain_clear)))
#define AUTO_HANDLE __attribute__((cleanup(handle_free)))

static const char *tables_of(const struct ezlb_layer *layer)
{
	return ((const struct iptables *)(const void *)layer)->tables;
}

static void view_clear(struct view *view)
{
	ezlb_snat_chain_clear(&view->chain);
}

static void handle_free(struct iptc_handle **handle)
{
	if (*handle)
		iptc_free(*handle);
}

/* --- reading --------------------------------------------------------------------------------- */

/* libiptc speaks through errno, and its 0 means that the kernel's format is another one. */
static int nat_error(struct ezlb_err *err, const char *what)
{
	int code = errno ? errno : EPROTO;

	switch (code) {
	case EPERM:
	case EACCES:
		return ezlb_err_set(err, code, "%s: needs root (CAP_NET_ADMIN and CAP_NET_RAW)",
				    what);
	case EAGAIN:
		return ezlb_err_set(err, code, "%s: another program changed it at the same time",
				    what);
	default:
		return ezlb_err_set(err, code, "%s: %s", what, iptc_strerror(code));
	}
}

static int nat_open(struct iptc_handle **out, struct ezlb_err *err)
{
	*out = iptc_init("nat");
	if (*out)
		return 0;
	if (errno == ENOPROTOOPT || errno == ENOENT)
		return ezlb_err_set(err, errno,
				    "this kernel has no legacy nat table (modprobe iptable_nat)");
	return nat_error(err, "cannot read the nat table");
}

static bool is_ref(const struct ipt_entry *entry, struct iptc_handle *handle)
{
	return strcmp(iptc_get_target(entry, handle), our_chain) == 0;
}

static bool is_plain_jump(const struct ipt_entry *entry, struct iptc_handle *handle)
{
	return is_ref(entry, handle) && ezlb_snat_rule_is_plain_jump(entry);
}

static void read_rule(const struct ipt_entry *entry, struct ezlb_snat_slot *slot)
{
	slot->ours = ezlb_snat_rule_parse(entry, entry->next_offset, &slot->row) == 0;
	slot->packets = entry->counters.pcnt;
	slot->bytes = entry->counters.bcnt;
}

static void read_view(struct iptc_handle *handle, struct view *view)
{
	const struct ipt_entry *entry;

	*view = (struct view){ .chain.exists = iptc_is_chain(our_chain, handle) };
	if (!view->chain.exists)
		return;
	iptc_get_references(&view->refs, our_chain, handle);
	for (entry = iptc_first_rule(postrouting, handle); entry;
	     entry = iptc_next_rule(entry, handle))
		view->plain_jumps += is_plain_jump(entry, handle);
	for (entry = iptc_first_rule(our_chain, handle); entry;
	     entry = iptc_next_rule(entry, handle))
		read_rule(entry, EZLB_PUSH(&view->chain.slots));
	ezlb_snat_chain_mark_duplicates(&view->chain);
}

static bool frame_sound(const struct view *view)
{
	return view->chain.exists && view->refs == 1 && view->plain_jumps == 1;
}

static int layer_list(struct ezlb_layer *layer, const struct ezlb_scope *scope,
		      struct ezlb_table *out, struct ezlb_err *err)
{
	AUTO_HANDLE struct iptc_handle *handle = NULL;
	AUTO_VIEW struct view view = { 0 };
	bool loaded;
	int rc = ezlb_snat_nat_loaded(tables_of(layer), &loaded, err);

	(void)scope; /* the chain is ours: all of it is in scope */
	out->snat_present = out->snat_sound = false;
	if (rc < 0 || !loaded)
		return rc;
	rc = nat_open(&handle, err);
	if (rc < 0)
		return rc;
	read_view(handle, &view);
	out->snat_present = view.chain.exists;
	out->snat_sound = frame_sound(&view);
	for (size_t i = 0; i < view.chain.slots.len; i++) {
		const struct ezlb_snat_slot *slot = &view.chain.slots.items[i];

		if (slot->ours)
			*EZLB_PUSH(&out->snats) = slot->row;
		else
			out->snat_sound = false;
	}
	return 0;
}

static int layer_peek(struct ezlb_layer *layer, const struct ezlb_scope *scope, uint64_t *print)
{
	(void)scope;
	return ezlb_snat_nat_peek(tables_of(layer), print);
}

bool ezlb_snat_has_chain(const char *tables, const char *prefix)
{
	AUTO_HANDLE struct iptc_handle *handle = NULL;
	const char *name;
	bool loaded;

	if (ezlb_snat_nat_loaded(tables, &loaded, NULL) < 0 || !loaded ||
	    nat_open(&handle, NULL) < 0)
		return false;
	for (name = iptc_first_chain(handle); name; name = iptc_next_chain(handle)) {
		if (strncmp(name, prefix, strlen(prefix)) == 0)
			return true;
	}
	return false;
}

/* --- writing --------------------------------------------------------------------------------- */
/* These return what libiptc does: 0 for failure, with errno set. */

/* Deletes the rules of one chain that lead to ours, but for the first `keep` plain jumps. */
static int drop_refs_in(const char *name, unsigned keep, struct iptc_handle *handle)
{
	struct EZLB_VEC(unsigned) at = { 0 };
	const struct ipt_entry *entry = iptc_first_rule(name, handle);
	ipt_chainlabel chain;
	int ok = 1;

	for (unsigned i = 0; entry; entry = iptc_next_rule(entry, handle), i++) {
		if (!is_ref(entry, handle))
			continue;
		if (keep && ezlb_snat_rule_is_plain_jump(entry))
			keep--;
		else
			*EZLB_PUSH(&at) = i;
	}
	ezlb_strcpy(chain, sizeof(chain), name);
	while (ok && at.len)
		ok = iptc_delete_num_entry(chain, at.items[--at.len], handle);
	EZLB_VEC_CLEAR(&at);
	return ok;
}

/* The same for the whole table; plain jumps are at home in POSTROUTING only. */
static int drop_refs(unsigned keep, struct iptc_handle *handle)
{
	const char *name = iptc_first_chain(handle);

	for (; name; name = iptc_next_chain(handle)) {
		bool home = strcmp(name, postrouting) == 0;

		if (!drop_refs_in(name, home ? keep : 0, handle))
			return 0;
	}
	return 1;
}

static int write_frame(const struct view *now, struct iptc_handle *handle)
{
	struct ezlb_snat_rule jump;

	if (frame_sound(now))
		return 1;
	if (!now->chain.exists && !iptc_create_chain(our_chain, handle))
		return 0;
	if (!drop_refs(1, handle))
		return 0;
	if (now->plain_jumps)
		return 1;
	ezlb_snat_rule_jump(&jump);
	return iptc_insert_entry(postrouting, (const void *)jump.bytes, 0, handle);
}

static int append_slot(const struct ezlb_snat_slot *slot, struct iptc_handle *handle)
{
	struct ezlb_snat_rule rule;
	struct ipt_entry *entry = (void *)rule.bytes;
	int rc = ezlb_snat_rule_build(&slot->row, &rule);

	assert(rc == 0); /* a row was read from a rule or went through op_check */
	(void)rc;
	entry->counters.pcnt = slot->packets;
	entry->counters.bcnt = slot->bytes;
	return iptc_append_entry(our_chain, entry, handle);
}

/*
 * Takes rules off the end down to the first that differs, and appends the rest. libiptc reaches a
 * rule by walking a list, so edits here and there in a long chain would take quadratic time.
 */
static int write_rules(const struct ezlb_snat_chain *now, const struct ezlb_snat_chain *want,
		       struct iptc_handle *handle)
{
	size_t common = ezlb_snat_chain_common(now, want);

	for (size_t i = now->slots.len; i > common; i--) {
		if (!iptc_delete_num_entry(our_chain, (unsigned)(i - 1), handle))
			return 0;
	}
	for (size_t i = common; i < want->slots.len; i++) {
		if (!append_slot(&want->slots.items[i], handle))
			return 0;
	}
	return 1;
}

static int write_view(const struct view *now, const struct ezlb_snat_chain *want,
		      struct iptc_handle *handle)
{
	if (want->exists)
		return write_frame(now, handle) && write_rules(&now->chain, want, handle);
	return drop_refs(0, handle) && iptc_flush_entries(our_chain, handle) &&
	       iptc_delete_chain(our_chain, handle);
}

/* --- apply ----------------------------------------------------------------------------------- */

static bool reached(const struct view *view, const struct ezlb_snat_chain *want)
{
	return ezlb_snat_chain_same(&view->chain, want) && (!want->exists || frame_sound(view));
}

/* Somebody who ignores the lock may still come between: only the kernel knows what it holds. */
static int verify(const struct ezlb_snat_chain *want, struct ezlb_err *err)
{
	AUTO_HANDLE struct iptc_handle *handle = NULL;
	AUTO_VIEW struct view view = { 0 };
	int rc = nat_open(&handle, err);

	if (rc < 0)
		return rc;
	read_view(handle, &view);
	if (!reached(&view, want))
		return ezlb_err_set(err, EAGAIN,
				    "the nat table is not as it was just written: another program "
				    "changes it without holding %s",
				    ezlb_xtables_lock_path());
	return 0;
}

static int commit(struct iptc_handle *handle, struct ezlb_err *err)
{
	if (iptc_commit(handle))
		return 0;
	if (errno == ENOENT)
		return ezlb_err_set(
			err, ENOENT,
			"cannot write the nat table: this kernel lacks one of the modules "
			"xt_nat, xt_MASQUERADE, xt_tcpudp, xt_sctp");
	return nat_error(err, "cannot write the nat table");
}

/* Read, edit, one commit, read again. */
static int attempt(struct ezlb_op *const *ops, size_t n, struct ezlb_err *err)
{
	AUTO_HANDLE struct iptc_handle *handle = NULL;
	AUTO_VIEW struct view now = { 0 };
	AUTO_CHAIN struct ezlb_snat_chain want = { 0 };
	int rc = nat_open(&handle, err);

	if (rc < 0)
		return rc;
	read_view(handle, &now);
	ezlb_snat_chain_edit(&now.chain, ops, n, &want);
	if (reached(&now, &want))
		return 0;
	if (!write_view(&now, &want, handle))
		return nat_error(err, "cannot edit the nat table");
	rc = commit(handle, err);
	return rc < 0 ? rc : verify(&want, err);
}

/* A fresh look and a fresh commit each time; the kernel says EAGAIN when it came too late. */
static int attempts(struct ezlb_op *const *ops, size_t n, struct ezlb_err *err)
{
	struct ezlb_err why = { 0 };
	int rc = -EAGAIN;

	for (unsigned i = 0; i < TRIES && rc == -EAGAIN; i++)
		rc = attempt(ops, n, &why);
	if (rc < 0 && err)
		*err = why;
	return rc;
}

static int apply_batch(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
		       struct ezlb_err *err)
{
	EZLB_AUTO_CLOSE int lock = -1;
	bool loaded, makes = false;
	int rc = ezlb_snat_nat_loaded(tables_of(layer), &loaded, err);

	for (size_t i = 0; i < n; i++)
		makes = makes || ezlb_snat_op_makes(ops[i]);
	if (rc < 0 || (!loaded && !makes))
		return rc;
	lock = ezlb_xtables_lock(ezlb_xtables_lock_path(), EZLB_XTABLES_LOCK_LIMIT_MS,
				 EZLB_XTABLES_LOCK_STEP_MS, err);
	return lock < 0 ? lock : attempts(ops, n, err);
}

/* What one op says of itself, before the kernel is asked. */
static int op_check(const struct ezlb_op *op)
{
	struct ezlb_snat_rule rule;

	if (op->kind == EZLB_OP_SNAT_SETUP || op->kind == EZLB_OP_SNAT_TEARDOWN)
		return 0;
	return ezlb_snat_rule_build(&op->snat, &rule);
}

static int layer_apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
		       struct ezlb_err *err)
{
	EZLB_AUTO_FREE struct ezlb_op **sound = ezlb_calloc(n, sizeof(struct ezlb_op *));
	size_t n_sound = 0;
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		ops[i]->rc = op_check(ops[i]);
		if (ops[i]->rc == 0)
			sound[n_sound++] = ops[i];
	}
	if (n_sound)
		rc = apply_batch(layer, sound, n_sound, err);
	for (size_t i = 0; rc < 0 && i < n; i++)
		ops[i]->rc = rc;
	return rc;
}

static void layer_close(struct ezlb_layer *layer)
{
	free(layer);
}

struct ezlb_layer *ezlb_snat_iptables_new(const char *tables)
{
	struct iptables *iptables = ezlb_calloc(1, sizeof(*iptables));

	*iptables = (struct iptables){
		.layer = { .list = layer_list,
			   .peek = layer_peek,
			   .apply = layer_apply,
			   .close = layer_close },
		.tables = tables,
	};
	return &iptables->layer;
}

int ezlb_snat_iptables_open(struct ezlb_layer **out, struct ezlb_err *err)
{
	(void)err;
	*out = ezlb_snat_iptables_new(proc_tables);
	return 0;
}

bool ezlb_snat_iptables_has_chain(const char *prefix)
{
	return ezlb_snat_has_chain(proc_tables, prefix);
}
