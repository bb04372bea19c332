/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reader: the spec under construction, and what the rules must know of how the file said it. */
#pragma once

#include <ezlb/spec.h>

#include "source.h"

struct reader {
	struct source *src;
	struct ezlb_spec *spec;
	struct ezlb_backend *backend; /* the one that is being read */
	struct ezlb_mark forward_at;  /* line 0: not in the file */
	bool full_nat_unclear;	      /* there, but neither true nor false */
	struct ezlb_mark check_on_at; /* health_check.enabled is true; line 0: not in the file */
	bool check_off;		      /* health_check.enabled is false */
	bool check_type_given;
};

/* rules.c: what no field can say alone. Fields that could not be read are left out of it. */
void ezlb_rules_check(struct reader *r);
