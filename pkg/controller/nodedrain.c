// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodedrain.h"

#include <time.h>

#include <ezlb/duration.h>
#include <ezlb/log.h>
#include <ezlb/store.h>

#define TIME_STRLEN 32

/* --- the file ------------------------------------------------------------------------------ */

/* Where the file is, the best place first. Returns the number of directories. */
static size_t places(const struct ezlb_options *options, const char *dirs[2])
{
	size_t n = 0;

	if (options->dataplane == EZLB_DP_MEMORY)
		return 0;
	if (options->persist_dir)
		dirs[n++] = options->persist_dir;
	dirs[n++] = options->state_dir;
	return n;
}

struct ezlb_node_drain nodedrain_read(const struct ezlb_options *options)
{
	struct ezlb_node_drain found = { .kind = EZLB_NODE_SERVES };
	const char *dirs[2];
	size_t n = places(options, dirs);

	for (size_t i = 0; i < n && found.kind == EZLB_NODE_SERVES; i++) {
		struct ezlb_err err;

		if (ezlb_drained_read(dirs[i], &found, &err) == 0)
			continue;
		ezlb_log(EZLB_ERROR, "controller",
			 EZLB_S("msg", found.kind == EZLB_NODE_DRAINED
					       ? "cannot read since when this balancer drains: it "
						 "drains"
					       : "cannot find out whether this balancer drains: it "
						 "does not drain"),
			 EZLB_S("err", err.msg));
	}
	return found;
}

/* Tries the second place if the first one fails. True if the next start will drain. */
static bool keep(const struct nodedrain *drain, struct ezlb_text *answer)
{
	struct ezlb_err err = { 0 };
	const char *dirs[2];
	size_t n = places(drain->options, dirs), i = 0;

	while (i < n && ezlb_drained_write(dirs[i], &drain->state, i == 0 ? &err : NULL) < 0)
		i++;
	if (n == 0)
		ezlb_text_puts(answer, "With --dataplane memory this does not survive a restart "
				       "of ezlb.\n");
	if (n == 0 || i == 0)
		return n > 0;
	ezlb_text_printf(answer, "This does not survive a %s: %s\n",
			 i == n ? "restart of ezlb" : "reboot of this host", err.msg);
	ezlb_log(EZLB_ERROR, "controller",
		 EZLB_S("msg", i == n ? "the drain of this balancer will not survive a restart"
				      : "the drain of this balancer will not survive a reboot"),
		 EZLB_S("err", err.msg));
	return i < n;
}

/* False if a file stays. */
static bool forget(const struct nodedrain *drain, struct ezlb_text *answer)
{
	const struct ezlb_node_drain serves = { .kind = EZLB_NODE_SERVES };
	const char *dirs[2];
	size_t n = places(drain->options, dirs);
	bool gone = true;

	for (size_t i = 0; i < n; i++) {
		struct ezlb_err err;

		if (ezlb_drained_write(dirs[i], &serves, &err) == 0)
			continue;
		gone = false;
		ezlb_text_printf(answer, "After a restart of ezlb it drains again: %s\n", err.msg);
		ezlb_log(EZLB_ERROR, "controller",
			 EZLB_S("msg", "this balancer will drain again after a restart"),
			 EZLB_S("err", err.msg));
	}
	return gone;
}

/* --- what the operator is told ------------------------------------------------------------- */

/* The time of day, and the date if that is not today. */
static const char *clock_text(int64_t ms, char buf[TIME_STRLEN])
{
	time_t then = (time_t)(ms / 1000), now = (time_t)(ezlb_wall_ms() / 1000);
	struct tm at, today;

	localtime_r(&then, &at);
	localtime_r(&now, &today);
	strftime(buf, TIME_STRLEN,
		 at.tm_year == today.tm_year && at.tm_yday == today.tm_yday ? "%H:%M:%S"
									    : "%Y-%m-%d %H:%M:%S",
		 &at);
	return buf;
}

static bool has_device(const struct ezlb_options *options)
{
	return options->vip_device && options->vip_device[0];
}

static void say_effect(const struct nodedrain *drain, struct ezlb_text *answer)
{
	char device[EZLB_DEVICE_STRLEN];

	if (!has_device(drain->options)) {
		ezlb_text_puts(answer, "There is no --vip-device, so no address moves: only `ezlb "
				       "probe ready` changes, to not ready.\n");
		return;
	}
	ezlb_node_drain_device(drain->options->vip_device, device);
	ezlb_text_printf(answer,
			 "The addresses move from %s to %s, and `ezlb probe ready` says not "
			 "ready.\n",
			 drain->options->vip_device, device);
}

static void say_end(const struct nodedrain *drain, struct ezlb_text *answer)
{
	ezlb_text_puts(answer, "Rules and open connections stay. ");
	if (drain->state.kind == EZLB_NODE_UNTIL_EXIT)
		ezlb_text_puts(answer, "It ends with `ezlb undrain`, or when ezlb ends.\n");
	else
		ezlb_text_puts(answer, "It ends with `ezlb undrain`.\n");
}

/* --- requests ------------------------------------------------------------------------------ */

