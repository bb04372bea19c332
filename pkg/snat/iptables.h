/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iptables: what is in ezlb/snat.h, with its input beside libiptc as a parameter, for tests. */
#pragma once

#include <stdbool.h>

#include <ezlb/layer.h>

/* `tables` names the file in which the kernel lists its loaded tables; borrowed. */
struct ezlb_layer *ezlb_snat_iptables_new(const char *tables);
bool ezlb_snat_has_chain(const char *tables, const char *prefix);
