/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_content: reads and writes the lines of the ledger, one for each owned object. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include <ezlb/store.h>

bool ledger_content_same(const struct ezlb_ledger_content *a, const struct ezlb_ledger_content *b);

/* Adds the object of the line, and changes the line. Returns what is wrong with it, or NULL. */
const char *ledger_content_take(struct ezlb_ledger_content *content, char *line);
/* Call it after the last line. Returns the kind of object that has a duplicate, or NULL. */
const char *ledger_content_sort(struct ezlb_ledger_content *content);

/* As fprintf: below 0 on failure. */
int ledger_content_write(const struct ezlb_ledger_content *content, FILE *f);