static void set(struct nodedrain *drain, enum ezlb_node_drain_kind kind)
{
	bool drained = drain->state.kind != EZLB_NODE_SERVES, drains = kind != EZLB_NODE_SERVES;

	if (!drains)
		drain->state.since_ms = 0;
	else if (!drained)
		drain->state.since_ms = ezlb_wall_ms();
	if (drained != drains)
		drain->moved_ms = 0;
	drain->state.kind = kind;
}

static void log_begin(const struct nodedrain *drain)
{
	ezlb_log(EZLB_INFO, "controller", EZLB_S("msg", "this balancer drains"),
		 EZLB_S("kind", ezlb_node_drain_str(drain->state.kind)),
		 EZLB_S("vip_device",
			has_device(drain->options) ? drain->options->vip_device : NULL));
}

void nodedrain_open(struct nodedrain *drain, const struct ezlb_node_drain *left)
{
	char since[TIME_STRLEN];

	drain->state = *left;
	if (left->kind != EZLB_NODE_SERVES)
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg", "this balancer drains, as before the start: `ezlb undrain` "
				       "puts it back"),
			 EZLB_S("since", clock_text(left->since_ms, since)));
}

/* It drains already: only how long it does can change. */
static unsigned again(struct nodedrain *drain, enum ezlb_node_drain_kind kind,
		      struct ezlb_text *answer)
{
	enum ezlb_node_drain_kind was = drain->state.kind;
	char since[TIME_STRLEN];
	bool kept = false;

	ezlb_text_printf(answer, "This balancer has been draining since %s.\n",
			 clock_text(drain->state.since_ms, since));
	if (kind == EZLB_NODE_DRAINED) {
		drain->state.kind = kind;
		kept = keep(drain, answer);
	}
	if (was == EZLB_NODE_EXITING) {
		drain->state.kind = was;
		ezlb_text_puts(answer, kept ? "ezlb is about to end. The next start drains, too: "
					      "until `ezlb undrain`.\n"
					    : "ezlb is about to end.\n");
		return 200;
	}
	if (was != drain->state.kind) {
		log_begin(drain);
		drain->changed(drain->arg);
	}
	say_end(drain, answer);
	return 200;
}

unsigned nodedrain_begin(struct nodedrain *drain, enum ezlb_node_drain_kind kind,
			 struct ezlb_text *answer)
{
	if (drain->state.kind != EZLB_NODE_SERVES)
		return again(drain, kind, answer);
	set(drain, kind);
	ezlb_text_puts(answer, "This balancer drains now.\n");
	say_effect(drain, answer);
	say_end(drain, answer);
	if (kind == EZLB_NODE_DRAINED)
		keep(drain, answer);
	log_begin(drain);
	drain->changed(drain->arg);
	return 200;
}

unsigned nodedrain_end(struct nodedrain *drain, struct ezlb_text *answer)
{
	enum ezlb_node_drain_kind was = drain->state.kind;

	if (was == EZLB_NODE_EXITING) {
		ezlb_text_puts(answer, forget(drain, answer)
					       ? "ezlb is about to end, and drains until then. The "
						 "next start does not drain.\n"
					       : "ezlb is about to end, and drains until then.\n");
		return 409;
	}
	ezlb_text_puts(answer, was == EZLB_NODE_SERVES ? "This balancer does not drain.\n"
			       : has_device(drain->options)
				       ? "This balancer is back. The addresses move back to the "
					 "link of --vip-device.\n"
				       : "This balancer is back: `ezlb probe ready` says ready.\n");
	forget(drain, answer);
	if (was == EZLB_NODE_SERVES)
		return 200;
	set(drain, EZLB_NODE_SERVES);
	ezlb_log(EZLB_INFO, "controller", EZLB_S("msg", "this balancer does not drain any more"));
	drain->changed(drain->arg);
	return 200;
}

void nodedrain_exit(struct nodedrain *drain)
{
	set(drain, EZLB_NODE_EXITING);
	log_begin(drain);
	drain->changed(drain->arg);
}

/* --- what is true now ---------------------------------------------------------------------- */

/*
 * No address is left on the link of --vip-device. Other ops do not matter: an address that could
 * not be added to the other link stays, and one that is on no link cannot be reached.
 */
static bool has_moved(const struct nodedrain *drain, const struct ezlb_pass_result *result)
{
	const struct ezlb_plan *ops = &result->plan.ops;

	if (!has_device(drain->options))
		return true;
	if (result->outcome.errs.layer[EZLB_LAYER_HOST].code || result->outcome.ledger_err.code)
		return false;
	for (size_t i = 0; i < ops->len; i++) {
		const struct ezlb_op *op = &ops->items[i];

		if (op->kind == EZLB_OP_VIP_DEL && op->rc != 0 &&
		    strcmp(op->vip.device, drain->options->vip_device) == 0)
			return false;
	}
	return true;
}

void nodedrain_pass(struct nodedrain *drain, const struct ezlb_pass_result *result)
{
	if (drain->moved_ms == 0 && has_moved(drain, result))
		drain->moved_ms = ezlb_now_ms();
}

bool nodedrain_idle(const struct nodedrain *drain, int64_t active, uint64_t now_ms)
{
	return active == 0 && drain->moved_ms > 0 && now_ms - drain->moved_ms >= NODEDRAIN_QUIET_MS;
}
