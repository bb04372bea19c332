// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/answers.h>

#include <linux/ip_vs.h>

#define ASKED_MIN   10 /* packets: fewer can be the last ones of a client that went away */
#define SAMPLES_MIN 2
#define SILENT_MS   10000
#define QUIET_MS    300000 /* without a packet nobody knows whether it still has no answers */
#define ONE_WAY	    10	   /* packets in for one out, and more: a one-way protocol */

static int row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_answers_row *a = pa, *b = pb;

	return ezlb_service_key_cmp(&a->service, &b->service);
}

bool ezlb_answers_pass(const struct ezlb_spec *spec)
{
	return spec->forward == EZLB_MASQ && !(spec->flags & IP_VS_SVC_F_ONEPACKET);
}

/* Begins to wait for the answer to the next packet. */
static void restart(struct ezlb_answers_row *row, uint64_t clock_ms)
{
	row->asked = 0;
	row->samples = 0;
	row->since_ms = clock_ms;
	row->silent = false;
}

static void judge(struct ezlb_answers_row *row, uint64_t in, uint64_t out, uint64_t clock_ms)
{
	bool again = in < row->in || out < row->out;

	if (again || out > row->out) {
		restart(row, clock_ms);
	} else if (in > row->in) {
		row->asked += in - row->in;
		row->asked_ms = clock_ms;
		row->samples++;
	} else if (row->asked == 0) {
		row->since_ms = clock_ms;
	} else if (clock_ms - row->asked_ms >= QUIET_MS) {
		restart(row, clock_ms);
	}
	row->in = in;
	row->out = out;
	if (row->asked >= ASKED_MIN && row->samples >= SAMPLES_MIN &&
	    clock_ms - row->since_ms >= SILENT_MS)
		row->silent = true;
}

bool ezlb_answers_sample(struct ezlb_answers *answers, const struct ezlb_traffic *traffic,
			 uint64_t clock_ms)
{
	struct ezlb_answers next = { 0 };
	bool changed = false;

	for (size_t i = 0; i < traffic->len; i++) {
		const struct ezlb_traffic_row *from = &traffic->items[i];
		const struct ezlb_answers_row key = { .service = from->service };
		const struct ezlb_answers_row *was = EZLB_FIND(&answers->rows, &key, row_cmp);
		struct ezlb_answers_row *row;

		if (from->of_dest)
			continue;
		row = EZLB_PUSH(&next.rows);
		*row = was ? *was : key;
		if (was) {
			judge(row, from->counters.packets_in, from->counters.packets_out, clock_ms);
		} else {
			row->in = from->counters.packets_in;
			row->out = from->counters.packets_out;
			restart(row, clock_ms);
		}
		changed |= row->silent != (was && was->silent);
	}
	EZLB_SORT(&next.rows, row_cmp);
	ezlb_answers_clear(answers);
	*answers = next;
	return changed;
}

bool ezlb_answers_still(struct ezlb_answers *answers, uint64_t clock_ms)
{
	bool changed = false;

	for (size_t i = 0; i < answers->rows.len; i++) {
		struct ezlb_answers_row *row = &answers->rows.items[i];
		bool was = row->silent;

		judge(row, row->in, row->out, clock_ms);
		changed |= row->silent != was;
	}
	return changed;
}

static bool is_one_way(const struct ezlb_listener *listener, const struct ezlb_answers_row *row)
{
	bool mark = listener->listen.port == 0;
	uint64_t before = row->in - row->asked; /* packets in until the last answer */

	return (mark || listener->proto == EZLB_UDP) &&
	       (row->out == 0 || before / row->out > ONE_WAY);
}

const struct ezlb_answers_row *ezlb_answers_silent(const struct ezlb_answers *answers,
						   const struct ezlb_spec *spec)
{
	if (!ezlb_answers_pass(spec))
		return NULL;
	for (size_t i = 0; i < spec->n_listeners; i++) {
		const struct ezlb_listener *listener = &spec->listeners[i];
		const struct ezlb_answers_row key = { .service = listener->key };
		const struct ezlb_answers_row *row = EZLB_FIND(&answers->rows, &key, row_cmp);

		if (row && row->silent && !is_one_way(listener, row))
			return row;
	}
	return NULL;
}

void ezlb_answers_clear(struct ezlb_answers *answers)
{
	EZLB_VEC_CLEAR(&answers->rows);
}
