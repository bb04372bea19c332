/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iptables: what is in ezlb/snat.h, with its input beside libiptc as a parameter, for tests. */
#pragma once

#include <stdbool.h>

#include <ezlb/layer.h>

/* The files in which the kernel lists its loaded tables, of IPv4 and of IPv6; borrowed. */
struct ezlb_layer *ezlb_snat_iptables_new(const char *tables, const char *tables6);
bool ezlb_snat_has_chain(const char *tables, const char *prefix);
