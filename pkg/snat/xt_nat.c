// SPDX-License-Identifier: GPL-2.0-or-later
#include "xt_nat.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <ezlb/netfilter.h>
#include <ezlb/snat.h>

#include "rules.h"

#define TRIES 3

static const xt_chainlabel our_chain = EZLB_SNAT_CHAIN;
static const xt_chainlabel postrouting = "POSTROUTING";

/* Names for error texts. */
struct words {
	const char *table;
	const char *module;	/* missing if the kernel does not know such tables */
	const char *nat_module; /* missing if it knows them, but no nat table */
};

static const struct words *words_of(const struct ezlb_xt *xt)
{
	static const struct words ip = { "nat table", "iptable_nat", "iptable_nat" };
	static const struct words ip6 = { "IPv6 nat table", "ip6_tables", "ip6table_nat" };

	return xt->form->family == AF_INET ? &ip : &ip6;
}

/* A snapshot of the table to read and edit. */
struct nat {
	const struct ezlb_xt *xt;
	struct xtc_handle *handle;
};

#define AUTO_ACTUAL __attribute__((cleanup(ezlb_xt_actual_clear)))
#define AUTO_CHAIN  __attribute__((cleanup(ezlb_snat_chain_clear)))
#define AUTO_NAT    __attribute__((cleanup(nat_free)))

void ezlb_xt_actual_clear(struct ezlb_xt_actual *actual)
{
	ezlb_snat_chain_clear(&actual->chain);
}

static void nat_free(struct nat *nat)
{
	if (nat->handle)
		nat->xt->free(nat->handle);
}

/* --- reading --------------------------------------------------------------------------------- */

static int nat_open(struct nat *nat, struct ezlb_err *err)
{
	const struct words *words = words_of(nat->xt);

	nat->handle = nat->xt->init("nat");
	if (nat->handle)
		return 0;
	if (errno == ENOPROTOOPT || errno == ENOENT)
		return ezlb_err_set(err, errno, "this kernel has no legacy %s (modprobe %s)",
				    words->table,
				    errno == ENOENT ? words->nat_module : words->module);
	if (errno == EAFNOSUPPORT)
		return ezlb_err_set(err, errno,
				    "cannot read the %s: IPv6 is off in this kernel (boot it "
				    "without ipv6.disable=1)",
				    words->table);
	return ezlb_xt_explain(nat->xt, "read", words->table, err);
}

static bool is_ref(const struct nat *nat, const void *entry)
{
	return strcmp(nat->xt->target(entry, nat->handle), our_chain) == 0;
}

static bool is_plain_jump(const struct nat *nat, const void *entry)
{
	return is_ref(nat, entry) && ezlb_xt_entry_is_plain(nat->xt->form, entry);
}

static void read_rule(const struct ezlb_xt_form *form, const void *entry,
		      struct ezlb_snat_slot *slot)
{
	size_t len = ezlb_xt_entry_len(form, entry);

	slot->ours = ezlb_snat_rule_parse(form, entry, len, &slot->row) == 0;
	slot->bytes = ezlb_xt_entry_counters(form, entry).bcnt;
}

static void read_actual(const struct nat *nat, struct ezlb_xt_actual *actual)
{
	const struct ezlb_xt *xt = nat->xt;
	const void *entry;

	*actual = (struct ezlb_xt_actual){ .chain.exists = xt->is_chain(our_chain, nat->handle) };
	if (!actual->chain.exists)
		return;
	xt->references(&actual->refs, our_chain, nat->handle);
	for (entry = xt->first_rule(postrouting, nat->handle); entry;
	     entry = xt->next_rule(entry, nat->handle))
		actual->plain_jumps += is_plain_jump(nat, entry);
	for (entry = xt->first_rule(our_chain, nat->handle); entry;
	     entry = xt->next_rule(entry, nat->handle))
		read_rule(xt->form, entry, EZLB_PUSH(&actual->chain.slots));
	ezlb_snat_chain_mark_duplicates(&actual->chain);
}

