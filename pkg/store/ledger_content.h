/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_content: what is in the ledger as lines, one for each thing that is ezlb's. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include <ezlb/store.h>

bool ledger_content_same(const struct ezlb_ledger_content *a, const struct ezlb_ledger_content *b);

/* Adds what the line says, which is spoilt. Returns what is wrong with it, or NULL. */
const char *ledger_content_take(struct ezlb_ledger_content *content, char *line);
/* Once all lines are in. Returns the kind of thing of which one is there twice, or NULL. */
const char *ledger_content_sort(struct ezlb_ledger_content *content);

/* As fprintf: below 0 where it failed. */
int ledger_content_write(const struct ezlb_ledger_content *content, FILE *f);
