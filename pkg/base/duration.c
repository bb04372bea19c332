// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/duration.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_MS	(24u * 3600 * 1000)
#define STEP_MS 1000 /* a smaller difference is jitter between the two clocks */

static const struct unit {
	const char *name;
	uint32_t ms;
} units[] = { { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 } };
#define N_UNITS (sizeof(units) / sizeof(units[0]))

/* Returns the unit at *text and advances *text past it; N_UNITS if there is none. */
static size_t take_unit(const char **text)
{
	size_t len = strcspn(*text, "0123456789");

	for (size_t i = 0; i < N_UNITS; i++)
		if (strlen(units[i].name) == len && strncmp(*text, units[i].name, len) == 0) {
			*text += len;
			return i;
		}
	return N_UNITS;
}

int ezlb_duration_parse(const char *text, uint32_t *ms, struct ezlb_err *err)
{
	const char *p = text;
	uint64_t total = 0;
	size_t next = 0; /* the largest unit that is still allowed */

	if (*p == '\0')
		return ezlb_err_set(err, EINVAL, "a duration is empty: write 500ms, 5s or 1m30s");
	while (*p != '\0') {
		uint64_t n = 0;
		size_t digits = strspn(p, "0123456789"), unit;

		for (size_t i = 0; i < digits && n <= DAY_MS; i++)
			n = n * 10 + (uint64_t)(p[i] - '0');
		p += digits;
		unit = take_unit(&p);
		if (digits == 0 || unit == N_UNITS || unit < next)
			return ezlb_err_set(err, EINVAL,
					    "'%s' is not a duration: write 500ms, 5s or 1m30s",
					    text);
		next = unit + 1;
		total += n * units[unit].ms;
		if (total > DAY_MS)
			return ezlb_err_set(err, ERANGE, "'%s' is longer than 24h", text);
	}
	*ms = (uint32_t)total;
	return 0;
}

const char *ezlb_duration_format(uint32_t ms, char buf[EZLB_DURATION_STRLEN])
{
	size_t used = 0;

	snprintf(buf, EZLB_DURATION_STRLEN, "0s");
	for (size_t i = 0; i < N_UNITS; i++) {
		uint32_t n = ms / units[i].ms;

		ms %= units[i].ms;
		if (n > 0)
			used += (size_t)snprintf(buf + used, EZLB_DURATION_STRLEN - used, "%u%s",
						 (unsigned)n, units[i].name);
	}
	return buf;
}

uint64_t ezlb_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int64_t ezlb_wall_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t ezlb_steady_ms(void)
{
	static int64_t wall_less_clock;
	int64_t clock_ms = (int64_t)ezlb_now_ms();

	if (wall_less_clock == 0)
		wall_less_clock = ezlb_wall_ms() - clock_ms;
	return clock_ms + wall_less_clock;
}

static bool is_step(int64_t ms)
{
	return ms >= STEP_MS || ms <= -STEP_MS;
}

int64_t ezlb_wall_shift_ms(void)
{
	static int64_t shift;
	int64_t found = ezlb_wall_ms() - ezlb_steady_ms();

	if (is_step(found - shift))
		shift = is_step(found) ? found : 0;
	return shift;
}