bool ezlb_xt_frame_sound(const struct ezlb_xt_actual *actual)
{
	return actual->chain.exists && actual->refs == 1 && actual->plain_jumps == 1;
}

int ezlb_xt_read(const struct ezlb_xt *xt, struct ezlb_xt_actual *actual, struct ezlb_err *err)
{
	AUTO_NAT struct nat nat = { .xt = xt };
	int rc = nat_open(&nat, err);

	if (rc == 0)
		read_actual(&nat, actual);
	return rc;
}

bool ezlb_xt_has_chain(const struct ezlb_xt *xt, const char *prefix)
{
	AUTO_NAT struct nat nat = { .xt = xt };
	const char *name;

	if (nat_open(&nat, NULL) < 0)
		return false;
	for (name = xt->first_chain(nat.handle); name; name = xt->next_chain(nat.handle)) {
		if (strncmp(name, prefix, strlen(prefix)) == 0)
			return true;
	}
	return false;
}

/* --- writing --------------------------------------------------------------------------------- */
/* Like libiptc, these return 0 on failure and set errno. */

/* Deletes the rules of one chain that lead to ezlb's, except the first `keep` plain jumps. */
static int drop_refs_in(const char *name, unsigned keep, const struct nat *nat)
{
	struct EZLB_VEC(unsigned) at = { 0 };
	const void *entry = nat->xt->first_rule(name, nat->handle);
	xt_chainlabel chain;
	int ok = 1;

	for (unsigned i = 0; entry; entry = nat->xt->next_rule(entry, nat->handle), i++) {
		if (!is_ref(nat, entry))
			continue;
		if (keep && ezlb_xt_entry_is_plain(nat->xt->form, entry))
			keep--;
		else
			*EZLB_PUSH(&at) = i;
	}
	ezlb_strcpy(chain, sizeof(chain), name);
	while (ok && at.len)
		ok = nat->xt->delete_at(chain, at.items[--at.len], nat->handle);
	EZLB_VEC_CLEAR(&at);
	return ok;
}

/* The same for the whole table; keeps plain jumps only in POSTROUTING. */
static int drop_refs(unsigned keep, const struct nat *nat)
{
	const char *name = nat->xt->first_chain(nat->handle);

	for (; name; name = nat->xt->next_chain(nat->handle)) {
		bool home = strcmp(name, postrouting) == 0;

		if (!drop_refs_in(name, home ? keep : 0, nat))
			return 0;
	}
	return 1;
}

static int write_frame(const struct ezlb_xt_actual *now, const struct nat *nat)
{
	struct ezlb_xt_entry jump;

	if (ezlb_xt_frame_sound(now))
		return 1;
	if (!now->chain.exists && !nat->xt->create_chain(our_chain, nat->handle))
		return 0;
	if (!drop_refs(1, nat))
		return 0;
	if (now->plain_jumps)
		return 1;
	ezlb_xt_entry_jump(nat->xt->form, EZLB_SNAT_CHAIN, &jump);
	return nat->xt->insert(postrouting, jump.bytes, 0, nat->handle);
}

static int append_slot(const struct ezlb_snat_slot *slot, const struct nat *nat)
{
	struct xt_counters counters = { .pcnt = slot->row.connections, .bcnt = slot->bytes };
	struct ezlb_xt_entry rule;
	int rc = ezlb_snat_rule_build(&slot->row, &rule);

	assert(rc == 0); /* the row was read from a rule or passed ezlb_snat_op_check */
	(void)rc;
	memcpy(rule.bytes + nat->xt->form->counters, &counters, sizeof(counters));
	return nat->xt->append(our_chain, rule.bytes, nat->handle);
}

/*
 * Deletes rules from the end down to the first that differs, then appends the rest. libiptc finds
 * a rule by walking a list, so separate edits in a long chain would take quadratic time.
 */
