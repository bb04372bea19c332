// SPDX-License-Identifier: GPL-2.0-or-later
/* Durations as text and as numbers, and the words of the tables. */
#include "fuzz.h"

#include <ezlb/duration.h>
#include <ezlb/setting.h>
#include <ezlb/spec.h>
#include <ezlb/suggest.h>

#define DAY_MS (24u * 60 * 60 * 1000)

static void check_text(const char *text)
{
	char buf[EZLB_DURATION_STRLEN];
	struct ezlb_err err = { 0 };
	uint32_t ms, again;

	if (ezlb_duration_parse(text, &ms, &err) < 0) {
		FUZZ_CHECK(err.code != 0 && err.msg[0]);
		return;
	}
	FUZZ_CHECK(ms <= DAY_MS);
	FUZZ_CHECK(ezlb_duration_parse(ezlb_duration_format(ms, buf), &again, NULL) == 0);
	FUZZ_CHECK(ms == again);
}

static void check_words(const char *text)
{
	static const char *const words[] = { "interval", "timeout", "weight", "snat_ip" };
	enum ezlb_proto proto;
	enum ezlb_forward forward;
	const char *meant = ezlb_suggest(text, words, 4);
	int i = ezlb_word_index(words, 4, text);

	FUZZ_CHECK(i < 0 || strcmp(words[i], text) == 0);
	FUZZ_CHECK(!meant || ezlb_word_index(words, 4, meant) >= 0);
	if (ezlb_proto_parse(text, &proto) == 0)
		FUZZ_CHECK(strcmp(ezlb_proto_str(proto), text) == 0);
	if (ezlb_forward_parse(text, &forward) == 0)
		FUZZ_CHECK(strcmp(ezlb_forward_str(forward), text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), buf[EZLB_DURATION_STRLEN];
	uint32_t ms, again;

	check_text(text);
	check_words(text);
	free(text);
	if (size >= sizeof(ms)) {
		memcpy(&ms, data, sizeof(ms));
		ms %= DAY_MS + 1;
		FUZZ_CHECK(ezlb_duration_parse(ezlb_duration_format(ms, buf), &again, NULL) == 0);
		FUZZ_CHECK(ms == again);
	}
	return 0;
}
