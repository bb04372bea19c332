// SPDX-License-Identifier: GPL-2.0-or-later
#include "admin_inside.h"

#include <ezlb/admin.h>
#include <ezlb/duration.h>
#include <ezlb/log.h>
#include <ezlb/page.h>
#include <ezlb/store.h>

#define HTML	   "text/html; charset=utf-8"
#define EXPOSITION "text/plain; version=0.0.4; charset=utf-8"

/* --- answers ------------------------------------------------------------------------------- */

void admin_reply_text(struct ezlb_api_request *request, unsigned status, const char *type,
		      struct ezlb_text *text)
{
	size_t len;
	char *bytes = ezlb_text_take(text, &len);
	struct ezlb_api_body *body = ezlb_api_body_new(bytes, len);

	ezlb_api_reply(request, status, type, body);
	ezlb_api_body_unref(body);
}

void admin_reply_line(struct ezlb_api_request *request, unsigned status, const char *line)
{
	struct ezlb_text text = { 0 };

	ezlb_text_printf(&text, "%s\n", line);
	admin_reply_text(request, status, ADMIN_TEXT, &text);
}

/* Answers the first n. Requests that came after the report began wait for the next report. */
void admin_serve(struct admin_waiting *waiting, size_t n, unsigned status, const char *type,
		 struct ezlb_api_body *body)
{
	for (size_t i = 0; i < n; i++)
		ezlb_api_reply(waiting->items[i], status, type, body);
	waiting->len -= n;
	memmove(waiting->items, waiting->items + n, waiting->len * sizeof(*waiting->items));
}

/* The caller has the first reference. */
static struct ezlb_api_body *report_body(const struct report_answer *answer)
{
	struct ezlb_api_body *body;
	size_t len;
	char *bytes = ezlb_text_take(answer->text, &len);

	body = ezlb_api_body_new(bytes, len);
	if (answer->gzip->len > 0) {
		bytes = ezlb_text_take(answer->gzip, &len);
		ezlb_api_body_gzip(body, bytes, len);
	}
	return body;
}

static void on_report(void *arg, enum report_kind kind, const struct report_answer *answer)
{
	static const char *const types[] = { [REPORT_STATUS] = ADMIN_JSON,
					     [REPORT_METRICS] = EXPOSITION,
					     [REPORT_HEALTH] = ADMIN_JSON };
	struct admin *admin = arg;
	unsigned status = kind == REPORT_HEALTH && !answer->status->ready ? 503 : 200;
	struct ezlb_api_body *body = answer->body;

	if (kind == REPORT_TRAFFIC) {
		ezlb_trafficlog_write(&admin->trafficlog, answer->status);
		return;
	}
	if (!body)
		body = report_body(answer);
	admin_serve(&admin->waiting[kind], answer->n, status, types[kind], body);
	if (body != answer->body)
		ezlb_api_body_unref(body);
}

/* --- paths --------------------------------------------------------------------------------- */

static void get_report(struct admin *admin, struct ezlb_api_request *request, enum report_kind kind)
{
	*EZLB_PUSH(&admin->waiting[kind]) = request;
	report_want(&admin->report, kind, ezlb_api_takes_gzip(request));
}

static void get_page(struct admin *admin, struct ezlb_api_request *request)
{
	if (!admin->page)
		admin->page = ezlb_api_body_static(ezlb_page, ezlb_page_len);
	ezlb_api_reply(request, 200, HTML, admin->page);
}

static void get_livez(struct admin *admin, struct ezlb_api_request *request)
{
	(void)admin;
	admin_reply_line(request, 200, "ok");
}

static void get_readyz(struct admin *admin, struct ezlb_api_request *request)
{
	char why[EZLB_MESSAGE_STRLEN];
	bool ready = ezlb_view_ready(admin->report.from->view, ezlb_now_ms(), why);

	admin_reply_line(request, ready ? 200 : 503, ready ? "ok" : why);
}

/* Rendered on the loop, so the last document is kept for equal requests. The admin owns it. */
static struct ezlb_api_body *events_body(struct admin *admin, uint64_t since)
{
	const struct ezlb_events *events = &admin->report.from->view->events;
	struct ezlb_text text = { 0 };
	size_t len;
	char *bytes;

	if (admin->events.body && admin->events.since == since &&
	    admin->events.last == events->last)
		return admin->events.body;
	if (admin->events.body)
		ezlb_api_body_unref(admin->events.body);
	ezlb_events_json(events, since, &text);
	bytes = ezlb_text_take(&text, &len);
	admin->events.body = ezlb_api_body_new(bytes, len);
	admin->events.since = since;
	admin->events.last = events->last;
	return admin->events.body;
}

static void get_events(struct admin *admin, struct ezlb_api_request *request)
{
	const char *since = ezlb_api_query(request, "since");
	char *end = NULL;
	uint64_t from = since ? strtoull(since, &end, 10) : 0;

	if (since && (*since < '0' || *since > '9' || *end != '\0')) {
		admin_reply_line(request, 400, "since: expected the number of an event");
		return;
	}
	ezlb_api_reply(request, 200, ADMIN_JSON, events_body(admin, from));
}

static void post_reload(struct admin *admin, struct ezlb_api_request *request)
{
	admin->reload(admin->arg);
	admin_reply_line(request, 200, "the files are read now");
}

