// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * serve: the worker's half of two processes. It has the connections and MHD, and passes each whole
 * request to the daemon.
 */
#include "server.h"

#include <ezlb/channel.h>
#include <ezlb/log.h>
#include <ezlb/mem.h>

#include "body.h"

void serve_gone(struct ezlb_api *api, uint64_t id)
{
	struct ezlb_text text = { 0 };

	records_put_id(id, &text);
	ezlb_channel_say(api->channel, EZLB_RECORD_GONE, text.items, text.len);
	EZLB_VEC_CLEAR(&text);
}

static void reply_line(struct ezlb_api_request *request, const char *line)
{
	struct ezlb_api_body *body = ezlb_api_body_static(line, strlen(line));

	ezlb_api_reply(request, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", body);
	ezlb_api_body_unref(body);
}

void serve_on_request(void *arg, struct ezlb_api_request *request)
{
	struct ezlb_api *api = arg;
	struct ezlb_text text = { 0 };

	records_put_request(request->conn->id, &request->question, &text);
	if (!ezlb_channel_say(api->channel, EZLB_RECORD_REQUEST, text.items, text.len))
		reply_line(request, "ezlb is about to end\n");
	EZLB_VEC_CLEAR(&text);
}

static bool can_serve(struct ezlb_api *api)
{
	struct ezlb_err err;

	if (api_start_mhd(api, &err) == 0)
		return true;
	ezlb_log(EZLB_WARN, "api", EZLB_S("msg", "cannot serve a client of the admin interface"),
		 EZLB_S("reason", err.msg));
	return false;
}

static void on_client(void *arg, struct ezlb_record *record)
{
	struct ezlb_api *api = arg;
	struct records_client client;

	if (record->n_fds != 1 || !records_get_client(record->data, record->len, &client)) {
		ezlb_channel_refuse(api->channel, "a client of a wrong form");
		return;
	}
	if (!can_serve(api)) {
		serve_gone(api, client.id);
		return;
	}
	conn_start_worker(&api->doors[client.is_local ? 0 : 1], record->fds[0], client.id);
	record->fds[0] = -1;
	api_run(api);
}

/* NULL: the document could not be mapped. */
static struct ezlb_api_body *body_of(const struct records_answer *answer,
				     const struct ezlb_record *record)
{
	struct ezlb_api_body *body;
	struct ezlb_text text = { 0 };
	size_t len;
	char *bytes;

	if (answer->is_file) {
		body = body_map(record->fds[0], answer->len);
	} else {
		ezlb_text_put(&text, answer->bytes, answer->len);
		bytes = ezlb_text_take(&text, &len);
		body = ezlb_api_body_new(bytes, len);
	}
	if (body)
		body->is_packed = answer->is_packed;
	return body;
}

static void on_reply(void *arg, struct ezlb_record *record)
{
	struct ezlb_api *api = arg;
	struct records_answer answer;
	struct ezlb_api_body *body;
	struct conn *conn;

	if (!records_get_reply(record->data, record->len, &answer) ||
	    record->n_fds != (answer.is_file ? 1 : 0)) {
		ezlb_channel_refuse(api->channel, "a reply of a wrong form");
		return;
	}
	conn = conn_by_id(api, answer.id);
	if (!conn || !conn->request) /* its client has left meanwhile */
		return;
	body = body_of(&answer, record);
	if (!body) {
		reply_line(conn->request, "there is no memory for the answer: ask again\n");
		return;
	}
	ezlb_api_reply(conn->request, answer.status, answer.type, body);
	ezlb_api_body_unref(body);
	api_run(api);
}

/* The daemon's server is closed. */
static void on_gone(void *arg, struct ezlb_record *record)
{
	struct ezlb_api *api = arg;
	struct conn *conn;
	uint64_t id;

	if (!records_get_id(record->data, record->len, &id)) {
		ezlb_channel_refuse(api->channel, "an end of a wrong form");
		return;
	}
	conn = conn_by_id(api, id);
	if (conn)
		conn_end(conn);
}

/* The daemon is gone: nobody can answer any more. */
static void on_state(void *arg, bool up)
{
	struct ezlb_api *api = arg;

	for (size_t i = 0; i < api->n_doors && !up; i++)
		conn_end_all(&api->doors[i]);
}

void serve_open(struct ezlb_api *api)
{
	api->n_doors = 2;
	for (size_t i = 0; i < api->n_doors; i++)
		door_init_worker(&api->doors[i], api, i == 0);
	ezlb_channel_on(api->channel, EZLB_RECORD_CLIENT, on_client, api);
	ezlb_channel_on(api->channel, EZLB_RECORD_REPLY, on_reply, api);
	ezlb_channel_on(api->channel, EZLB_RECORD_GONE, on_gone, api);
	ezlb_channel_watch(api->channel, on_state, api);
	can_serve(api);
}

void serve_close(struct ezlb_api *api)
{
	ezlb_channel_on(api->channel, EZLB_RECORD_CLIENT, NULL, NULL);
	ezlb_channel_on(api->channel, EZLB_RECORD_REPLY, NULL, NULL);
	ezlb_channel_on(api->channel, EZLB_RECORD_GONE, NULL, NULL);
	ezlb_channel_watch(api->channel, NULL, api);
	api->channel = NULL;
}
