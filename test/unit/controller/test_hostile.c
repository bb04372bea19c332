// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The whole daemon with a worker in the hands of a stranger (hostile.h). Whatever that says, the
 * daemon lives, applies files, sees backends that it probes itself, and keeps no descriptor and no
 * memory. A long run: EZLB_HOSTILE_ROUNDS=5000 EZLB_HOSTILE_SEED=7 controller_test_hostile
 */
#include "logged.h"

#include <dirent.h>
#include <sys/eventfd.h>
#include <sys/un.h>

#include <ezlb/admin.h>
#include <ezlb/text.h>

#include "files.h"
#include "hostile.h"
#include "own_net.h"

#define ROUNDS_SHORT	5
#define LIVES_PER_ROUND 8
#define GROWTH_MAX_KB	(48 * 1024)
#define TCP_PORT	8080
#define ADMIN_PORT	9100

static unsigned from_environment(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);

	return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static size_t count_fds(pid_t pid)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static size_t resident_kb(pid_t pid)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("/proc/%d/statm", (int)pid);
	size_t size = 0, pages = 0;
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%zu %zu", &size, &pages), 2);
	fclose(file);
	return pages * 4;
}

/* --- clients --------------------------------------------------------------------------------- */

static int dial(bool local)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in tcp = { .sin_family = AF_INET, .sin_port = htons(ADMIN_PORT) };
	int fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ezlb_strcpy(un.sun_path, sizeof(un.sun_path), at("state/" EZLB_ADMIN_SOCKET).s);
	tcp.sin_addr.s_addr = inet_addr(OWN_ADDRESS);
	if (local)
		(void)!connect(fd, (struct sockaddr *)&un, sizeof(un));
	else
		(void)!connect(fd, (struct sockaddr *)&tcp, sizeof(tcp));
	return fd;
}

/*
 * They ask for a status, by TCP; some of them go before there is an answer. In the name of a client
 * of the unix socket a worker may give orders (docs/operating.md), so there is none.
 */
