// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/mem.h>

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

/* The kernel keeps its rules and a restart adopts them, so aborting is safe. */
static void *checked(void *p)
{
	static const char text[] = "level=error pkg=base msg=\"out of memory\"\n";
	ssize_t n;

	if (p)
		return p;
	n = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)n;
	abort();
}

void *ezlb_calloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size));
}

void *ezlb_realloc(void *p, size_t n, size_t size)
{
	return checked(reallocarray(p, n ? n : 1, size));
}

char *ezlb_strdup(const char *s)
{
	return checked(strdup(s));
}

char *ezlb_strndup(const char *s, size_t n)
{
	return checked(strndup(s, n));
}

char *ezlb_asprintf(const char *fmt, ...)
{
	va_list ap;
	char *out = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&out, fmt, ap);
	va_end(ap);
	return checked(n < 0 ? NULL : out);
}

void ezlb_strcatf(char *dst, size_t size, const char *fmt, ...)
{
	size_t used = strlen(dst);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(dst + used, size - used, fmt, ap);
	va_end(ap);
}

bool ezlb_strcpy(char *dst, size_t size, const char *src)
{
	size_t len = strnlen(src, size);
	bool fits = len < size;

	if (!fits)
		len = size - 1;
	memcpy(dst, src, len);
	dst[len] = '\0';
	return fits;
}

void ezlb_free_ptr(void *pp)
{
	void *p;

	memcpy(&p, pp, sizeof(p));
	free(p);
}

void ezlb_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void *ezlb_vec_grow(void *items, size_t len, size_t *cap, size_t n, size_t size)
{
	if (*cap - len >= n)
		return items;
	*cap = 2 * *cap + n;
	return ezlb_realloc(items, *cap, size);
}

void *ezlb_vec_fit(void *items, size_t len, size_t *cap, size_t size)
{
	if (*cap == len)
		return items;
	*cap = len;
	if (len > 0)
		return ezlb_realloc(items, len, size);
	free(items);
	return NULL;
}

void *ezlb_vec_room(void *items, size_t len, size_t *cap, size_t size)
{
	items = ezlb_vec_grow(items, len, cap, *cap ? 1 : 8, size);
	memset((char *)items + len * size, 0, size);
	return items;
}

/* Most rows come in order: those of files, and those of a kernel that a sorted list has filled. */
static bool is_sorted(const void *items, size_t len, size_t size, ezlb_cmp_fn cmp)
{
	const char *at = items;

	for (size_t i = 1; i < len; i++, at += size)
		if (cmp(at, at + size) > 0)
			return false;
	return true;
}

void ezlb_sort(void *items, size_t len, size_t size, ezlb_cmp_fn cmp)
{
	if (len > 1 && !is_sorted(items, len, size, cmp))
		qsort(items, len, size, cmp);
}

size_t ezlb_unique(void *items, size_t len, size_t size, ezlb_cmp_fn cmp)
{
	char *at = items;
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (n == 0 || cmp(at + (n - 1) * size, at + i * size) != 0)
			memmove(at + n++ * size, at + i * size, size);
	return n;
}

size_t ezlb_splice(void *items, size_t len, size_t size, size_t at, size_t n, const void *from,
		   size_t m)
{
	char *hole = (char *)items + at * size;

	if (n != m && len > at + n)
		memmove(hole + m * size, hole + n * size, (len - at - n) * size);
	if (m > 0)
		memcpy(hole, from, m * size);
	return len - n + m;
}

void *ezlb_find(const void *key, const void *items, size_t len, size_t size, ezlb_cmp_fn cmp)
{
	return len ? bsearch(key, items, len, size, cmp) : NULL;
}

size_t ezlb_first(const void *key, const void *items, size_t len, size_t size, ezlb_cmp_fn cmp)
{
	size_t low = 0, high = len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (cmp((const char *)items + mid * size, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint64_t ezlb_hash(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h;
}
