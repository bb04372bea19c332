// SPDX-License-Identifier: GPL-2.0-or-later
/* warn: what is valid in service files and can hardly work. */
#include "warn.h"

#include <linux/ip_vs.h>

#include <ezlb/duration.h>
#include <ezlb/obstacle.h>

/*
 * A warning and no error: the other service may be applied on another host only, where this one is
 * not, and then packets that arrive there are forwarded.
 */
static void warn_of_backends(const struct ezlb_spec *spec,
			     const struct ezlb_obstacle_listeners *listeners,
			     struct ezlb_diags *diags)
{
	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_backend *backend = &spec->backends[i];
		const struct ezlb_obstacle_listener *listener =
			ezlb_obstacle_find(listeners, spec, &backend->endpoint);
		char text[EZLB_OBSTACLE_STRLEN];
		struct ezlb_diag *diag;

		if (!listener)
			continue;
		ezlb_obstacle_listener(&backend->endpoint, 0, listener->name, text);
		diag = ezlb_diags_add(diags, spec->file, backend->at, EZLB_E_CHAIN, "%s", text);
		diag->warning = true;
		diag->help =
			ezlb_strdup("this can only work if the other service is on another host");
	}
}

/* The next probe then waits for the one that is running, and counts as overdue. */
static void warn_of_timeout(const struct ezlb_spec *spec, struct ezlb_diags *diags)
{
	const struct ezlb_check *check = &spec->check;
	char timeout[EZLB_DURATION_STRLEN], interval[EZLB_DURATION_STRLEN];
	bool silent = check->type == EZLB_CHECK_UDP && !check->request->answer.data;
	struct ezlb_diag *diag;

	if (check->type == EZLB_CHECK_NONE || check->timeout_ms <= check->interval_ms)
		return;
	ezlb_duration_format(check->timeout_ms, timeout);
	ezlb_duration_format(check->interval_ms, interval);
	diag = ezlb_diags_add(diags, spec->file, spec->timeout_at, EZLB_E_TIMEOUT,
			      "health_check.timeout %s is longer than interval %s: %s", timeout,
			      interval,
			      silent ? "without udp_expected each probe takes the whole timeout, "
				       "and the next one waits for it"
				     : "the next probe waits for one that gets no answer");
	diag->warning = true;
	diag->help = ezlb_asprintf("set timeout to %s or less, or interval to %s or more", interval,
				   timeout);
}

/* Right for protocols without answers. */
static void warn_of_answers(const struct ezlb_spec *spec, struct ezlb_diags *diags)
{
	struct ezlb_diag *diag;

	if (!(spec->flags & IP_VS_SVC_F_ONEPACKET) || spec->forward != EZLB_MASQ)
		return;
	diag = ezlb_diags_add(diags, spec->file, spec->listen_at, EZLB_E_ANSWERS,
			      "with one_packet answers are not translated: %s",
			      spec->full_nat ? "with full_nat they do not reach the client"
					     : "they come from the address of the backend");
	diag->warning = true;
	diag->help = ezlb_strdup("this is right for protocols without answers, such as syslog; "
				 "else remove one_packet");
}

void warn_of(const struct ezlb_desired *desired, struct ezlb_diags *diags)
{
	struct ezlb_obstacle_listeners listeners = { 0 };

	for (size_t i = 0; i < desired->len; i++)
		ezlb_obstacle_add(&listeners, desired->items[i]);
	ezlb_obstacle_sort(&listeners);
	for (size_t i = 0; i < desired->len; i++) {
		warn_of_backends(desired->items[i], &listeners, diags);
		warn_of_timeout(desired->items[i], diags);
		warn_of_answers(desired->items[i], diags);
	}
	EZLB_VEC_CLEAR(&listeners);
}
