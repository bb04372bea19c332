// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include <ezlb/mem.h>

#include "probe_kind.h"

int ezlb_prober_open(struct uv_loop_s *loop, struct ezlb_prober **out, struct ezlb_err *err)
{
	struct ezlb_prober *prober = ezlb_calloc(1, sizeof(*prober));
	int rc;

	prober->loop = loop;
	rc = ezlb_curl_loop_open(prober, err);
	if (rc < 0) {
		free(prober);
		return rc;
	}
	*out = prober;
	return 0;
}

void ezlb_prober_close(struct ezlb_prober *prober, void (*closed)(void *arg), void *arg)
{
	prober->closed = closed;
	prober->arg = arg;
	ezlb_curl_loop_close(prober);
}

void ezlb_prober_ref(struct ezlb_prober *prober)
{
	prober->refs++;
}

void ezlb_prober_unref(struct ezlb_prober *prober)
{
	void (*closed)(void *arg) = prober->closed;
	void *arg = prober->arg;

	if (--prober->refs > 0)
		return;
	/* Not before the last reference is gone: reap() may have led to the close. */
	curl_multi_cleanup(prober->multi);
	curl_slist_free_all(prober->headers);
	curl_global_cleanup();
	free(prober);
	closed(arg);
}

/* What differs between the kinds of probes. */
struct kind {
	void (*start)(struct ezlb_probe *probe);
	void (*stop)(struct ezlb_probe *probe);
	enum ezlb_outcome (*late)(const struct ezlb_probe *probe); /* the time is up */
};

/* A tcp probe ends when it is connected. */
static enum ezlb_outcome tcp_late(const struct ezlb_probe *probe)
{
	(void)probe;
	return EZLB_PROBE_CONNECT_TIMEOUT;
}

static enum ezlb_outcome http_late(const struct ezlb_probe *probe)
{
	return ezlb_probe_http_connected(probe) ? EZLB_PROBE_TIMEOUT : EZLB_PROBE_CONNECT_TIMEOUT;
}

static const struct kind *kind_of(const struct ezlb_probe *probe)
{
	static const struct kind tcp = { ezlb_probe_tcp_start, ezlb_probe_tcp_stop, tcp_late };
	static const struct kind http = { ezlb_probe_http_start, ezlb_probe_http_stop, http_late };

	switch (probe->check->type) {
	case EZLB_CHECK_TCP:
		return &tcp;
	case EZLB_CHECK_HTTP:
	case EZLB_CHECK_HTTPS:
		return &http;
	case EZLB_CHECK_UDP:
	case EZLB_CHECK_DNS:
	case EZLB_CHECK_NONE:
	case EZLB_CHECK_TYPES:
		break;
	}
	abort(); /* a check of type none has no probe */
}

/*
 * A pass can block the loop, for example while another program has the iptables lock. Then no probe
 * makes progress. The loop runs timers before it polls, so a deadline can expire although the
 * answer is in the socket or the request was never sent. A late deadline is therefore extended
 * once, by the time that it is late.
 */
static void on_deadline(uv_timer_t *timer)
{
	struct ezlb_probe *probe = timer->data;
	struct ezlb_probe_result result = { .outcome = kind_of(probe)->late(probe) };
	uint64_t late = uv_now(timer->loop) - probe->due;

	if (!probe->extended) {
		probe->extended = true;
		if (late > probe->check->timeout_ms)
			late = probe->check->timeout_ms;
		uv_timer_start(timer, on_deadline, late + 1, 0);
		return;
	}
	if (probe->local_errno != 0)
		result = ezlb_result_from_errno(probe->local_errno);
	ezlb_probe_end(probe, result);
}

struct ezlb_probe *ezlb_probe_start(struct ezlb_prober *prober, const struct ezlb_endpoint *target,
				    const struct ezlb_check *check, ezlb_probe_fn done, void *arg)
{
	struct ezlb_probe *probe = ezlb_calloc(1, sizeof(*probe));

	*probe = (struct ezlb_probe){ .prober = prober,
				      .target = *target,
				      .check = check,
				      .done = done,
				      .arg = arg,
				      .handles = 1,
				      .fd = -1 };
	ezlb_prober_ref(prober);
	uv_timer_init(prober->loop, &probe->deadline);
	probe->deadline.data = probe;
	probe->due = uv_now(prober->loop) + check->timeout_ms;
	uv_timer_start(&probe->deadline, on_deadline, check->timeout_ms, 0);

	kind_of(probe)->start(probe);
	return probe;
}

void ezlb_probe_handle_closed(uv_handle_t *handle)
{
	struct ezlb_probe *probe = handle->data;
	struct ezlb_prober *prober = probe->prober;

	if (--probe->handles > 0)
		return;
	free(probe);
	ezlb_prober_unref(prober);
}

void ezlb_probe_cancel(struct ezlb_probe *probe)
{
	kind_of(probe)->stop(probe);
	uv_close((uv_handle_t *)&probe->deadline, ezlb_probe_handle_closed);
}

void ezlb_probe_end(struct ezlb_probe *probe, struct ezlb_probe_result result)
{
	ezlb_probe_fn done = probe->done;
	void *arg = probe->arg;

	ezlb_probe_cancel(probe);
	done(arg, &result);
}

static void on_early_end(uv_timer_t *timer)
{
	struct ezlb_probe *probe = timer->data;

	ezlb_probe_end(probe, probe->early);
}

void ezlb_probe_end_soon(struct ezlb_probe *probe, struct ezlb_probe_result result)
{
	probe->early = result;
	uv_timer_start(&probe->deadline, on_early_end, 0, 0);
}
