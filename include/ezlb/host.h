/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host: kernel settings that FullNAT needs, as a layer. Never sets one that no service needs. */
#pragma once

#include <ezlb/layer.h>

/* Settings are files under `root`, which is /proc but for tests; borrowed. */
int ezlb_host_open(const char *root, struct ezlb_layer **out, struct ezlb_err *err);
