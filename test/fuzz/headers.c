// SPDX-License-Identifier: GPL-2.0-or-later
/* Values of headers: Host, Accept-Encoding. And bytes to gzip and back. */
#include "fuzz.h"

#include <zlib.h>

#include <ezlb/api.h>

#include "pkg/api/accept.h"
#include "pkg/api/host_header.h"

static void check_gzip(const uint8_t *data, size_t size)
{
	struct ezlb_text plain = { 0 }, packed = { 0 };
	uint8_t *again = fuzz_bytes(data, size);
	z_stream stream = { .next_out = again, .avail_out = (uInt)size };

	ezlb_text_put(&plain, (const char *)data, size);
	ezlb_api_gzip(&plain, &packed);
	stream.next_in = (Bytef *)packed.items;
	stream.avail_in = (uInt)packed.len;
	memset(again, 0, size);
	if (size > 0) {
		FUZZ_CHECK(inflateInit2(&stream, 31) == Z_OK);
		FUZZ_CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
		FUZZ_CHECK(stream.total_out == size && memcmp(again, data, size) == 0);
		inflateEnd(&stream);
	}
	EZLB_VEC_CLEAR(&plain);
	EZLB_VEC_CLEAR(&packed);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);

	if (host_is_address(text))
		FUZZ_CHECK(text[0] == '[' || (text[0] >= '0' && text[0] <= '9') ||
			   strncasecmp(text, "localhost", 9) == 0);
	accept_gzip(text);
	check_gzip(data, size);
	free(text);
	return 0;
}
