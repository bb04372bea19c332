// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * remote: the daemon's half of two processes. It passes accepted connections to the worker, and
 * requests to the handler. The worker may be in the hands of a stranger: what it says is checked
 * here, against what the daemon knows of each connection.
 */
#include "server.h"

#include <fcntl.h>
#include <unistd.h>

#include <ezlb/channel.h>
#include <ezlb/mem.h>

#include "body.h"

/*
 * Per door. The worker has EZLB_API_CONNECTIONS at most; the others are on the way to it, or it has
 * ended them and the daemon has not heard of that yet.
 */
#define CLIENTS_MAX (2 * (size_t)EZLB_API_CONNECTIONS)
/* After so many times the time of a connection, the worker should have ended it long ago. */
#define PATIENCE 3
#define LOOKS	 3 /* in a row: after a pause of this process one look proves nothing */

static struct client *find(struct ezlb_api *api, uint64_t id)
{
	for (size_t i = 0; i < api->clients.len; i++)
		if (api->clients.items[i].id == id)
			return &api->clients.items[i];
	return NULL;
}

static size_t count(const struct door *door, bool waiting)
{
	const struct clients *clients = &door->api->clients;
	size_t n = 0;

	for (size_t i = 0; i < clients->len; i++)
		n += clients->items[i].door == door && (!waiting || clients->items[i].request);
	return n;
}

/* Whoever answers it later only frees it. */
static void orphan(struct client *client)
{
	if (client->request)
		client->request->api = NULL;
	client->request = NULL;
}

static void forget_all(struct ezlb_api *api)
{
	for (size_t i = 0; i < api->clients.len; i++)
		orphan(&api->clients.items[i]);
	api->clients.len = 0;
}

static void say_gone(struct ezlb_channel *channel, uint64_t id)
{
	struct ezlb_text text = { 0 };

	records_put_id(id, &text);
	ezlb_channel_say(channel, EZLB_RECORD_GONE, text.items, text.len);
	EZLB_VEC_CLEAR(&text);
}

static void on_gone(void *arg, struct ezlb_record *record)
{
	struct ezlb_api *api = arg;
	struct client *client = NULL;
	struct door *door;
	uint64_t id;

	if (record->n_fds == 0 && records_get_id(record->data, record->len, &id))
		client = find(api, id);
	if (!client) {
		ezlb_channel_refuse(api->channel, "it has ended a client that is not there");
		return;
	}
	door = client->door;
	orphan(client);
	EZLB_VEC_KEEP(&api->clients, i, api->clients.items[i].id != id);
	door_watch(door);
	pause_check(api);
}

/* NULL: the client cannot ask now, or the worker has no such client. */
static const char *check(const struct client *client)
{
	if (!client)
		return "a request of a client that is not there";
	if (client->has_asked)
		return "a second request of one client";
	if (count(client->door, true) >= EZLB_API_CONNECTIONS)
		return "more requests than a door has clients";
	return NULL;
}

static void on_request(void *arg, struct ezlb_record *record)
{
	struct ezlb_api *api = arg;
	struct records_question question;
	struct ezlb_api_request *request;
	const char *why = "a request of a wrong form";
	struct client *client;
	uint64_t id;

	if (record->n_fds == 0 && records_get_request(record->data, record->len, &id, &question)) {
		client = find(api, id);
		why = check(client);
		if (why)
			records_question_clear(&question);
	}
	if (why) {
		ezlb_channel_refuse(api->channel, why);
		return;
	}
	request = ezlb_calloc(1, sizeof(*request));
	*request = (struct ezlb_api_request){ .api = api, .id = id, .question = question };
	/* Not by the worker's word: the daemon has accepted this connection itself. */
	request->is_local = client->door->is_local;
	client->has_asked = true;
	client->request = request;
	api->on_request(api->arg, request);
}

static void on_state(void *arg, bool up)
{
	struct ezlb_api *api = arg;

	if (up) {
		pause_end(api);
	} else {
		forget_all(api);
		pause_check(api);
	}
	door_watch_all(api);
}

