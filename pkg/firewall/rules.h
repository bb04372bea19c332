/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules: converts a row to the bytes of a rule of a legacy filter table and back. Pure. The bytes
 * are those that `iptables -A` or `ip6tables -A` writes for the rules in ezlb/firewall.h.
 */
#pragma once

#include "match.h"

void ezlb_fw_entry_build(const struct ezlb_accept_row *row, struct ezlb_xt_entry *out);

/*
 * Reads an entry from the kernel; `target` is its target's name from libiptc. -EINVAL unless build
 * creates the same bytes, apart from counters, padding and the kernel's own fields.
 */
int ezlb_fw_entry_read(const struct ezlb_xt_form *form, const void *entry, const char *target,
		       struct ezlb_accept_row *out);