static void ask_a_bit(void)
{
	static const char request[] = "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n";
	static int fds[16];
	static size_t n;

	for (int i = 0; i < 4; i++, n++) {
		int *fd = &fds[n % COUNT_OF(fds)];

		if (n >= COUNT_OF(fds))
			close(*fd);
		*fd = dial(false);
		(void)!send(*fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
	}
}

/* NULL: not yet. */
static char *try_status(void)
{
	const struct timeval patience = { .tv_sec = 2 };
	int fd = dial(true);
	char *text;

	fcntl(fd, F_SETFL, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)!send(fd, "GET /", 5, MSG_NOSIGNAL);
	text = read_fd(fd);
	close(fd);
	if (text[0] == '{')
		return text;
	free(text);
	return NULL;
}

/* Of the honest worker. The caller frees. */
static char *get_status(void)
{
	uint64_t until = ezlb_now_ms() + DEADLINE_MS;
	char *text;

	while (!(text = try_status()) && ezlb_now_ms() < until)
		;
	if (!text)
		fail_msg("no status");
	return text;
}

static void wait_for_status(const char *word)
{
	uint64_t until = ezlb_now_ms() + DEADLINE_MS;
	bool found = false;

	while (!found) {
		EZLB_AUTO_FREE char *text = get_status();

		found = strstr(text, word);
		if (!found && ezlb_now_ms() > until)
			fail_msg("no %s in %s", word, text);
	}
}

/* --- the files and the backend --------------------------------------------------------------- */

static void put_checked(const char *name, const char *listen, const char *type, unsigned port,
			unsigned n)
{
	struct ezlb_text text = { 0 };
	EZLB_AUTO_FREE char *file = NULL;

	ezlb_text_printf(&text, "listen: %s\nbackends:\n", listen);
	for (unsigned i = 1; i <= n; i++)
		ezlb_text_printf(&text, "  - address: 192.0.2.%u:%u\n", i, port);
	ezlb_text_printf(&text,
			 "health_check: {type: %s, interval: 100ms, timeout: 1s, fail_count: 1}\n",
			 type);
	file = ezlb_text_take(&text, NULL);
	put(name, file);
}

static int be_backend(void)
{
	const struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(TCP_PORT) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(listen(fd, 4096), 0);
	return fd;
}

/* A backend that the daemon probes itself goes and comes. */
static void flip(int *fd)
{
	size_t n = times(" svc=tcp dst=192.0.2.1:");

	close(*fd);
	wait_for(" svc=tcp dst=192.0.2.1:", n + 1);
	*fd = be_backend();
	wait_for(" svc=tcp dst=192.0.2.1:", n + 2);
}

/* A file of another service is refused, and right again. */
static void edit(unsigned round)
{
	size_t before = times("its last good version stays");

	if (round % 2 == 0) {
		put("config/web.yaml", BAD);
		wait_for("its last good version stays", before + 1);
	} else {
		put("config/web.yaml", WEB);
	}
}

static void wait_for_lives(unsigned n)
{
	uint64_t until = ezlb_now_ms() + DEADLINE_MS;

	while (board->lives < n) {
		if (ezlb_now_ms() > until)
			fail_msg("no other worker: %u", board->lives);
		usleep(5000);
	}
}

static void assert_never(const char *word)
{
	EZLB_AUTO_FREE char *log = slurp("log");
	const char *found = strstr(log, word);

	if (found)
		fail_msg("the log has %s: %.300s", word, found);
}

static void attack(pid_t pid, int *fd)
{
	unsigned rounds = from_environment("EZLB_HOSTILE_ROUNDS", ROUNDS(ROUNDS_SHORT));

	atomic_store(&board->attack, true);
	for (unsigned i = 0; i < rounds; i++) {
		unsigned lives = board->lives;

		ask_a_bit();
		edit(i);
		flip(fd);
		ask_a_bit();
		wait_for_lives(lives + LIVES_PER_ROUND);
		assert_int_equal(kill(pid, 0), 0);
		assert_int_equal(times("svc=tcp dst=192.0.2.1:"), 2 * (i + 1));
	}
	atomic_store(&board->attack, false);
	print_message("seed %llu: %u workers, %u attacks, %u probes\n",
		      (unsigned long long)board->seed, board->lives, board->acts, board->probes);
}

static void wait_for_fds(pid_t pid, size_t n)
{
	uint64_t until = ezlb_now_ms() + DEADLINE_MS;

	while (count_fds(pid) > n) {
		if (ezlb_now_ms() > until)
			fail_msg("%zu descriptors, and %zu before", count_fds(pid), n);
		usleep(20000);
	}
}

static void test_whole_daemon(void **state)
{
	size_t fds, kb;
	pid_t pid;
	int fd;

	(void)state;
	board->seed = from_environment("EZLB_HOSTILE_SEED", 1);
	assert_int_equal(ezlb_endpoint_parse(OWN_ADDRESS ":9100", &options.admin_address, NULL), 0);
	put("config/web.yaml", WEB);
	put_checked("config/tcp.yaml", "10.0.0.3:80", "tcp", TCP_PORT, 1);
	put_checked("config/http.yaml", "10.0.0.4:80", "http", 81, 20);
	pid = start();
	fd = be_backend(); /* not in the daemon, too */
	wait_for(" dests=22 ", 1);
	wait_for_status("\"draining\":null");
	fds = count_fds(pid);
	kb = resident_kb(pid);

	attack(pid, &fd);

	wait_for_status("\"draining\":null");
	wait_for_status("\"worker_ends\":");
	wait_for_fds(pid, fds + 2);
	if (ROUNDS(5) == 5 && resident_kb(pid) > kb + GROWTH_MAX_KB)
		fail_msg("%zu KB, and %zu before", resident_kb(pid), kb);
	put("config/web.yaml", WEB_TWO);
	wait_for("dest-add tcp 10.0.0.1:80 -> 10.1.0.2:80", 1);
	stop(pid);
	assert_never("this balancer drains");
	assert_never("why=reload");
	assert_never("level=debug");
	assert_never("another program changed");
	assert_never(" failed=1");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_TOP(test_whole_daemon) };

	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (board == MAP_FAILED || !own_net()) {
		perror("a network namespace of its own");
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
