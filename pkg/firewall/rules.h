/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules: one row to the bytes of one rule of a legacy filter table and back. Pure. The bytes are
 * those that `iptables -A` or `ip6tables -A` makes of the form in ezlb/firewall.h.
 */
#pragma once

#include "match.h"

void ezlb_fw_entry_build(const struct ezlb_accept_row *row, struct ezlb_xt_entry *out);

/*
 * Reads an entry of the kernel's; `target` is what libiptc says that it is. -EINVAL for one that
 * build would not have made; counters, padding and the kernel's own fields do not count.
 */
int ezlb_fw_entry_read(const struct ezlb_xt_form *form, const void *entry, const char *target,
		       struct ezlb_accept_row *out);
