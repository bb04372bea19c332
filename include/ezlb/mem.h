/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mem: allocation that aborts when memory runs out (the kernel keeps its rules, and a restart
 * recovers), cleanup attributes for locals, and the growable array.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *ezlb_calloc(size_t n, size_t size); /* never NULL, zeroed */
void *ezlb_realloc(void *p, size_t n, size_t size);
char *ezlb_strdup(const char *s);
char *ezlb_strndup(const char *s, size_t n);
char *ezlb_asprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Copies, truncating if necessary, and always ends with NUL. Returns false if it truncated. */
bool ezlb_strcpy(char *dst, size_t size, const char *src);

/* Appends to the string in dst of `size` bytes; truncates when it is full. */
void ezlb_strcatf(char *dst, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* EZLB_AUTO_FREE char *p = NULL;   frees p at the end of the scope. */
#define EZLB_AUTO_FREE	__attribute__((cleanup(ezlb_free_ptr)))
#define EZLB_AUTO_CLOSE __attribute__((cleanup(ezlb_close_fd)))
void ezlb_free_ptr(void *pp);
void ezlb_close_fd(int *fd); /* closes if *fd >= 0, and sets it to -1 */

/*
 * A vector: any struct with the members `items`, `len`, `cap`. The zero value is empty. EZLB_PUSH
 * yields a pointer to the new, zeroed item, valid until the next push. EZLB_ROOM reserves n more
 * items and yields a pointer to the first of them, not zeroed.
 */
#define EZLB_VEC(type)           \
	{                        \
		type *items;     \
		size_t len, cap; \
	}
#define EZLB_PUSH(v)                                                                           \
	((v)->len < (v)->cap ? (void)0 : (void)EZLB_ROOM(v, (v)->cap ? (size_t)1 : (size_t)8), \
	 (void)memset((v)->items + (v)->len, 0, sizeof(*(v)->items)), &(v)->items[(v)->len++])
#define EZLB_ROOM(v, n)                                                                         \
	((v)->items = ezlb_vec_grow((v)->items, (v)->len, &(v)->cap, (n), sizeof(*(v)->items)), \
	 (v)->items + (v)->len)
#define EZLB_VEC_CLEAR(v) (free((v)->items), (v)->items = NULL, (v)->len = (v)->cap = 0)
/* Gives back room that no item uses. For vectors that stay and seldom grow. */
#define EZLB_VEC_FIT(v) \
	((v)->items = ezlb_vec_fit((v)->items, (v)->len, &(v)->cap, sizeof(*(v)->items)))
/* Appends a flat copy of each item of `from`; EZLB_VEC_COPY replaces the items of `to`. */
#define EZLB_VEC_APPEND(to, from)                                                              \
	do {                                                                                   \
		size_t n_ = (from)->len;                                                       \
		(void)sizeof(*(to)->items = *(from)->items); /* the same type */               \
		if (n_ > 0)                                                                    \
			memcpy(EZLB_ROOM(to, n_), (from)->items, n_ * sizeof(*(from)->items)); \
		(to)->len += n_;                                                               \
	} while (0)
#define EZLB_VEC_COPY(to, from)            \
	do {                               \
		(to)->len = 0;             \
		EZLB_VEC_APPEND(to, from); \
	} while (0)
/* Removes the rows v->items[i] for which `cond` is false. */
#define EZLB_VEC_KEEP(v, i, cond)                                    \
	do {                                                         \
		size_t kept_ = 0;                                    \
		for (size_t i = 0; i < (v)->len; i++)                \
			if (cond)                                    \
				(v)->items[kept_++] = (v)->items[i]; \
		(v)->len = kept_;                                    \
	} while (0)
/* qsort and bsearch that allow an empty vector. UNIQUE removes equal neighbours: sort first. */
#define EZLB_SORT(v, cmp) ezlb_sort((v)->items, (v)->len, sizeof(*(v)->items), (cmp))
#define EZLB_UNIQUE(v, cmp) \
	((v)->len = ezlb_unique((v)->items, (v)->len, sizeof(*(v)->items), (cmp)))
#define EZLB_FIND(v, key, cmp) ezlb_find((key), (v)->items, (v)->len, sizeof(*(v)->items), (cmp))
/* The index of the first item that is not before the key; len if all are. */
#define EZLB_FIRST(v, key, cmp) ezlb_first((key), (v)->items, (v)->len, sizeof(*(v)->items), (cmp))

/* Replaces the n items from index `at` by the m flat items at `from`, which is not in v. */
#define EZLB_SPLICE(v, at, n, from, m)                                                          \
	((v)->items = ezlb_vec_grow((v)->items, (v)->len, &(v)->cap, (m), sizeof(*(v)->items)), \
	 (v)->len = ezlb_splice((v)->items, (v)->len, sizeof(*(v)->items), (at), (n), (from),   \
				(m)))

typedef int (*ezlb_cmp_fn)(const void *a, const void *b);
/* Room for one more item, zeroed. */
void *ezlb_vec_room(void *items, size_t len, size_t *cap, size_t size);
void *ezlb_vec_grow(void *items, size_t len, size_t *cap, size_t n, size_t size);
void *ezlb_vec_fit(void *items, size_t len, size_t *cap, size_t size);
void ezlb_sort(void *items, size_t len, size_t size, ezlb_cmp_fn cmp);
/* See EZLB_SPLICE. There is room for m more items. Returns the new length. */
size_t ezlb_splice(void *items, size_t len, size_t size, size_t at, size_t n, const void *from,
		   size_t m);
size_t ezlb_unique(void *items, size_t len, size_t size, ezlb_cmp_fn cmp);
void *ezlb_find(const void *key, const void *items, size_t len, size_t size, ezlb_cmp_fn cmp);
size_t ezlb_first(const void *key, const void *items, size_t len, size_t size, ezlb_cmp_fn cmp);

/*
 * Gives back to the kernel what is free, and the pages of programs and libraries, which come back
 * where they are used. For a daemon after a peak, as the start is one: most of what the loader and
 * the start have touched is not used again.
 */
void ezlb_mem_trim(void);

/*
 * enum EZLB_BYTE x { ... };   has one byte: for members of rows of which there are many. At most
 * 128 values.
 */
#define EZLB_BYTE __attribute__((packed))

/* FNV-1a, 64 bits: for content hashes. It does not resist attacks. */
uint64_t ezlb_hash(const void *data, size_t len);
/* SipHash-1-3: who does not know the key cannot choose data with equal hashes. */
uint64_t ezlb_siphash(const unsigned char key[16], const void *data, size_t len);
/* With a key of this process, for hash tables of what files say. Another number in each process. */
uint32_t ezlb_hash_keyed(const void *data, size_t len);

/*
 * For uthash.h, which is included after this. Without the second, it calls exit() if it gets no
 * memory.
 */
#define HASH_FUNCTION(key, len, hashv) ((hashv) = ezlb_hash_keyed((key), (len)))
#define uthash_malloc(size)	       ezlb_calloc(1, size)
