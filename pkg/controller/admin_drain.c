// SPDX-License-Identifier: GPL-2.0-or-later
#include "admin_inside.h"

#include <ezlb/duration.h>
#include <ezlb/json.h>

static json_t *services_json(const struct opencount_result *result)
{
	json_t *array = ezlb_json_array();

	for (size_t i = 0; i < result->n && i < OPENCOUNT_MOST; i++) {
		json_t *service = ezlb_json_object();

		ezlb_json_put_text(service, "name", result->most[i].name);
		ezlb_json_put_count(service, "active_connections", result->most[i].active);
		ezlb_json_add(array, service);
	}
	return array;
}

static void put_document(const struct sources *from, const struct opencount_result *result,
			 struct ezlb_text *out)
{
	const struct nodedrain *drain = from->drain;
	bool draining = drain->state.kind != EZLB_NODE_SERVES;
	bool moved = draining && drain->moved_ms > 0;
	json_t *doc = ezlb_json_object();

	ezlb_json_put_bool(doc, "draining", draining);
	ezlb_json_put_text(doc, "kind", ezlb_node_drain_str(drain->state.kind));
	ezlb_json_put_time(doc, "since", drain->state.since_ms);
	ezlb_json_put_bool(doc, "moved", moved);
	ezlb_json_put_bool(doc, "idle",
			   draining && nodedrain_idle(drain, result->active, ezlb_now_ms()));
	ezlb_json_put_known(doc, "active_connections", result->active);
	ezlb_json_put(doc, "services", services_json(result));
	ezlb_json_put_count(doc, "services_with_connections", result->n);
	ezlb_json_put_text(doc, "problem",
			   draining && !moved ? from->view->pass_error : result->err.msg);
	ezlb_json_print(doc, out);
}

void admin_on_count(void *arg, const struct opencount_result *result, size_t n)
{
	struct admin *admin = arg;
	struct ezlb_text text = { 0 };
	struct ezlb_api_body *body;
	size_t len;
	char *bytes;

	put_document(admin->report.from, result, &text);
	bytes = ezlb_text_take(&text, &len);
	body = ezlb_api_body_new(bytes, len);
	admin_serve(&admin->counting, n, 200, ADMIN_JSON, body);
	ezlb_api_body_unref(body);
}

void admin_get_drain(struct admin *admin, struct ezlb_api_request *request)
{
	*EZLB_PUSH(&admin->counting) = request;
	opencount_want(&admin->count);
}

void admin_post_drain(struct admin *admin, struct ezlb_api_request *request)
{
	const char *until = ezlb_api_query(request, "until");
	struct ezlb_text answer = { 0 };
	unsigned status;

	if (until && strcmp(until, "exit") != 0) {
		admin_reply_line(request, 400, "until: expected exit");
		return;
	}
	status = nodedrain_begin(admin->report.from->drain,
				 until ? EZLB_NODE_UNTIL_EXIT : EZLB_NODE_DRAINED, &answer);
	admin_reply_text(request, status, ADMIN_TEXT, &answer);
}

void admin_post_undrain(struct admin *admin, struct ezlb_api_request *request)
{
	struct ezlb_text answer = { 0 };
	unsigned status = nodedrain_end(admin->report.from->drain, &answer);

	admin_reply_text(request, status, ADMIN_TEXT, &answer);
}
