/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page: the bytes of pkg/page/page.html, the operator's page. It needs no other file. */
#pragma once

#include <stddef.h>

extern const char ezlb_page[];
extern const size_t ezlb_page_len;
