// SPDX-License-Identifier: GPL-2.0-or-later
#include <assert.h>
#include <stdlib.h>

#include <ezlb/mem.h>

#include "probe_kind.h"
#include "remote.h"

static bool is_http(enum ezlb_check_type type)
{
	return type == EZLB_CHECK_HTTP || type == EZLB_CHECK_HTTPS;
}

int ezlb_prober_open(struct uv_loop_s *loop, struct ezlb_prober **out, struct ezlb_err *err)
{
	struct ezlb_prober *prober = ezlb_calloc(1, sizeof(*prober));
	int rc;

	prober->loop = loop;
	rc = ezlb_probe_poll_open(prober, err);
	if (rc < 0) {
		free(prober);
		return rc;
	}
	*out = prober;
	return 0;
}

int ezlb_prober_prepare(struct ezlb_prober *prober, enum ezlb_check_type type, struct ezlb_err *err)
{
	if (!is_http(type))
		return 0;
	if (!prober->remote)
		return ezlb_curl_loop_open(prober, err);
	ezlb_remote_prepare(prober->remote);
	return 0;
}

bool ezlb_prober_is_remote(const struct ezlb_prober *prober, enum ezlb_check_type type)
{
	return prober->remote && is_http(type);
}

uint64_t ezlb_prober_ready_since(const struct ezlb_prober *prober)
{
	return prober->remote ? ezlb_remote_ready_since(prober->remote) : 0;
}

void ezlb_prober_retry(struct ezlb_prober *prober)
{
	if (prober->remote)
		ezlb_remote_retry(prober->remote);
	else
		(void)ezlb_curl_loop_open(prober, NULL);
}

void ezlb_prober_use(struct ezlb_prober *prober, const struct ezlb_remote_options *options)
{
	ezlb_remote_open(prober, options);
}

struct ezlb_remote_check *ezlb_prober_hold(struct ezlb_prober *prober,
					   const struct ezlb_check *check)
{
	if (!ezlb_prober_is_remote(prober, check->type))
		return NULL;
	return ezlb_remote_hold(prober->remote, check);
}

void ezlb_prober_release(struct ezlb_prober *prober, struct ezlb_remote_check *check)
{
	if (check)
		ezlb_remote_release(prober->remote, check);
}

int ezlb_prober_take_ca(struct ezlb_prober *prober, int fd, struct ezlb_ca **out)
{
	return ezlb_trust_take(&prober->trust, fd, out);
}

void ezlb_prober_close(struct ezlb_prober *prober, void (*closed)(void *arg), void *arg)
{
	prober->closed = closed;
	prober->arg = arg;
	ezlb_remote_close(prober->remote);
	prober->remote = NULL;
	ezlb_probe_poll_close(prober);
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
	if (prober->multi != NULL) {
		curl_multi_cleanup(prober->multi);
		ezlb_trust_clear(&prober->trust);
		curl_global_cleanup();
	}
	free(prober);
	closed(arg);
}

/* What differs between the kinds of probes. */
struct kind {
	void (*start)(struct ezlb_probe *probe);
	void (*stop)(struct ezlb_probe *probe);
	struct ezlb_probe_result (*late)(const struct ezlb_probe *probe); /* the time is up */
};

/* A tcp probe ends when it is connected. */
static struct ezlb_probe_result tcp_late(const struct ezlb_probe *probe)
{
	(void)probe;
	return (struct ezlb_probe_result){ .outcome = EZLB_PROBE_CONNECT_TIMEOUT };
}

/* Silence is a success if nothing else is expected, see probe_udp.c. */
static struct ezlb_probe_result udp_late(const struct ezlb_probe *probe)
{
	bool silent = probe->check->request->answer.data == NULL;

	return (struct ezlb_probe_result){ .outcome = silent ? EZLB_PROBE_OK : EZLB_PROBE_TIMEOUT };
}

static struct ezlb_probe_result dns_late(const struct ezlb_probe *probe)
{
	(void)probe;
	return (struct ezlb_probe_result){ .outcome = EZLB_PROBE_TIMEOUT };
}

static struct ezlb_probe_result http_late(const struct ezlb_probe *probe)
{
	bool connected = ezlb_probe_http_connected(probe);

	return (struct ezlb_probe_result){ .outcome = connected ? EZLB_PROBE_TIMEOUT
								: EZLB_PROBE_CONNECT_TIMEOUT };
}

static const struct kind kinds[EZLB_CHECK_TYPES] = {
	[EZLB_CHECK_TCP] = { ezlb_probe_tcp_start, ezlb_probe_disconnect, tcp_late },
	[EZLB_CHECK_HTTP] = { ezlb_probe_http_start, ezlb_probe_http_stop, http_late },
	[EZLB_CHECK_HTTPS] = { ezlb_probe_http_start, ezlb_probe_http_stop, http_late },
	[EZLB_CHECK_UDP] = { ezlb_probe_udp_start, ezlb_probe_disconnect, udp_late },
	[EZLB_CHECK_DNS] = { ezlb_probe_dns_start, ezlb_probe_disconnect, dns_late },
};

static const struct kind in_worker = { ezlb_remote_start, ezlb_remote_stop, ezlb_remote_late };

static const struct kind *kind_of(const struct ezlb_probe *probe)
{
	assert(kinds[probe->check->type].start != NULL); /* a check of type none has no probe */
	if (ezlb_prober_is_remote(probe->prober, probe->check->type))
		return &in_worker;
	return &kinds[probe->check->type];
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
	uint64_t late = uv_now(timer->loop) - probe->due;

	if (!probe->extended) {
		probe->extended = true;
		if (late > probe->check->timeout_ms)
			late = probe->check->timeout_ms;
		uv_timer_start(timer, on_deadline, late + 1, 0);
		return;
	}
	ezlb_probe_end(probe, kind_of(probe)->late(probe));
}

void ezlb_probe_set_deadline(struct ezlb_probe *probe, uint64_t ms)
{
	probe->due = uv_now(probe->prober->loop) + ms;
	uv_timer_start(&probe->deadline, on_deadline, ms, 0);
}

struct ezlb_probe *ezlb_probe_start(struct ezlb_prober *prober, const struct ezlb_probe_job *job,
				    ezlb_probe_fn done, void *arg)
{
	struct ezlb_probe *probe = ezlb_calloc(1, sizeof(*probe));

	*probe = (struct ezlb_probe){ .prober = prober,
				      .target = job->target,
				      .check = job->check,
				      .turn = job->turn,
				      .ca = ezlb_ca_ref(job->ca),
				      .done = done,
				      .arg = arg,
				      .fd = -1 };
	if (job->check->port != 0)
		probe->target.port = job->check->port;
	ezlb_prober_ref(prober);
	uv_timer_init(prober->loop, &probe->deadline);
	probe->deadline.data = probe;
	ezlb_probe_set_deadline(probe, job->check->timeout_ms);

	kind_of(probe)->start(probe);
	return probe;
}

static void on_deadline_closed(uv_handle_t *handle)
{
	struct ezlb_probe *probe = handle->data;
	struct ezlb_prober *prober = probe->prober;

	free(probe);
	ezlb_prober_unref(prober);
}

void ezlb_probe_cancel(struct ezlb_probe *probe)
{
	kind_of(probe)->stop(probe);
	ezlb_ca_unref(probe->ca);
	uv_close((uv_handle_t *)&probe->deadline, on_deadline_closed);
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
	ezlb_probe_poll_stop(probe);
	uv_timer_start(&probe->deadline, on_early_end, 0, 0);
}
