// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules.h" /* first: the order of its includes matters */

#include "legacy.h"

#include <errno.h>

#include <linux/netfilter.h>

static const struct ezlb_xt *xt_of(uint8_t family)
{
	return family == AF_INET ? &ezlb_xt_ip : &ezlb_xt_ip6;
}

/* The name in error texts. */
static const char *table_of(const struct ezlb_xt *xt)
{
	return xt->form->family == AF_INET ? "filter table of iptables"
					   : "filter table of ip6tables";
}

/* --- reading --------------------------------------------------------------------------------- */

static void read_rule(const struct ezlb_xt *xt, struct xtc_handle *handle, const void *entry,
		      struct ezlb_fw_rule *out)
{
	const char *target = xt->target(entry, handle);

	if (ezlb_fw_entry_read(xt->form, entry, target, &out->row) == 0) {
		out->kind = EZLB_FW_ROW;
	} else if (strcmp(target, "DROP") == 0 || strcmp(target, "REJECT") == 0) {
		out->kind = EZLB_FW_DROP;
	} else if (xt->is_chain(target, handle)) {
		out->kind = EZLB_FW_GO;
		out->to = ezlb_strdup(target);
		out->plain = ezlb_xt_entry_is_plain(xt->form, entry);
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

static void read_chain(const struct ezlb_xt *xt, struct xtc_handle *handle,
		       struct ezlb_fw_chain *out)
{
	const void *entry = xt->first_rule(out->name, handle);

	out->hook = -1;
	if (xt->builtin(out->name, handle)) {
		const char *policy = xt->policy(out->name, handle);

		out->hook = hook_of(out->name);
		out->home = true;
		out->policy_drops = policy && strcmp(policy, "DROP") == 0;
	}
	for (; entry; entry = xt->next_rule(entry, handle))
		read_rule(xt, handle, entry, EZLB_PUSH(&out->rules));
}

int ezlb_fw_legacy_read(uint8_t family, struct ezlb_fw_actual *actual, struct xtc_handle **handle,
			struct ezlb_err *err)
{
	const struct ezlb_xt *xt = xt_of(family);
	const char *name;

	actual->family = family;
	errno = 0;
	*handle = xt->init(EZLB_FW_TABLE);
	if (!*handle)
		return ezlb_xt_explain(xt, "read", table_of(xt), err);
	/* libiptc has only one cursor: walk over all chains first, then over their rules. */
	for (name = xt->first_chain(*handle); name; name = xt->next_chain(*handle))
		EZLB_PUSH(&actual->chains)->name = ezlb_strdup(name);
	for (size_t i = 0; i < actual->chains.len; i++)
		read_chain(xt, *handle, &actual->chains.items[i]);
	return 0;
}

void ezlb_fw_legacy_free(uint8_t family, struct xtc_handle *handle)
{
	if (handle)
		xt_of(family)->free(handle);
}

/* --- writing --------------------------------------------------------------------------------- */

/* Like libiptc, returns 0 on failure and sets errno. */
static int apply_step(const struct ezlb_xt *xt, const struct ezlb_fw_step *step,
		      struct xtc_handle *handle)
{
	struct ezlb_xt_entry entry;
	xt_chainlabel chain;

	ezlb_strcpy(chain, sizeof(chain), step->chain);
	switch (step->kind) {
	case EZLB_FW_DEL_RULE:
		return xt->delete_at(chain, (unsigned)step->at, handle);
	case EZLB_FW_DEL_CHAIN:
		return xt->delete_chain(chain, handle);
	case EZLB_FW_NEW_CHAIN:
		return xt->create_chain(chain, handle);
	case EZLB_FW_APPEND:
		ezlb_fw_entry_build(&step->row, &entry);
		return xt->append(chain, entry.bytes, handle);
	case EZLB_FW_JUMP:
		ezlb_xt_entry_jump(xt->form, ezlb_fw_ours(step->row.gate), &entry);
		return xt->insert(chain, entry.bytes, 0, handle);
	}
	return 0;
}

int ezlb_fw_legacy_write(uint8_t family, struct xtc_handle *handle,
			 const struct ezlb_fw_steps *steps, struct ezlb_err *err)
{
	const struct ezlb_xt *xt = xt_of(family);

	for (size_t i = 0; i < steps->len; i++) {
		if (!apply_step(xt, &steps->items[i], handle))
			return ezlb_xt_explain(xt, "edit", table_of(xt), err);
	}
	if (xt->commit(handle))
		return 0;
	if (errno == ENOENT)
		return ezlb_err_set(err, ENOENT,
				    "cannot write the %s: this kernel lacks one of the modules "
				    "xt_conntrack, xt_tcpudp, xt_sctp",
				    table_of(xt));
	return ezlb_xt_explain(xt, "write", table_of(xt), err);
}
