/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page: the operator's page, pkg/page/page.html, as it is sent: one file, no other asset. */
#pragma once

#include <stddef.h>

extern const char ezlb_page[];
extern const size_t ezlb_page_len;
