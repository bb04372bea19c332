// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/console.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/un.h>
#include <unistd.h>

#include <curl/curl.h>

#include <ezlb/curl.h>

#define BODY_MAX   (64 * 1024 * 1024)
#define AGAIN_US   (100 * 1000)
#define TIMEOUT_MS 10000

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct ezlb_text *body = arg;

	if (body->len + size * n > BODY_MAX)
		return 0;
	ezlb_text_put(body, bytes, size * n);
	return size * n;
}

/* Proxy variables have no effect: with CURLOPT_UNIX_SOCKET_PATH curl uses no proxy. */
static void set_request(CURL *easy, const struct ezlb_question *question, const char *socket)
{
	EZLB_AUTO_FREE char *url = ezlb_asprintf("http://localhost%s", question->path);

	curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
			 question->timeout_ms > 0 ? question->timeout_ms : TIMEOUT_MS);
	if (question->post)
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
}

static int not_there(const char *socket, long os_errno, struct ezlb_err *err)
{
	if (os_errno == EACCES || os_errno == EPERM)
		return ezlb_err_set(err, (int)os_errno,
				    "no permission to ask the ezlb on %s: run this as root",
				    socket);
	return ezlb_err_set(err, os_errno ? (int)os_errno : ECONNREFUSED,
			    "no ezlb answers on %s: is it running? (systemctl status ezlb)",
			    socket);
}

/* The error of a request without an answer. */
static int failure(CURL *easy, CURLcode code, const char *socket, struct ezlb_err *err)
{
	long os_errno = 0;

	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_errno);
	if (code == CURLE_COULDNT_CONNECT)
		return not_there(socket, os_errno, err);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return ezlb_err_set(err, ETIMEDOUT,
				    "the ezlb on %s does not answer: is it stuck? "
				    "(journalctl -u ezlb)",
				    socket);
	if (code == CURLE_WRITE_ERROR)
		return ezlb_err_set(err, EMSGSIZE, "the ezlb on %s sends more than %d MB", socket,
				    BODY_MAX / 1024 / 1024);
	return ezlb_err_set(err, EPROTO, "the connection to the ezlb on %s failed: %s", socket,
			    curl_easy_strerror(code));
}

/*
 * The worker process that answers was replaced, as when the first service with an http check comes:
 * then its connections end without a byte. Only what changes nothing is asked again.
 */
static bool may_ask_again(const struct ezlb_question *question, CURLcode code,
			  const struct ezlb_text *body)
{
	return (code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING) && !question->post &&
	       body->len == 0;
}

/* False: the first failure says more. */
static bool ask_again(CURL *easy)
{
	usleep(AGAIN_US);
	return curl_easy_perform(easy) == CURLE_OK;
}

/* A path that is too long for a socket address goes through the open directory *dir. */
static char *address_of(const char *state_dir, const char *socket, int *dir)
{
	if (strlen(socket) < sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return ezlb_strdup(socket);
	*dir = open(state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *dir < 0 ? NULL : ezlb_asprintf("/proc/self/fd/%d/" EZLB_ADMIN_SOCKET, *dir);
}

int ezlb_console_ask(const struct ezlb_question *question, struct ezlb_answer *out,
		     struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *socket = ezlb_asprintf("%s/" EZLB_ADMIN_SOCKET, question->state_dir);
	EZLB_AUTO_CLOSE int dir = -1;
	EZLB_AUTO_FREE char *address = address_of(question->state_dir, socket, &dir);
	struct ezlb_text body = { 0 };
	int rc;
	CURLcode code;
	CURL *easy;

	*out = (struct ezlb_answer){ 0 };
	if (!address)
		return not_there(socket, errno, err);
	rc = ezlb_curl_load(err);
	if (rc < 0)
		return rc;
	easy = curl_easy_init();
	if (!easy)
		return ezlb_err_set(err, ENOMEM, "cannot initialize libcurl");
	set_request(easy, question, address);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
	code = curl_easy_perform(easy);
	if (may_ask_again(question, code, &body) && ask_again(easy))
		code = CURLE_OK;
	if (code == CURLE_OK) {
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &out->status);
		out->body = ezlb_text_take(&body, &out->len);
	} else {
		rc = failure(easy, code, socket, err);
	}
	EZLB_VEC_CLEAR(&body);
	curl_easy_cleanup(easy);
	return rc;
}
