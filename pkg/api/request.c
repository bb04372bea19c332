// SPDX-License-Identifier: GPL-2.0-or-later
/* request: passes requests from MHD to the handler, and replies to MHD. */
#include "server.h"

#include <ezlb/mem.h>

#include "accept.h"
#include "body.h"
#include "guard.h"

#define UPLOAD_MAX 4096 /* bytes of a body, which is ignored */

static enum MHD_Result add_argument(void *arg, enum MHD_ValueKind kind, const char *key,
				    const char *value)
{
	struct records_question *question = arg;

	(void)kind;
	*EZLB_PUSH(&question->arguments) = (struct records_argument){
		.key = ezlb_strdup(key),
		.value = ezlb_strdup(value == NULL ? "" : value),
	};
	return MHD_YES;
}

static void request_free(struct ezlb_api_request *request)
{
	records_question_clear(&request->question);
	free(request);
}

void request_orphan(struct ezlb_api_request *request)
{
	bool is_mine = request->conn->door->api->is_worker;

	request->conn = NULL;
	if (is_mine)
		request_free(request);
}

const char *ezlb_api_path(const struct ezlb_api_request *request)
{
	return request->question.path;
}

bool ezlb_api_is_post(const struct ezlb_api_request *request)
{
	return request->question.is_post;
}

bool ezlb_api_is_local(const struct ezlb_api_request *request)
{
	return request->is_local;
}

bool ezlb_api_takes_gzip(const struct ezlb_api_request *request)
{
	return request->question.takes_gzip;
}

const char *ezlb_api_query(const struct ezlb_api_request *request, const char *key)
{
	const struct records_arguments *arguments = &request->question.arguments;

	for (size_t i = 0; i < arguments->len; i++)
		if (strcmp(arguments->items[i].key, key) == 0)
			return arguments->items[i].value;
	return NULL;
}

static void release_body(void *body)
{
	ezlb_api_body_unref(body);
}

static struct MHD_Response *response_new(const char *content_type, struct ezlb_api_body *body,
					 bool takes_gzip)
{
	static const char *const page_policy =
		"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
		"connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
		"frame-ancestors 'none'";
	bool use_gzip = takes_gzip && body->gzip != NULL;
	/* MHD only reads the bytes, although the parameter is not const. */
	void *bytes = use_gzip ? body->gzip : (void *)(uintptr_t)body->bytes;
	struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
		use_gzip ? body->gzip_len : body->len, bytes, release_body, body_ref(body));

	if (response == NULL)
		abort();
	MHD_add_response_header(response, "Content-Type", content_type);
	MHD_add_response_header(response, "Connection", "close");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (use_gzip || body->is_packed)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	if (strncmp(content_type, "text/html", strlen("text/html")) == 0)
		MHD_add_response_header(response, "Content-Security-Policy", page_policy);
	return response;
}

void ezlb_api_reply(struct ezlb_api_request *request, unsigned status, const char *content_type,
		    struct ezlb_api_body *body)
{
	struct conn *conn = request->conn;

	if (request->api != NULL)
		remote_reply(request, status, content_type, body);
	if (conn != NULL) {
		conn->request = NULL;
		conn->status = status;
		conn->response = response_new(content_type, body, request->question.takes_gzip);
		/* RFC 9110 15.5.6: a path that does not allow this method allows the other one. */
		if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
			MHD_add_response_header(conn->response, "Allow",
						request->question.is_post ? "GET, HEAD" : "POST");
		conn_resume(conn);
	}
	request_free(request);
}

static enum MHD_Result send_response(struct conn *conn)
{
	enum MHD_Result rc = MHD_queue_response(conn->mhd, conn->status, conn->response);

	MHD_destroy_response(conn->response);
	conn->response = NULL;
	return rc;
}

