/* SPDX-License-Identifier: GPL-2.0-or-later */
/* within: a merge with another limit than EZLB_DESIRED_DESTS_MAX, for tests. */
#pragma once

#include <ezlb/desired.h>

/* The dests of the spec; 0 for NULL. */
size_t desired_dests(const struct ezlb_spec *spec);
/* As ezlb_desired_merge and ezlb_desired_fit, with at most `max` dests. */
void desired_merge_within(struct ezlb_candidate *candidates, size_t n,
			  enum ezlb_snat_key_kind snat_key, size_t max, struct ezlb_desired *out,
			  struct ezlb_diags *diags);
bool desired_fit_within(const struct ezlb_desired *specs, const struct ezlb_desired *among,
			enum ezlb_snat_key_kind snat_key, size_t max);
