/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * legacy: the filter table of iptables or ip6tables, through libiptc and libip6tc. Reading would
 * load the table: call this only for a loaded table. Writing needs the iptables lock.
 */
#pragma once

#include "edit.h"

struct xtc_handle;

/*
 * Fills *actual, which the caller clears also after a failure. *handle is libiptc's snapshot for
 * the write; the caller frees it with ezlb_fw_legacy_free.
 */
int ezlb_fw_legacy_read(uint8_t family, struct ezlb_fw_actual *actual, struct xtc_handle **handle,
			struct ezlb_err *err);
void ezlb_fw_legacy_free(uint8_t family, struct xtc_handle *handle);

/* Applies the steps in one commit. -EAGAIN if another program changed the table first. */
int ezlb_fw_legacy_write(uint8_t family, struct xtc_handle *handle,
			 const struct ezlb_fw_steps *steps, struct ezlb_err *err);
