/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peek: what the kernel tells of a family's legacy nat table without libiptc, and without its
 * module being loaded for the question.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/err.h>

#include "rules.h"

/* `tables` names the file in which the kernel lists its loaded tables. */
int ezlb_snat_nat_loaded(const char *tables, bool *loaded, struct ezlb_err *err);

/* A hash of the table, as ezlb/snat.h tells; -ENOENT where it is not loaded. */
int ezlb_snat_nat_peek(const struct ezlb_snat_form *form, const char *tables, uint64_t *print);
