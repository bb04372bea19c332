// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages about connections that have ended, and the lines of the connection log for them. */
#include "kernel.h"

#include <ezlb/utf8.h>

#include "pkg/connlog/line.h"

#define NOW_NS INT64_C(1795392000000000000)

static void check_line(const struct event *event)
{
	static const struct timeouts timeouts = {
		.of = { [TIMEOUT_ESTABLISHED] = 432000,
			[TIMEOUT_TIME_WAIT] = 120,
			[TIMEOUT_CLOSE] = 10,
			[TIMEOUT_UDP] = 30,
			[TIMEOUT_UDP_STREAM] = 120 },
		.ipvs_tcp = 900,
	};
	struct ending ending = ending_of(event, &timeouts, NOW_NS);
	struct line line;
	char text[1024];
	size_t len;

	FUZZ_CHECK(ending.how <= HOW_UNKNOWN && how_str(ending.how)[0]);
	FUZZ_CHECK(ending.first_ns <= ending.last_ns);
	line_make("web", event, &ending, &line);
	len = ezlb_log_fields(text, sizeof(text) - 1, line.fields);
	FUZZ_CHECK(len > 0 && memchr(text, '\n', len) == text + len - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_rest rest = { data, size };
	struct nlmsghdr *msg;
	struct event event;

	while ((msg = fuzz_message(&rest))) {
		if (event_read(msg, &event))
			check_line(&event);
		free(msg);
	}
	return 0;
}