void remote_open(struct ezlb_api *api)
{
	ezlb_channel_on(api->channel, EZLB_RECORD_REQUEST, on_request, api);
	ezlb_channel_on(api->channel, EZLB_RECORD_GONE, on_gone, api);
	ezlb_channel_watch(api->channel, on_state, api);
}

void remote_close(struct ezlb_api *api)
{
	for (size_t i = 0; i < api->clients.len; i++)
		say_gone(api->channel, api->clients.items[i].id);
	forget_all(api);
	ezlb_channel_on(api->channel, EZLB_RECORD_REQUEST, NULL, NULL);
	ezlb_channel_on(api->channel, EZLB_RECORD_GONE, NULL, NULL);
	ezlb_channel_watch(api->channel, NULL, api);
}

bool remote_takes(const struct door *door)
{
	const struct ezlb_api *api = door->api;

	return !api->channel || (ezlb_channel_is_up(api->channel) && !api->pause.on &&
				 count(door, false) < CLIENTS_MAX);
}

void remote_client(struct door *door, int fd)
{
	struct ezlb_api *api = door->api;
	const struct records_client client = { ++api->last_id, door->is_local };
	struct ezlb_record record = { .kind = EZLB_RECORD_CLIENT, .fds = { fd }, .n_fds = 1 };
	struct ezlb_text text = { 0 };

	records_put_client(&client, &text);
	record.data = text.items;
	record.len = text.len;
	if (ezlb_channel_send(api->channel, &record))
		*EZLB_PUSH(&api->clients) = (struct client){ .id = client.id,
							     .door = door,
							     .since = uv_now(api->loop) };
	EZLB_VEC_CLEAR(&text);
}

void remote_look(struct door *door)
{
	const struct clients *clients = &door->api->clients;
	uint64_t now = uv_now(door->api->loop);
	bool late = false;

	if (!door->api->channel)
		return;
	if (door == &door->api->doors[0])
		pause_look(door->api);
	for (size_t i = 0; i < clients->len; i++)
		if (clients->items[i].door == door &&
		    now - clients->items[i].since > PATIENCE * door->api->timing.connection)
			late = true;
	door->late_looks = late ? door->late_looks + 1 : 0;
	if (door->late_looks < LOOKS)
		return;
	door->late_looks = 0;
	ezlb_channel_refuse(door->api->channel, "it does not end its clients");
}

/* A copy of the descriptor of a long document, for the record; -1: none. */
static int file_for(struct ezlb_api_body *body, bool packed)
{
	int file = body_file(body, packed);

	return file < 0 ? -1 : fcntl(file, F_DUPFD_CLOEXEC, 0);
}

static void send_answer(struct ezlb_channel *channel, const struct records_answer *answer, int file)
{
	struct ezlb_record record = { .kind = EZLB_RECORD_REPLY, .fds = { file, -1 } };
	struct ezlb_text text = { 0 };

	records_put_reply(answer, &text);
	record.n_fds = answer->is_file ? 1 : 0;
	record.data = text.items;
	record.len = text.len;
	ezlb_channel_send(channel, &record);
	EZLB_VEC_CLEAR(&text);
}

void remote_reply(struct ezlb_api_request *request, unsigned status, const char *content_type,
		  struct ezlb_api_body *body)
{
	static const char no_memory[] = "there is no memory for the answer: ask again\n";
	struct client *client = find(request->api, request->id);
	struct records_answer answer = { .id = request->id, .status = status };
	int file = -1;

	client->request = NULL;
	ezlb_strcpy(answer.type, sizeof(answer.type), content_type);
	answer.is_packed = request->question.takes_gzip && body_has_gzip(body);
	answer.len = answer.is_packed ? body->gzip_len : body->len;
	answer.bytes = answer.is_packed ? body->gzip : body->bytes;
	answer.is_file = answer.len > RECORDS_INLINE_MAX;
	if (answer.is_file)
		file = file_for(body, answer.is_packed);
	if (answer.is_file && file < 0) {
		answer = (struct records_answer){ .id = request->id, .status = 503 };
		answer.bytes = no_memory;
		answer.len = strlen(no_memory);
		ezlb_strcpy(answer.type, sizeof(answer.type), "text/plain; charset=utf-8");
	}
	send_answer(request->api->channel, &answer, file);
}
