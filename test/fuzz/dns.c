// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers to DNS probes, names of queries, and the search for a text in pieces of an answer. */
#include "fuzz.h"

#include "pkg/health/dns_message.h"
#include "pkg/health/match.h"

#define ID 0x1234

static void check_answer(const uint8_t *data, size_t size)
{
	unsigned char query[EZLB_DNS_QUERY_MAX];
	size_t len = ezlb_dns_query(query, ID, "example.org", 1);
	unsigned char *answer = fuzz_bytes(data, size);
	struct ezlb_probe_result result = ezlb_dns_judge(query, len, answer, size, 1u << 0);

	FUZZ_CHECK(result.outcome == EZLB_PROBE_OK || result.outcome == EZLB_PROBE_DNS_RCODE ||
		   result.outcome == EZLB_PROBE_DNS_PROTOCOL);
	if (result.outcome == EZLB_PROBE_OK) {
		FUZZ_CHECK(size >= len && answer[0] == ID >> 8 && answer[1] == (ID & 0xff));
		FUZZ_CHECK((answer[2] & 0x80) && (answer[3] & 0x0f) == 0);
	}
	free(answer);
}

static void check_name(const char *name)
{
	unsigned char query[EZLB_DNS_QUERY_MAX];
	size_t len = ezlb_dns_query(query, ID, name, 1);

	FUZZ_CHECK(len <= sizeof(query));
	if (len > 0) {
		/* The query is an answer to itself but for the bit that says so. */
		query[2] |= 0x80;
		FUZZ_CHECK(ezlb_dns_judge(query, len, query, len, 1u << 0).outcome ==
			   EZLB_PROBE_OK);
	}
}

/* The text before the first NUL, in the bytes behind it, which come in pieces. */
static void check_match(struct fuzz_rest rest)
{
	struct fuzz_rest piece = fuzz_piece(&rest, 0);
	char *text = fuzz_string(piece.at, piece.len);
	size_t step = piece.len ? 1 + piece.at[0] % 7 : 1;
	struct ezlb_match match;
	bool found = false;

	if (piece.len > 0) {
		ezlb_match_init(&match, text);
		for (size_t at = 0; at < rest.len && !found; at += step)
			found = ezlb_match_feed(&match, (const char *)rest.at + at,
						rest.len - at < step ? rest.len - at : step);
		FUZZ_CHECK(found == (memmem(rest.at, rest.len, text, piece.len) != NULL));
		ezlb_match_clear(&match);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);

	check_answer(data, size);
	check_name(text);
	check_match((struct fuzz_rest){ data, size });
	free(text);
	return 0;
}