static int write_rules(const struct ezlb_snat_chain *now, const struct ezlb_snat_chain *want,
		       const struct nat *nat)
{
	size_t common = ezlb_snat_chain_common(now, want);

	for (size_t i = now->slots.len; i > common; i--) {
		if (!nat->xt->delete_at(our_chain, (unsigned)(i - 1), nat->handle))
			return 0;
	}
	for (size_t i = common; i < want->slots.len; i++) {
		if (!append_slot(&want->slots.items[i], nat))
			return 0;
	}
	return 1;
}

static int write_actual(const struct ezlb_xt_actual *now, const struct ezlb_snat_chain *want,
			const struct nat *nat)
{
	if (want->exists)
		return write_frame(now, nat) && write_rules(&now->chain, want, nat);
	return drop_refs(0, nat) && nat->xt->flush(our_chain, nat->handle) &&
	       nat->xt->delete_chain(our_chain, nat->handle);
}

/* --- apply ----------------------------------------------------------------------------------- */

static bool reached(const struct ezlb_xt_actual *actual, const struct ezlb_snat_chain *want)
{
	return ezlb_snat_chain_same(&actual->chain, want) &&
	       (!want->exists || ezlb_xt_frame_sound(actual));
}

/* Reads the table again: a program that ignores the lock may have changed it. */
static int verify(const struct ezlb_xt *xt, const struct ezlb_snat_chain *want,
		  struct ezlb_err *err)
{
	AUTO_ACTUAL struct ezlb_xt_actual actual = { 0 };
	int rc = ezlb_xt_read(xt, &actual, err);

	if (rc == 0 && !reached(&actual, want))
		return ezlb_err_set(err, EAGAIN,
				    "the %s differs from what was just written: another program "
				    "changes it without holding %s",
				    words_of(xt)->table, ezlb_xtables_lock_path());
	return rc;
}

static int commit(const struct nat *nat, struct ezlb_err *err)
{
	if (nat->xt->commit(nat->handle))
		return 0;
	if (errno == ENOENT)
		return ezlb_err_set(err, ENOENT,
				    "cannot write the %s: this kernel lacks one of the modules "
				    "xt_nat, xt_MASQUERADE, xt_tcpudp, xt_sctp",
				    words_of(nat->xt)->table);
	return ezlb_xt_explain(nat->xt, "write", words_of(nat->xt)->table, err);
}

/* Reads the table, edits it, commits once, and reads it again. */
static int attempt(struct ezlb_xt_part *part, struct ezlb_op *const *ops, size_t n,
		   struct ezlb_err *err)
{
	AUTO_NAT struct nat nat = { .xt = part->xt };
	AUTO_ACTUAL struct ezlb_xt_actual now = { 0 };
	AUTO_CHAIN struct ezlb_snat_chain want = { 0 };
	int rc = nat_open(&nat, err);

	if (rc < 0)
		return rc;
	read_actual(&nat, &now);
	part->exists = now.chain.exists;
	part->n = ezlb_snat_ops_select(ops, n, part->xt->form->family, part->exists, part->ops);
	ezlb_snat_chain_edit(&now.chain, part->ops, part->n, &want);
	if (reached(&now, &want))
		return 0;
	if (!write_actual(&now, &want, &nat))
		return ezlb_xt_explain(part->xt, "edit", words_of(part->xt)->table, err);
	rc = commit(&nat, err);
	return rc < 0 ? rc : verify(part->xt, &want, err);
}

/* Reads again for each try; -EAGAIN means that another program changed the table meanwhile. */
void ezlb_xt_apply(struct ezlb_xt_part *part, struct ezlb_op *const *ops, size_t n)
{
	part->rc = -EAGAIN;
	for (unsigned i = 0; i < TRIES && part->rc == -EAGAIN; i++)
		part->rc = attempt(part, ops, n, &part->err);
}
