/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * focus: which services have changed since the last pass: the next one may be about these only.
 * Pure. Whatever it does not know makes it all of them.
 */
#pragma once

#include <ezlb/catalog.h>

#define FOCUS_MAX 256 /* with more services a pass over all costs no more */

struct focus_name {
	uint64_t hash; /* of the name */
	size_t at;     /* in the desired set */
};
struct focus_names EZLB_VEC(struct focus_name);

struct focus {
	bool all;
	bool quiet; /* all, but only because of the time: nothing is known to have changed */
	struct ezlb_scope keys;	  /* first keys (ezlb_spec_key) of the services; sorted */
	struct focus_names names; /* of the desired set; sorted by hash; empty: not made yet */
};

void focus_all(struct focus *focus);
/* All, because the time has come; nothing more if something is in it. */
void focus_time(struct focus *focus);
/* Begins anew, with no service: a pass takes what there was. */
void focus_forget(struct focus *focus);
/* After an update of the catalog, which has this desired set now. */
void focus_files(struct focus *focus, const struct ezlb_desired *desired,
		 const struct ezlb_catalog_change *change);
/* The service with this name. */
void focus_name(struct focus *focus, const struct ezlb_desired *desired, const char *name);
/* These services; and those with these first keys. */
void focus_specs(struct focus *focus, const struct ezlb_desired *desired,
		 const struct ezlb_desired *specs);
void focus_keys(struct focus *focus, const struct ezlb_desired *desired,
		const struct ezlb_scope *keys);
/* The services, in the order of the desired set; not if it is all. *out is empty before. */
void focus_list(struct focus *focus, const struct ezlb_desired *desired, struct ezlb_desired *out);
void focus_clear(struct focus *focus);
