/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * legacy: the filter table of iptables or ip6tables, through libiptc and libip6tc. Asking loads the
 * table: for tables that are loaded. Who writes holds the lock of iptables.
 */
#pragma once

#include "edit.h"

struct xtc_handle;

/*
 * Fills *actual, which the caller clears also after a failure. *handle is the same as libiptc has
 * it, for the write; the caller frees it with ezlb_fw_legacy_free.
 */
int ezlb_fw_legacy_read(uint8_t family, struct ezlb_fw_actual *actual, struct xtc_handle **handle,
			struct ezlb_err *err);
void ezlb_fw_legacy_free(uint8_t family, struct xtc_handle *handle);

/* Carries the steps out in one commit. -EAGAIN where somebody else was faster. */
int ezlb_fw_legacy_write(uint8_t family, struct xtc_handle *handle,
			 const struct ezlb_fw_steps *steps, struct ezlb_err *err);
