/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kmod: libkmod, which is loaded when the first kernel module must be: it is linked with libcrypto,
 * of which 3 MB would stay in memory. Call its functions only after kmod_library_load().
 */
#pragma once

#include <ezlb/err.h>

/* As ezlb_library_load(). */
int kmod_library_load(struct ezlb_err *err);
