// SPDX-License-Identifier: GPL-2.0-or-later
#include "totals.h"

#include <errno.h>

#include <ezlb/mem.h>

#include "words.h"

#define FILE_OF_KERNEL "/proc/net/ip_vs_stats"
#define HEADINGS       2 /* lines */

struct reading {
	unsigned lines;
	bool found;
	struct ezlb_ipvs_totals totals;
};

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool parse(struct words word, uint64_t *out)
{
	*out = 0;
	if (word.at == word.end || word.end - word.at > 16)
		return false;
	for (; word.at < word.end; word.at++) {
		if (digit(*word.at) < 0)
			return false;
		*out = *out << 4 | (uint64_t)digit(*word.at);
	}
	return true;
}

/* "       5       1F        0              7A4                0" */
static void on_line(void *arg, struct words line)
{
	struct reading *reading = arg;
	struct ezlb_ipvs_totals *to = &reading->totals;

	if (reading->lines++ != HEADINGS)
		return;
	reading->found = parse(word_next(&line), &to->connections) &&
			 parse(word_next(&line), &to->packets_in) &&
			 parse(word_next(&line), &to->packets_out) &&
			 parse(word_next(&line), &to->bytes_in) &&
			 parse(word_next(&line), &to->bytes_out);
}

int ezlb_ipvs_totals_of(const char *path, struct ezlb_ipvs_totals *out)
{
	struct reading reading = { .lines = 0 };
	int rc = words_read(path, 0, on_line, &reading);

	if (rc == 0 && !reading.found)
		rc = -EPROTO;
	if (rc == 0)
		*out = reading.totals;
	return rc;
}

int ezlb_ipvs_totals(struct ezlb_ipvs_totals *out)
{
	return ezlb_ipvs_totals_of(FILE_OF_KERNEL, out);
}
