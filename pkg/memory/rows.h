/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rows: one array of the table while a batch runs. It is sorted, so that binary search finds a row.
 * Added rows are kept behind the old ones and removed rows are only marked; rows_close merges both
 * in one go.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ezlb/mem.h>

struct rows {
	char *items; /* from the vector; rows_close returns it */
	size_t len, cap, size;
	ezlb_cmp_fn cmp;
	size_t old; /* the number of old rows; old and added rows are sorted separately */
	bool *gone; /* which old rows were removed */
};

/* Do not use the vector between the two. */
#define ROWS_OPEN(vec, cmp) \
	rows_open((vec)->items, (vec)->len, (vec)->cap, sizeof(*(vec)->items), (cmp))
#define ROWS_CLOSE(rows, vec)                                                              \
	(rows_close(rows), (vec)->items = (void *)(rows)->items, (vec)->len = (rows)->len, \
	 (vec)->cap = (rows)->cap)
struct rows rows_open(void *items, size_t len, size_t cap, size_t size, ezlb_cmp_fn cmp);
void rows_close(struct rows *rows);

/* Pointers to rows are valid until the next change. */
void *rows_find(const struct rows *rows, const void *key);  /* NULL if there is none */
void *rows_first(const struct rows *rows, const void *key); /* the first row not before key */
void rows_add(struct rows *rows, const void *row);	    /* the row must not exist */
void rows_remove(struct rows *rows, void *row);
void rows_clear(struct rows *rows);
