// SPDX-License-Identifier: GPL-2.0-or-later
/* Against a server on a socket in a temporary directory, in a child process. */
#include "tmpdir.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <ezlb/console.h>
#include <ezlb/duration.h>

#define HEAD "HTTP/1.1 200 OK\r\nContent-Length: "

struct server {
	const char *answer; /* NULL: none, it only waits */
	size_t endless;	    /* so many blanks behind it */
	pid_t pid;
	unsigned ends; /* so many connections get no answer */
};

static void bind_socket(int fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	assert_true(
		ezlb_strcpy(address.sun_path, sizeof(address.sun_path), at(EZLB_ADMIN_SOCKET).s));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void send_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			_exit(0);
		bytes += n;
		len -= (size_t)n;
	}
}

/* As of a worker process that ends. */
static void end_without_answer(int listener)
{
	char c;
	int fd = accept(listener, NULL, NULL);

	recv(fd, &c, 1, 0);
	close(fd);
}

/* One connection; what was asked goes into the file "request". */
static void serve(const struct server *server, int listener)
{
	static char blanks[65536];
	char request[4096] = "";
	size_t len = 0;
	int fd = accept(listener, NULL, NULL);

	while (!strstr(request, "\r\n\r\n") && len + 1 < sizeof(request)) {
		ssize_t n = recv(fd, request + len, sizeof(request) - 1 - len, 0);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	put("request", request);
	memset(blanks, ' ', sizeof(blanks));
	if (!server->answer)
		pause();
	send_all(fd, server->answer, strlen(server->answer));
	for (size_t sent = 0; sent < server->endless; sent += sizeof(blanks))
		send_all(fd, blanks, sizeof(blanks));
	close(fd);
}

static void start(struct server *server)
{
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(listener >= 0);
	bind_socket(listener);
	assert_int_equal(listen(listener, 4), 0);
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (server->pid == 0) {
		alarm(30);
		for (unsigned i = 0; i < server->ends; i++)
			end_without_answer(listener);
		serve(server, listener);
		_exit(0);
	}
	close(listener);
}

static void stop(struct server *server)
{
	kill(server->pid, SIGKILL);
	assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
	assert_int_equal(unlink(at(EZLB_ADMIN_SOCKET).s), 0);
}

static int ask(const char *path, bool post, struct ezlb_answer *answer, struct ezlb_err *err)
{
	const struct ezlb_question question = { .state_dir = top, .path = path, .post = post };

	return ezlb_console_ask(&question, answer, err);
}

static void assert_says(const struct ezlb_err *err, const char *want)
{
	if (!strstr(err->msg, want))
		fail_msg("'%s' does not say '%s'", err->msg, want);
}

static void assert_asked(const char *want)
{
	char request[4096] = "";
	FILE *file = fopen(at("request").s, "r");

	assert_non_null(file);
	request[fread(request, 1, sizeof(request) - 1, file)] = '\0';
	fclose(file);
	if (!strstr(request, want))
		fail_msg("'%s' is not in '%s'", want, request);
}

static void test_answers(void **state)
{
	static const struct {
		const char *name, *answer;
		bool post;
		const char *asked;
		long status;
		const char *body;
	} cases[] = {
		{ "a body", HEAD "5\r\n\r\nhello", false, "GET /x?y=1 HTTP/1.1\r\n", 200, "hello" },
		{ "none", HEAD "0\r\n\r\n", false, "\r\nHost: localhost\r\n", 200, "" },
		{ "until the end", "HTTP/1.1 200 OK\r\n\r\nhello", false, "GET ", 200, "hello" },
		{ "POST", HEAD "0\r\n\r\n", true, "POST /x?y=1 HTTP/1.1\r\n", 200, "" },
		{ "POST has no body", HEAD "0\r\n\r\n", true, "\r\nContent-Length: 0\r\n", 200,
		  "" },
		{ "503", "HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\nwhy", false, "GET ", 503,
		  "why" },
		{ "a redirect is not followed",
		  "HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
		  false, "GET ", 302, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct server server = { .answer = cases[i].answer };
		struct ezlb_answer answer;
		struct ezlb_err err = { 0 };

		start(&server);
		if (ask("/x?y=1", cases[i].post, &answer, &err) != 0)
			fail_msg("%s: %s", cases[i].name, err.msg);
		assert_int_equal(answer.status, cases[i].status);
		assert_string_equal(answer.body, cases[i].body);
		assert_int_equal(answer.len, strlen(cases[i].body));
		assert_asked(cases[i].asked);
		free(answer.body);
		stop(&server);
	}
}

static void test_bad_answers(void **state)
{
	static const struct {
		const char *answer;
		size_t endless;
		int rc;
		const char *want;
	} cases[] = {
		{ HEAD "9\r\n\r\nhello", 0, -EPROTO, " failed: " },
		{ "", 0, -EPROTO, " failed: " },
		{ "SSH-2.0-nonsense\r\n", 0, -EPROTO, " failed: " },
		{ "HTTP/1.1 200 OK\r\n\r\n", 65 << 20, -EMSGSIZE, " sends more than 64 MB" },
		{ NULL, 0, -ETIMEDOUT, " does not answer: is it stuck? (journalctl -u ezlb)" },
		{ HEAD "9\r\n", 0, -EPROTO, " failed: " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct server server = { .answer = cases[i].answer, .endless = cases[i].endless };
		const struct ezlb_question question = { .state_dir = top,
							.path = "/",
							.timeout_ms = cases[i].answer ? 0 : 100 };
		struct ezlb_answer answer;
		struct ezlb_err err = { 0 };
		uint64_t began;

		start(&server);
		began = ezlb_now_ms();
		assert_int_equal(ezlb_console_ask(&question, &answer, &err), cases[i].rc);
		assert_true(ezlb_now_ms() - began < 8000);
		assert_says(&err, cases[i].want);
		assert_null(answer.body);
		stop(&server);
	}
}

/* It is asked once more, but not if that could do something twice. */
static void test_asks_again(void **state)
{
	static const struct {
		unsigned ends;
		bool post;
		int rc;
	} cases[] = { { 1, false, 0 }, { 2, false, -EPROTO }, { 1, true, -EPROTO } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct server server = { .answer = HEAD "5\r\n\r\nhello", .ends = cases[i].ends };
		struct ezlb_answer answer;
		struct ezlb_err err = { 0 };

		start(&server);
		assert_int_equal(ask("/", cases[i].post, &answer, &err), cases[i].rc);
		if (cases[i].rc == 0)
			assert_string_equal(answer.body, "hello");
		free(answer.body);
		stop(&server);
	}
}

/* Just as much as is allowed is no error. */
static void test_largest_answer(void **state)
{
	struct server server = { .answer = "HTTP/1.1 200 OK\r\n\r\n", .endless = 64 << 20 };
	struct ezlb_answer answer;

	(void)state;
	start(&server);
	assert_int_equal(ask("/", false, &answer, NULL), 0);
	assert_int_equal(answer.len, 64 << 20);
	free(answer.body);
	stop(&server);
}

static void test_nobody_there(void **state)
{
	EZLB_AUTO_FREE char *want = ezlb_asprintf(
		"no ezlb answers on %s/admin.sock: is it running? (systemctl status ezlb)", top);
	struct ezlb_answer answer;
	struct ezlb_err err = { 0 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(ask("/", false, &answer, &err), -ENOENT);
	assert_string_equal(err.msg, want);
	/* What a daemon that was killed leaves behind. */
	bind_socket(fd);
	err = (struct ezlb_err){ 0 };
	assert_int_equal(ask("/", false, &answer, &err), -ECONNREFUSED);
	assert_string_equal(err.msg, want);
	close(fd);
	unlink(at(EZLB_ADMIN_SOCKET).s);
}

/* As somebody who may not: root may always. */
static void test_no_permission(void **state)
{
	struct server server = { .answer = HEAD "0\r\n\r\n" };
	struct ezlb_answer answer;
	struct ezlb_err err = { 0 };
	int rc;

	(void)state;
	start(&server);
	assert_int_equal(chmod(at(EZLB_ADMIN_SOCKET).s, 0), 0);
	if (getuid() == 0)
		assert_int_equal(chmod(top, 0755) | seteuid(65534), 0);
	rc = ask("/", false, &answer, &err);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	stop(&server);
	assert_int_equal(rc, -EACCES);
	assert_says(&err, "no permission to ask the ezlb on ");
	assert_says(&err, ": run this as root");
}

/* Of the directory's name only, which is longer than any socket's address. */
static void test_long_path(void **state)
{
	char name[200];
	const struct ezlb_question question = { .state_dir = name, .path = "/x" };
	struct server server = { .answer = HEAD "2\r\n\r\nok" };
	struct ezlb_answer answer;
	struct ezlb_err err = { 0 };
	EZLB_AUTO_FREE char *link = NULL;
	size_t len;

	(void)state;
	len = (size_t)snprintf(name, sizeof(name), "%s/", top);
	memset(name + len, 'x', sizeof(name) - len);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(ezlb_console_ask(&question, &answer, &err), -ENOENT);
	assert_says(&err, "no ezlb answers on /");
	assert_int_equal(mkdir(name, 0700), 0);
	assert_int_equal(ezlb_console_ask(&question, &answer, &err), -ENOENT);
	start(&server);
	link = ezlb_asprintf("%s/" EZLB_ADMIN_SOCKET, name);
	assert_int_equal(symlink("../" EZLB_ADMIN_SOCKET, link), 0);
	assert_int_equal(ezlb_console_ask(&question, &answer, &err), 0);
	assert_string_equal(answer.body, "ok");
	free(answer.body);
	stop(&server);
}

/* A proxy of the user's knows nothing of this host. */
static void test_no_proxy(void **state)
{
	struct server server = { .answer = HEAD "0\r\n\r\n" };
	struct ezlb_answer answer;

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:9", 1);
	setenv("all_proxy", "http://127.0.0.1:9", 1);
	start(&server);
	assert_int_equal(ask("/readyz", false, &answer, NULL), 0);
	assert_asked("GET /readyz HTTP/1.1\r\n");
	free(answer.body);
	stop(&server);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),	       cmocka_unit_test(test_bad_answers),
		cmocka_unit_test(test_asks_again),     cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_largest_answer), cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_no_permission),  cmocka_unit_test(test_long_path),
		cmocka_unit_test(test_no_proxy),
	};

	return cmocka_run_group_tests(tests, setup_top, teardown_top);
}
