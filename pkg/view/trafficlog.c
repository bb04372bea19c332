// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/view.h>

#include <ezlb/log.h>

uint64_t ezlb_trafficlog_delta(uint64_t before, uint64_t now)
{
	return now >= before ? now - before : now;
}

static void write_line(const struct ezlb_status_service *service,
		       const struct ezlb_status_listener *listener, const struct ezlb_counters *was,
		       int64_t ms)
{
	const struct ezlb_counters *now = &listener->counters;
	char listen[EZLB_LISTENER_STRLEN];

	ezlb_log(EZLB_INFO, "traffic", EZLB_S("svc", service->name),
		 EZLB_S("proto", ezlb_listener_proto_str(&listener->of)),
		 EZLB_S("listen", ezlb_listener_format(&listener->of, listen)), EZLB_I("ms", ms),
		 EZLB_I("connections", ezlb_trafficlog_delta(was->connections, now->connections)),
		 EZLB_I("packets_in", ezlb_trafficlog_delta(was->packets_in, now->packets_in)),
		 EZLB_I("packets_out", ezlb_trafficlog_delta(was->packets_out, now->packets_out)),
		 EZLB_I("bytes_in", ezlb_trafficlog_delta(was->bytes_in, now->bytes_in)),
		 EZLB_I("bytes_out", ezlb_trafficlog_delta(was->bytes_out, now->bytes_out)),
		 EZLB_I("active", listener->active), EZLB_I("inactive", listener->inactive));
}

static void write_service(const struct ezlb_trafficlog *log, const struct ezlb_status *status,
			  const struct ezlb_status_service *service, struct ezlb_traffic *now)
{
	const struct ezlb_counters none = { 0 };

	for (size_t i = 0; i < service->n_listeners; i++) {
		const struct ezlb_status_listener *listener =
			&status->listeners.items[service->first_listener + i];
		const struct ezlb_traffic_row row = { .service = listener->of.key,
						      .counters = listener->counters };
		const struct ezlb_traffic_row *was;

		if (!listener->counted)
			continue;
		*EZLB_PUSH(now) = row;
		was = EZLB_FIND(&log->before, &row, ezlb_traffic_row_cmp);
		if (service->traffic_log && log->before_ms)
			write_line(service, listener, was ? &was->counters : &none,
				   status->now_ms - log->before_ms);
	}
}

/* Keeps the counters of all services, so that a later traffic_log starts without old traffic. */
void ezlb_trafficlog_write(struct ezlb_trafficlog *log, const struct ezlb_status *status)
{
	struct ezlb_traffic now = { 0 };

	for (size_t i = 0; i < status->services.len; i++)
		if (status->services.items[i].applied)
			write_service(log, status, &status->services.items[i], &now);
	/* If the kernel could not be read, keep the earlier counters. */
	if (status->traffic_error[0]) {
		EZLB_VEC_CLEAR(&now);
		return;
	}
	EZLB_SORT(&now, ezlb_traffic_row_cmp);
	EZLB_VEC_CLEAR(&log->before);
	log->before = now;
	log->before_ms = status->now_ms;
}

void ezlb_trafficlog_clear(struct ezlb_trafficlog *log)
{
	EZLB_VEC_CLEAR(&log->before);
	log->before_ms = 0;
}
