// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define TARGET_SIZE XT_ALIGN(sizeof(struct xt_standard_target))

static_assert(sizeof(struct ip6t_entry) + sizeof(struct xt_entry_match) +
			      sizeof(union ezlb_fw_info) + TARGET_SIZE <=
		      EZLB_XT_ENTRY_MAX,
	      "no room for a rule");

static size_t put_match(const struct ezlb_accept_row *row, struct xt_entry_match *match)
{
	struct ezlb_fw_match made;

	ezlb_fw_match_build(row, &made);
	match->u.user.match_size = (uint16_t)(sizeof(*match) + made.size);
	match->u.user.revision = made.rev;
	ezlb_strcpy(match->u.user.name, sizeof(match->u.user.name), made.name);
	memcpy(match->data, &made.info, made.size);
	return match->u.user.match_size;
}

void ezlb_fw_entry_build(const struct ezlb_accept_row *row, struct ezlb_xt_entry *out)
{
	const struct ezlb_xt_form *form = ezlb_xt_form_of(row->service.listen.addr.family);
	struct xt_entry_target *target;
	size_t at;

	memset(out, 0, sizeof(*out));
	ezlb_xt_put_proto(form, row->service.proto, out->bytes);
	if (row->gate == EZLB_GATE_INPUT)
		ezlb_xt_put_dst(form, &row->service.listen.addr, out->bytes);
	at = form->size + put_match(row, (void *)(out->bytes + form->size));
	target = (void *)(out->bytes + at);
	target->u.user.target_size = TARGET_SIZE;
	ezlb_strcpy(target->u.user.name, sizeof(target->u.user.name), "ACCEPT");
	out->len = at + TARGET_SIZE;
	ezlb_xt_put_offsets(form, at, out->len, out->bytes);
}

static void read_dst(const struct ezlb_xt_form *form, const unsigned char *entry,
		     struct ezlb_addr *addr)
{
	addr->family = form->family;
	memcpy(addr->bytes, entry + form->dst, form->addr_size);
}

int ezlb_fw_entry_read(const struct ezlb_xt_form *form, const void *entry, const char *target,
		       struct ezlb_accept_row *out)
{
	struct ezlb_xt_entry seen = { .len = ezlb_xt_entry_len(form, entry) }, made;
	size_t target_at = ezlb_xt_entry_target_at(form, entry);
	struct xt_entry_match *match = (void *)(seen.bytes + form->size);
	struct ezlb_accept_row row = { .gate = EZLB_GATE_INPUT };

	if (strcmp(target, "ACCEPT") != 0 || seen.len > sizeof(seen.bytes) ||
	    target_at < form->size + sizeof(*match))
		return -EINVAL;
	memcpy(seen.bytes, entry, seen.len);
	ezlb_xt_clean_head(form, seen.bytes);
	ezlb_xt_clean_name(match->u.user.name);
	if (ezlb_fw_match_read(match->u.user.name, match->data,
			       target_at - form->size - sizeof(*match), form->family, &row) < 0)
		return -EINVAL;
	if (row.gate == EZLB_GATE_INPUT)
		read_dst(form, seen.bytes, &row.service.listen.addr);
	ezlb_fw_entry_build(&row, &made);
	/* Not the target: libiptc replaces its bytes by its own. */
	if (made.len != seen.len || memcmp(made.bytes, seen.bytes, target_at) != 0)
		return -EINVAL;
	*out = row;
	return 0;
}
