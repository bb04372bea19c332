/* SPDX-License-Identifier: GPL-2.0-or-later */
/* change: how far an edit of a service file reaches. */
#pragma once

#include <ezlb/spec.h>

enum change {
	CHANGE_NONE,   /* only places in the file, such as after an edit of a comment */
	CHANGE_NARROW, /* only in rows of the service itself: see struct ezlb_catalog_change */
	CHANGE_WIDE
};

/* `a` and `b` are versions of one file. A field that change.c does not know makes it WIDE. */
enum change change_of(const struct ezlb_spec *a, const struct ezlb_spec *b);
/* Whether both have the same health rows. */
bool change_keeps_probes(const struct ezlb_spec *a, const struct ezlb_spec *b);
