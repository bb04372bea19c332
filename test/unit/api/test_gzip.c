// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <dlfcn.h>
#include <zlib.h>

#include <ezlb/api.h>

/* Stand before zlib's own: what it cannot do otherwise unless memory is short. */
static bool no_init, no_end;

/* NOLINTNEXTLINE(readability-function-size): the parameters are zlib's. */
int deflateInit2_(z_streamp z, int level, int method, int bits, int memory, int strategy,
		  const char *version, int size)
{
	int (*real)(z_streamp, int, int, int, int, int, const char *, int);

	*(void **)&real = dlsym(RTLD_NEXT, "deflateInit2_");
	return no_init ? Z_MEM_ERROR
		       : real(z, level, method, bits, memory, strategy, version, size);
}

int deflate(z_streamp z, int flush)
{
	int (*real)(z_streamp, int), rc;

	*(void **)&real = dlsym(RTLD_NEXT, "deflate");
	rc = real(z, flush);
	return no_end && rc == Z_STREAM_END ? Z_STREAM_ERROR : rc;
}

/* As a client does it: the whole of it, in gzip's frame, which has a checksum. */
static void unpack(const struct ezlb_text *packed, char *out, size_t len)
{
	z_stream z = { .next_in = (void *)packed->items, .avail_in = (uInt)packed->len };
	char beyond;

	assert_int_equal(inflateInit2(&z, MAX_WBITS + 16), Z_OK);
	z.next_out = len > 0 ? (void *)out : (void *)&beyond;
	z.avail_out = len > 0 ? (uInt)len : 1;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, len);
	assert_int_equal(z.avail_in, 0);
	inflateEnd(&z);
}

/* Lengths around those of zlib's buffers and of ours, of what packs well and of what does not. */
static void test_there_and_back(void **state)
{
	static const size_t lengths[] = { 0, 1, 100, 65535, 65536, 65537, 1 << 20, 3000001 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lengths) * 2; i++) {
		struct ezlb_text plain = { 0 }, packed = { 0 };
		EZLB_AUTO_FREE char *back = ezlb_calloc(1, lengths[i / 2] + 1);
		uint32_t noise = 1;

		for (size_t k = 0; k < lengths[i / 2]; k++) {
			noise = noise * 1664525 + 1013904223;
			*EZLB_PUSH(&plain) = i % 2 ? (char)(noise >> 24) : "ezlb_up 1\n"[k % 10];
		}
		ezlb_api_gzip(&plain, &packed);
		unpack(&packed, back, plain.len);
		assert_int_equal(memcmp(back, plain.len ? plain.items : "", plain.len), 0);
		if (i % 2 == 0 && plain.len > 1000)
			assert_true(packed.len < plain.len / 20);
		EZLB_VEC_CLEAR(&plain);
		EZLB_VEC_CLEAR(&packed);
	}
}

/* Nothing, and not the first part: there is the plain form. */
static void test_zlib_cannot(void **state)
{
	struct ezlb_text plain = { 0 }, packed = { 0 };

	(void)state;
	ezlb_text_puts(&plain, "ezlb_up 1\n");
	no_init = true;
	ezlb_api_gzip(&plain, &packed);
	assert_int_equal(packed.len, 0);
	no_init = false;
	no_end = true;
	ezlb_api_gzip(&plain, &packed);
	assert_int_equal(packed.len, 0);
	no_end = false;
	ezlb_api_gzip(&plain, &packed);
	assert_int_not_equal(packed.len, 0);
	EZLB_VEC_CLEAR(&plain);
	EZLB_VEC_CLEAR(&packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_zlib_cannot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
