/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reader: the spec under construction, and details of the file that the rules need. */
#pragma once

#include <ezlb/spec.h>

#include "source.h"

struct reader {
	struct source *src;
	struct ezlb_spec *spec;
	struct ezlb_backend *backend; /* being read */
	struct ezlb_mark forward_at;  /* line 0: not in the file */
	bool full_nat_unclear;	      /* present, but neither true nor false */
	struct ezlb_mark check_on_at; /* health_check.enabled is true; line 0: not in the file */
	bool check_off;		      /* health_check.enabled is false */
	bool check_type_given;
};

/* rules.c: checks that involve several fields. Ignores fields that could not be read. */
void ezlb_rules_check(struct reader *r);