static void post_log_level(struct admin *admin, struct ezlb_api_request *request)
{
	const char *word = ezlb_api_query(request, "level");
	enum ezlb_log_level level;

	(void)admin;
	if (!word || ezlb_log_level_parse(word, &level) < 0) {
		admin_reply_line(request, 400, "level: expected error, warn, info or debug");
		return;
	}
	ezlb_log_set_level(level);
	admin_reply_line(request, 200, ezlb_log_level_str(level));
}

static const struct path {
	const char *path;
	bool post;
	void (*answer)(struct admin *admin, struct ezlb_api_request *request); /* NULL: a report */
	enum report_kind report;
} paths[] = {
	{ "/", false, get_page, 0 },
	{ "/livez", false, get_livez, 0 },
	{ "/readyz", false, get_readyz, 0 },
	{ "/health", false, NULL, REPORT_HEALTH },
	{ "/metrics", false, NULL, REPORT_METRICS },
	{ "/api/v1/status", false, NULL, REPORT_STATUS },
	{ "/api/v1/events", false, get_events, 0 },
	{ "/api/v1/drain", false, admin_get_drain, 0 },
	{ "/-/reload", true, post_reload, 0 },
	{ "/-/log-level", true, post_log_level, 0 },
	{ "/-/drain", true, admin_post_drain, 0 },
	{ "/-/undrain", true, admin_post_undrain, 0 },
};

static void on_request(void *arg, struct ezlb_api_request *request)
{
	const char *name = ezlb_api_path(request);
	bool post = ezlb_api_is_post(request);

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (strcmp(paths[i].path, name) != 0)
			continue;
		if (paths[i].post != post)
			admin_reply_line(request, 405, post ? "expected GET" : "expected POST");
		else if (post && !ezlb_api_is_local(request))
			admin_reply_line(request, 403, "over the unix socket only");
		else if (paths[i].answer)
			paths[i].answer(arg, request);
		else
			get_report(arg, request, paths[i].report);
		return;
	}
	admin_reply_line(request, 404, "no such path");
}

/* --- traffic log --------------------------------------------------------------------------- */

static void on_traffic(uv_timer_t *timer)
{
	struct admin *admin = timer->data;

	report_want(&admin->report, REPORT_TRAFFIC, false);
}

void admin_files(struct admin *admin)
{
	const struct ezlb_desired *desired = &admin->report.from->catalog->desired;
	uint32_t interval = admin->report.from->options->traffic_interval_ms;
	bool wanted = false;

	for (size_t i = 0; i < desired->len; i++)
		wanted |= desired->items[i]->traffic_log;
	if (admin->closing || wanted == (bool)uv_is_active((uv_handle_t *)&admin->traffic_timer))
		return;
	ezlb_trafficlog_clear(&admin->trafficlog);
	if (wanted)
		uv_timer_start(&admin->traffic_timer, on_traffic, 0, interval);
	else
		uv_timer_stop(&admin->traffic_timer);
}

/* --- opening and closing ------------------------------------------------------------------- */

void admin_open(struct admin *admin, uv_loop_t *loop, const struct sources *from,
		void (*reload)(void *arg), void *arg)
{
	EZLB_AUTO_FREE char *socket = ezlb_asprintf("%s/" EZLB_ADMIN_SOCKET,
						    from->options->state_dir);
	const struct ezlb_api_options options = { .socket_path = socket,
						  .address = from->options->admin_address,
						  .on_request = on_request,
						  .arg = admin,
						  .channel = from->channel };

	/* With the in-memory data plane the directory may not exist. The api logs a failure. */
	ezlb_statedir_make(from->options->state_dir, NULL);
	*admin = (struct admin){ .reload = reload, .arg = arg };
	uv_timer_init(loop, &admin->traffic_timer);
	admin->traffic_timer.data = admin;
	report_open(&admin->report, loop, from, on_report, admin);
	opencount_open(&admin->count, loop, from, admin_on_count, admin);
	ezlb_api_open(loop, &options, &admin->api);
}

void admin_pause(struct admin *admin, void (*ready)(void *arg), void *arg)
{
	if (admin->closing || !admin->api)
		ready(arg);
	else
		ezlb_api_pause(admin->api, ready, arg);
}

void admin_close(struct admin *admin)
{
	if (admin->closing || !admin->api)
		return;
	admin->closing = true;
	report_close(&admin->report);
	opencount_close(&admin->count);
	uv_close((uv_handle_t *)&admin->traffic_timer, NULL);
	ezlb_api_close(admin->api, NULL, NULL);
}

/* The clients have disconnected, but only an answer frees a request. */
static void forget(struct admin_waiting *waiting)
{
	struct ezlb_text none = { 0 };

	for (size_t i = 0; i < waiting->len; i++)
		admin_reply_text(waiting->items[i], 503, ADMIN_TEXT, &none);
	EZLB_VEC_CLEAR(waiting);
}

void admin_clear(struct admin *admin)
{
	for (int i = 0; i < REPORT_KINDS; i++)
		forget(&admin->waiting[i]);
	forget(&admin->counting);
	if (admin->events.body)
		ezlb_api_body_unref(admin->events.body);
	admin->events.body = NULL;
	if (admin->page)
		ezlb_api_body_unref(admin->page);
	admin->page = NULL;
	ezlb_trafficlog_clear(&admin->trafficlog);
}