static void answer_line(struct conn *conn, unsigned status, const char *text)
{
	struct ezlb_api_body *body = ezlb_api_body_static(text, strlen(text));

	conn->whole = true;
	conn->status = status;
	conn->response = response_new("text/plain; charset=utf-8", body, false);
	ezlb_api_body_unref(body);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(conn->response, "Allow", "GET, HEAD, POST");
}

static enum MHD_Result refuse(struct conn *conn, unsigned status, const char *text)
{
	answer_line(conn, status, text);
	return send_response(conn);
}

static const char *header(const struct conn *conn, const char *name)
{
	return MHD_lookup_connection_value(conn->mhd, MHD_HEADER_KIND, name);
}

static enum MHD_Result note_header(void *arg, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	(void)kind;
	guard_header(arg, name, value);
	return MHD_YES;
}

/* Called after the headers. Refuses invalid requests before MHD reads their body. */
static enum MHD_Result begin(struct conn *conn, const char *method, const char *version)
{
	struct guard_request asked = { .is_local = conn->door->is_local };
	const char *length = header(conn, "Content-Length");
	const struct guard_refusal *refusal;

	asked.is_get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	asked.needs_host = strcmp(version, MHD_HTTP_VERSION_1_1) == 0;
	conn->begun = true;
	if (!asked.is_get && strcmp(method, "POST") != 0)
		return refuse(conn, MHD_HTTP_METHOD_NOT_ALLOWED,
			      "ezlb answers GET, HEAD and POST only\n");
	if (header(conn, "Transfer-Encoding") != NULL)
		return refuse(conn, MHD_HTTP_LENGTH_REQUIRED,
			      "send a Content-Length, or no body at all: ezlb reads none\n");
	if (length != NULL && strtoull(length, NULL, 10) > UPLOAD_MAX)
		return refuse(conn, MHD_HTTP_CONTENT_TOO_LARGE, "send no body: ezlb reads none\n");
	MHD_get_connection_values(conn->mhd, MHD_HEADER_KIND, note_header, &asked);
	refusal = guard_check(&asked);
	return refusal ? refuse(conn, refusal->status, refusal->text) : MHD_YES;
}

static void ask(struct conn *conn, const char *url, const char *method)
{
	struct ezlb_api *api = conn->door->api;
	struct ezlb_api_request *request = ezlb_calloc(1, sizeof(*request));
	struct records_question *question = &request->question;

	question->path = ezlb_strdup(url);
	question->is_post = strcmp(method, "POST") == 0;
	question->takes_gzip = accept_gzip(header(conn, "Accept-Encoding"));
	MHD_get_connection_values(conn->mhd, MHD_GET_ARGUMENT_KIND, add_argument, question);
	if (!records_question_is_valid(question)) {
		request_free(request);
		answer_line(conn, MHD_HTTP_BAD_REQUEST,
			    "expected a path such as /metrics, in UTF-8 and without control "
			    "characters, with 32 arguments at most\n");
		return;
	}
	conn->whole = true;
	conn->request = request;
	request->conn = conn;
	request->is_local = conn->door->is_local;
	api->on_request(api->arg, request);
}

/* MHD calls it after the headers, for parts of the body, at the end, and after each resume. */
/* NOLINTNEXTLINE(readability-function-size): the parameters are MHD's. */
enum MHD_Result request_on_access(void *arg, struct MHD_Connection *mhd, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_len, void **context)
{
	struct conn *conn = conn_of(arg, mhd);

	(void)upload;
	(void)context;
	if (conn == NULL)
		return MHD_NO;
	if (!conn->begun)
		return begin(conn, method, version);
	if (*upload_len > 0) {
		*upload_len = 0;
		return MHD_YES;
	}
	if (conn->ended)
		return MHD_NO;
	if (!conn->whole)
		ask(conn, url, method);
	if (conn->response != NULL)
		return send_response(conn);
	if (conn->request == NULL) /* the handler has closed the server */
		return MHD_NO;
	MHD_suspend_connection(mhd);
	conn->suspended = true;
	return MHD_YES;
}
