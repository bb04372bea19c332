/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iptables: the layer with its one input beside libiptc as a parameter, for tests. */
#pragma once

#include <ezlb/layer.h>

/* `tables` names the file in which the kernel lists its loaded tables; borrowed. */
struct ezlb_layer *ezlb_snat_iptables_new(const char *tables);
