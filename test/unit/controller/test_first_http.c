// SPDX-License-Identifier: GPL-2.0-or-later
/* The first check by http replaces the worker: whoever asks for the metrics meanwhile is answered.
 */
#include "logged.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <ezlb/admin.h>

#include "files.h"
#include "own_net.h"

#define ADMIN_PORT 9100
#define MORE	   20 /* clients, after the replacement */
#define HTTP                                                                              \
	"listen: 10.0.0.4:80\nbackends:\n  - address: " OWN_ADDRESS ":81\nhealth_check: " \
	"{type: http, interval: 100ms, timeout: 1s, fail_count: 1}\n"

static int dial(bool local)
{
	const struct timeval patience = { .tv_sec = DEADLINE_MS / 1000 };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in tcp = { .sin_family = AF_INET, .sin_port = htons(ADMIN_PORT) };
	int fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	ezlb_strcpy(un.sun_path, sizeof(un.sun_path), at("state/" EZLB_ADMIN_SOCKET).s);
	tcp.sin_addr.s_addr = inet_addr(OWN_ADDRESS);
	rc = local ? connect(fd, (struct sockaddr *)&un, sizeof(un))
		   : connect(fd, (struct sockaddr *)&tcp, sizeof(tcp));
	assert_int_equal(rc, 0);
	return fd;
}

/* A client that has sent the first half of its request. */
static int begin(bool local)
{
	static const char half[] = "GET /metrics HTTP/1.1\r\n";
	int fd = dial(local);

	assert_int_equal(send(fd, half, sizeof(half) - 1, MSG_NOSIGNAL), sizeof(half) - 1);
	return fd;
}

/* The rest of it; false if there is no answer. */
static bool is_answered(int fd)
{
	static const char rest[] = "Host: localhost\r\n\r\n";
	EZLB_AUTO_FREE char *text = NULL;

	(void)!send(fd, rest, sizeof(rest) - 1, MSG_NOSIGNAL);
	text = read_fd(fd);
	close(fd);
	return strncmp(text, "HTTP/1.1 200 ", 13) == 0;
}

/* There is one that has not got its answer at each moment. */
static void test_nobody_notices(void **state)
{
	unsigned asked = 0, failed = 0, more = 0;
	int fd, next;
	pid_t pid;

	(void)state;
	assert_int_equal(ezlb_endpoint_parse(OWN_ADDRESS ":9100", &options.admin_address, NULL), 0);
	put("config/web.yaml", WEB);
	pid = start();
	wait_for(" dests=1 ", 1);
	fd = begin(true);
	put("config/http.yaml", HTTP);
	while (more < MORE) {
		next = begin(asked % 2);
		failed += !is_answered(fd);
		asked++;
		fd = next;
		more += times(" svc=http ") > 0; /* only a worker with libcurl has found that */
	}
	failed += !is_answered(fd);
	stop(pid);
	print_message("%u clients\n", asked);
	if (failed > 0)
		fail_msg("%u of %u clients were not answered", failed, asked + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_TOP(test_nobody_notices) };

	if (!own_net()) {
		perror("a network namespace of its own");
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
