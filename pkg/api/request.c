// SPDX-License-Identifier: GPL-2.0-or-later
/* request: passes requests from MHD to the handler, and replies to MHD. */
#include "server.h"

#include <ezlb/mem.h>

#include "accept.h"
#include "body.h"
#include "host_header.h"

#define UPLOAD_MAX 4096 /* bytes of a body, which is ignored */

struct argument {
	char *key, *value;
};

struct ezlb_api_request {
	struct conn *conn; /* NULL: the client is gone */
	char *path;
	struct arguments EZLB_VEC(struct argument) arguments;
	bool is_post;
	bool is_local;
	bool takes_gzip;
};

static enum MHD_Result add_argument(void *arg, enum MHD_ValueKind kind, const char *key,
				    const char *value)
{
	struct ezlb_api_request *request = arg;

	(void)kind;
	*EZLB_PUSH(&request->arguments) = (struct argument){
		.key = ezlb_strdup(key),
		.value = ezlb_strdup(value == NULL ? "" : value),
	};
	return MHD_YES;
}

static void request_free(struct ezlb_api_request *request)
{
	for (size_t i = 0; i < request->arguments.len; i++) {
		free(request->arguments.items[i].key);
		free(request->arguments.items[i].value);
	}
	EZLB_VEC_CLEAR(&request->arguments);
	free(request->path);
	free(request);
}

void request_orphan(struct ezlb_api_request *request)
{
	request->conn = NULL;
}

const char *ezlb_api_path(const struct ezlb_api_request *request)
{
	return request->path;
}

bool ezlb_api_is_post(const struct ezlb_api_request *request)
{
	return request->is_post;
}

bool ezlb_api_is_local(const struct ezlb_api_request *request)
{
	return request->is_local;
}

bool ezlb_api_takes_gzip(const struct ezlb_api_request *request)
{
	return request->takes_gzip;
}

const char *ezlb_api_query(const struct ezlb_api_request *request, const char *key)
{
	for (size_t i = 0; i < request->arguments.len; i++)
		if (strcmp(request->arguments.items[i].key, key) == 0)
			return request->arguments.items[i].value;
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
	bool packed = takes_gzip && body->gzip != NULL;
	/* MHD only reads the bytes, although the parameter is not const. */
	void *bytes = packed ? body->gzip : (void *)(uintptr_t)body->bytes;
	struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
		packed ? body->gzip_len : body->len, bytes, release_body, body_ref(body));

	if (response == NULL)
		abort();
	MHD_add_response_header(response, "Content-Type", content_type);
	MHD_add_response_header(response, "Connection", "close");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (packed)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	if (strncmp(content_type, "text/html", strlen("text/html")) == 0)
		MHD_add_response_header(response, "Content-Security-Policy", page_policy);
	return response;
}

void ezlb_api_reply(struct ezlb_api_request *request, unsigned status, const char *content_type,
		    struct ezlb_api_body *body)
{
	struct conn *conn = request->conn;

	if (conn != NULL) {
		conn->request = NULL;
		conn->status = status;
		conn->response = response_new(content_type, body, request->takes_gzip);
		/* RFC 9110 15.5.6: a path that does not allow this method allows the other one. */
		if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
			MHD_add_response_header(conn->response, "Allow",
						request->is_post ? "GET, HEAD" : "POST");
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

static enum MHD_Result refuse(struct conn *conn, unsigned status, const char *text)
{
	struct ezlb_api_body *body = ezlb_api_body_static(text, strlen(text));

	conn->whole = true;
	conn->status = status;
	conn->response = response_new("text/plain; charset=utf-8", body, false);
	ezlb_api_body_unref(body);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(conn->response, "Allow", "GET, HEAD, POST");
	return send_response(conn);
}

static const char *header(const struct conn *conn, const char *name)
{
	return MHD_lookup_connection_value(conn->mhd, MHD_HEADER_KIND, name);
}

/* Called after the headers. Refuses invalid requests before MHD reads their body. */
static enum MHD_Result begin(struct conn *conn, const char *method)
{
	bool is_get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	const char *length = header(conn, "Content-Length");
	const char *host = header(conn, "Host");

	conn->begun = true;
	if (!is_get && strcmp(method, "POST") != 0)
		return refuse(conn, MHD_HTTP_METHOD_NOT_ALLOWED,
			      "ezlb answers GET, HEAD and POST only\n");
	if (header(conn, "Transfer-Encoding") != NULL)
		return refuse(conn, MHD_HTTP_LENGTH_REQUIRED,
			      "send a Content-Length, or no body at all: ezlb reads none\n");
	if (length != NULL && strtoull(length, NULL, 10) > UPLOAD_MAX)
		return refuse(conn, MHD_HTTP_CONTENT_TOO_LARGE, "send no body: ezlb reads none\n");
	if (conn->door->socket_path == NULL && host != NULL && !host_is_address(host))
		return refuse(conn, MHD_HTTP_MISDIRECTED_REQUEST,
			      "ask by IP address or as localhost: other names are refused, so that "
			      "no web page can read this through a browser (DNS rebinding)\n");
	return MHD_YES;
}

static void ask(struct conn *conn, const char *url, const char *method)
{
	struct ezlb_api *api = conn->door->api;
	struct ezlb_api_request *request = ezlb_calloc(1, sizeof(*request));

	conn->whole = true;
	conn->request = request;
	request->conn = conn;
	request->path = ezlb_strdup(url);
	request->is_post = strcmp(method, "POST") == 0;
	request->is_local = conn->door->socket_path != NULL;
	request->takes_gzip = accept_gzip(header(conn, "Accept-Encoding"));
	MHD_get_connection_values(conn->mhd, MHD_GET_ARGUMENT_KIND, add_argument, request);
	api->on_request(api->arg, request);
}

/* MHD calls it after the headers, for parts of the body, at the end, and after each resume. */
/* NOLINTNEXTLINE(readability-function-size): the parameters are MHD's. */
enum MHD_Result request_on_access(void *arg, struct MHD_Connection *mhd, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_len, void **context)
{
	struct conn *conn = conn_of(arg, mhd);

	(void)version;
	(void)upload;
	(void)context;
	if (conn == NULL)
		return MHD_NO;
	if (!conn->begun)
		return begin(conn, method);
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
