/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mark: the layer of the marks with another kernel, for tests. */
#pragma once

#include <ezlb/netfilter.h>
#include <ezlb/snat.h>

struct ezlb_layer *ezlb_mark_new(const struct ezlb_nl_source *source,
				 const struct ezlb_nft_signs *signs);
/* Appends the requests that create the table with these rows. */
void mark_put_all(struct ezlb_nl_buf *buf, const struct ezlb_marks *rows);
