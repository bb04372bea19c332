// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>
#include <zlib.h>

#include <ezlb/api.h>
#include <ezlb/mem.h>

#define GZIP_WINDOW (MAX_WBITS + 16) /* + 16: with the gzip header */
#define MEMORY	    8		     /* zlib's own default */
#define CHUNK	    65536

void ezlb_api_gzip(const struct ezlb_text *plain, struct ezlb_text *out)
{
	EZLB_AUTO_FREE char *chunk = ezlb_calloc(1, CHUNK);
	/* zlib only reads it, whatever its prototype says. */
	z_stream z = { .next_in = (void *)(uintptr_t)plain->items, .avail_in = (uInt)plain->len };
	int rc = Z_OK;

	if (plain->len > UINT_MAX || deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, MEMORY,
						  Z_DEFAULT_STRATEGY) != Z_OK)
		return;
	while (rc == Z_OK) {
		z.next_out = (void *)chunk;
		z.avail_out = CHUNK;
		rc = deflate(&z, Z_FINISH);
		ezlb_text_put(out, chunk, CHUNK - z.avail_out);
	}
	deflateEnd(&z);
	if (rc != Z_STREAM_END)
		EZLB_VEC_CLEAR(out); /* partial output would look complete */
}
