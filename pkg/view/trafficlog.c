// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/view.h>

#include <ezlb/log.h>

uint64_t ezlb_trafficlog_delta(uint64_t before, uint64_t now)
{
	return now >= before ? now - before : now;
}

static void write_line(const struct ezlb_status_service *service, const struct ezlb_counters *was,
		       int64_t ms)
{
	const struct ezlb_counters *now = &service->counters;
	char listen[EZLB_ENDPOINT_STRLEN];

	ezlb_log(EZLB_INFO, "traffic", EZLB_S("svc", service->name),
		 EZLB_S("proto", ezlb_proto_str(service->proto)),
		 EZLB_S("listen", ezlb_endpoint_format(&service->listen, listen)), EZLB_I("ms", ms),
		 EZLB_I("connections", ezlb_trafficlog_delta(was->connections, now->connections)),
		 EZLB_I("packets_in", ezlb_trafficlog_delta(was->packets_in, now->packets_in)),
		 EZLB_I("packets_out", ezlb_trafficlog_delta(was->packets_out, now->packets_out)),
		 EZLB_I("bytes_in", ezlb_trafficlog_delta(was->bytes_in, now->bytes_in)),
		 EZLB_I("bytes_out", ezlb_trafficlog_delta(was->bytes_out, now->bytes_out)),
		 EZLB_I("active", service->active), EZLB_I("inactive", service->inactive));
}

static struct ezlb_traffic_row row_of(const struct ezlb_status_service *service)
{
	return (struct ezlb_traffic_row){ .service = { service->proto, service->listen },
					  .counters = service->counters };
}

/* Keeps the counters of all services, so that a later traffic_log starts without old traffic. */
void ezlb_trafficlog_write(struct ezlb_trafficlog *log, const struct ezlb_status *status)
{
	struct ezlb_traffic now = { 0 };
	const struct ezlb_counters none = { 0 };

	for (size_t i = 0; i < status->services.len; i++) {
		const struct ezlb_status_service *service = &status->services.items[i];
		const struct ezlb_traffic_row row = row_of(service);
		const struct ezlb_traffic_row *was;

		if (!service->applied || !service->counted)
			continue;
		*EZLB_PUSH(&now) = row;
		was = EZLB_FIND(&log->before, &row, ezlb_traffic_row_cmp);
		if (service->traffic_log && log->before_ms)
			write_line(service, was ? &was->counters : &none,
				   status->now_ms - log->before_ms);
	}
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
