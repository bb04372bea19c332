/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iptables: the driver of ezlb/snat.h with its files as parameters, for tests. */
#pragma once

#include <stdbool.h>

#include <ezlb/layer.h>

/* The files in which the kernel lists its loaded IPv4 and IPv6 tables; borrowed. */
struct ezlb_layer *ezlb_snat_iptables_new(const char *tables, const char *tables6);
bool ezlb_snat_has_chain(const char *tables, const char *prefix);
