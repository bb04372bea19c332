/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rows: one array of the table while ops are carried out on it. It is kept in order, so that a row
 * is found by binary search; what is added stands behind the rest, and what is removed is only
 * marked, until rows_close puts both right in one go.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ezlb/mem.h>

struct rows {
	char *items; /* the vector's, until rows_close gives it back */
	size_t len, cap, size;
	ezlb_cmp_fn cmp;
	size_t old; /* so many were there before; each part is in order by itself */
	bool *gone; /* of the old ones */
};

/* Between the two the vector itself is not to be touched. */
#define ROWS_OPEN(vec, cmp) \
	rows_open((vec)->items, (vec)->len, (vec)->cap, sizeof(*(vec)->items), (cmp))
#define ROWS_CLOSE(rows, vec)                                                              \
	(rows_close(rows), (vec)->items = (void *)(rows)->items, (vec)->len = (rows)->len, \
	 (vec)->cap = (rows)->cap)
struct rows rows_open(void *items, size_t len, size_t cap, size_t size, ezlb_cmp_fn cmp);
void rows_close(struct rows *rows);

/* Pointers to rows are valid until the next change. */
void *rows_find(const struct rows *rows, const void *key);  /* NULL where there is none */
void *rows_first(const struct rows *rows, const void *key); /* the first that is not before key */
void rows_add(struct rows *rows, const void *row);	    /* one that is not there */
void rows_remove(struct rows *rows, void *row);
void rows_clear(struct rows *rows);
