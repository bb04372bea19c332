/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tell: what the log says of an update. */
#pragma once

#include <ezlb/catalog.h>

/* Logs what is new about the touched entries; `before`: the diagnostics that they had, by file. */
void tell_files(struct ezlb_catalog *catalog, const struct ezlb_diags *before);
