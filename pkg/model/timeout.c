// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/timeout.h>

#include <ezlb/suggest.h>

#define CMP(a, b) (((a) > (b)) - ((a) < (b)))

static const char *const names[] = {
	[EZLB_TIMEOUT_TCP] = "tcp",
	[EZLB_TIMEOUT_TCPFIN] = "tcpfin",
	[EZLB_TIMEOUT_UDP] = "udp",
};

const char *ezlb_timeout_str(enum ezlb_timeout timeout)
{
	return names[timeout];
}

int ezlb_timeout_parse(const char *text, enum ezlb_timeout *out)
{
	int i = ezlb_word_index(names, EZLB_TIMEOUTS, text);

	if (i >= 0)
		*out = (enum ezlb_timeout)i;
	return i < 0 ? i : 0;
}

int ezlb_timeout_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_timeout_row *a = pa, *b = pb;

	return CMP(a->timeout, b->timeout);
}

bool ezlb_timeout_row_same(const void *pa, const void *pb)
{
	const struct ezlb_timeout_row *a = pa, *b = pb;

	return a->seconds == b->seconds;
}

int ezlb_timeout_owned_cmp(const void *pa, const void *pb)
{
	const struct ezlb_timeout_owned *a = pa, *b = pb;

	return CMP(a->timeout, b->timeout);
}
