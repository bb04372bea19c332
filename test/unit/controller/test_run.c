// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon as cmd calls it, on the in-memory data plane. It runs in a child whose
 * standard error is a pipe: what it says is how a test knows how far it is.
 */
#include "commands.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <ezlb/admin.h>
#include <ezlb/duration.h>

#include "files.h"

#define DEADLINE_MS 60000

static bool tells_trims;

/* In place of the one that gives memory back. */
void ezlb_mem_trim(void)
{
	if (tells_trims)
		dprintf(STDERR_FILENO, "memory is given back\n");
}

struct daemon {
	pid_t pid;
	int fd; /* its standard error */
	struct {
		char s[2048];
	} said;
};

static struct daemon daemon_start(void)
{
	struct daemon d = { .pid = -1 };
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fflush(NULL);
	d.pid = fork();
	assert_true(d.pid >= 0);
	if (d.pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		/* exit, not _exit: the leak checker looks then. */
		exit(ezlb_controller_run(&options, NULL) == 0 ? 0 : 1);
	}
	close(fds[1]);
	d.fd = fds[0];
	return d;
}

/* Reads what there is within 100 ms. */
static void listen_to(struct daemon *d)
{
	struct pollfd poller = { .fd = d->fd, .events = POLLIN };
	size_t len = strlen(d->said.s);
	ssize_t n = 0;

	if (poll(&poller, 1, 100) > 0)
		n = read(d->fd, d->said.s + len, sizeof(d->said.s) - len - 1);
	if (n > 0)
		d->said.s[len + (size_t)n] = '\0';
}

/* Waits until it says so, behind what was waited for before. */
static void wait_said(struct daemon *d, const char *word)
{
	uint64_t until = ezlb_now_ms() + DEADLINE_MS;
	const char *rest;

	while (!(rest = strstr(d->said.s, word))) {
		listen_to(d);
		if (ezlb_now_ms() > until) {
			kill(d->pid, SIGKILL);
			fail_msg("it never says '%s', but: %s", word, d->said.s);
		}
	}
	rest += strlen(word);
	memmove(d->said.s, rest, strlen(rest) + 1);
}

/* The exit status, or 128 + the signal that ended it. */
static int wait_end(struct daemon *d)
{
	uint64_t until = ezlb_now_ms() + DEADLINE_MS;
	int status = 0;

	while (waitpid(d->pid, &status, WNOHANG) == 0) {
		if (ezlb_now_ms() > until)
			kill(d->pid, SIGKILL);
		usleep(5000);
	}
	if (d->fd >= 0)
		close(d->fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* It says nothing more until its end. */
static void assert_silent(struct daemon *d)
{
	EZLB_AUTO_FREE char *rest = read_fd(d->fd);

	assert_string_equal(d->said.s, "\n");
	assert_string_equal(rest, "");
}

static void test_stops(void **state)
{
	static const struct {
		int signal;
		bool cleanup;
		const char *says;
	} rows[] = {
		{ SIGTERM, true, "msg=stopping signal=TERM rules=removed" },
		{ SIGTERM, false, "msg=stopping signal=TERM rules=\"left in place\"" },
		{ SIGINT, true, "msg=stopping signal=INT rules=removed" },
	};

	(void)state;
	put("config/web.yaml", WEB);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct daemon d;

		options.cleanup_on_exit = rows[i].cleanup;
		d = daemon_start();
		wait_said(&d, "applied changes to the kernel\" why=files ops=2");
		assert_int_equal(kill(d.pid, rows[i].signal), 0);
		wait_said(&d, rows[i].says);
		if (rows[i].cleanup)
			wait_said(&d, "why=\"cleanup on exit\" ops=2 failed=0");
		else
			assert_silent(&d);
		assert_int_equal(wait_end(&d), 0);
	}
}

/*
 * Supervisors that signal the whole group hit it twice: the first time counts. The second file
 * makes threads, which a signal must not come to.
 */
static void test_told_twice_to_stop(void **state)
{
	static const char *const files[] = { WEB, "traffic_log: true\n" WEB };

	(void)state;
	for (size_t k = 0; k < COUNT_OF(files); k++) {
		struct daemon d;

		put("config/web.yaml", files[k]);
		d = daemon_start();
		wait_said(&d, "applied changes to the kernel");
		for (int i = 0; i < 2000; i++) {
			kill(d.pid, i % 2 ? SIGINT : SIGTERM);
			usleep(10);
		}
		assert_int_equal(wait_end(&d), 0);
	}
}

static void test_drains_on_exit(void **state)
{
	struct daemon d;

	(void)state;
	put("config/web.yaml", WEB);
	options.drain_on_exit_ms = DEADLINE_MS;
	options.vip_device = "ezlb0";
	d = daemon_start();
	wait_said(&d, "applied changes to the kernel");
	kill(d.pid, SIGTERM);
	wait_said(&d, "msg=\"stopping after a drain\" signal=TERM rules=removed");
	wait_said(&d, "msg=\"this balancer drains\" kind=exiting vip_device=ezlb0");
	wait_said(&d, "why=drain ops=3 failed=0 first=\"link-add ezlb0-drain\"");
	wait_said(&d, "msg=\"ending; no connection is active\"");
	wait_said(&d, "why=\"cleanup on exit\"");
	assert_int_equal(wait_end(&d), 0);
}

/* Files still count while it drains. */
static void test_works_while_it_drains(void **state)
{
	struct daemon d;

	(void)state;
	put("config/web.yaml", WEB);
	options.drain_on_exit_ms = DEADLINE_MS;
	d = daemon_start();
	wait_said(&d, "applied changes to the kernel");
	kill(d.pid, SIGTERM);
	wait_said(&d, "kind=exiting");
	put("config/web.yaml", WEB_TWO);
	kill(d.pid, SIGHUP);
	wait_said(&d, " ops=1 failed=0 first=\"dest-add");
	wait_said(&d, "why=\"cleanup on exit\" ops=3 failed=0");
	assert_int_equal(wait_end(&d), 0);
}

/* SIGINT, and a second signal. */
static void test_ends_without_a_drain(void **state)
{
	static const struct {
		int first, second;
	} rows[] = { { SIGINT, 0 }, { SIGTERM, SIGTERM }, { SIGTERM, SIGINT } };

	(void)state;
	options.drain_on_exit_ms = DEADLINE_MS;
	put("config/web.yaml", WEB);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct daemon d = daemon_start();

		wait_said(&d, "applied changes to the kernel");
		kill(d.pid, rows[i].first);
		if (rows[i].second) {
			wait_said(&d, "kind=exiting");
			kill(d.pid, rows[i].second);
		}
		wait_said(&d, "msg=stopping signal=");
		assert_int_equal(wait_end(&d), 0);
		assert_null(strstr(d.said.s, "no connection is active"));
	}
}

/* The answer is not read: whether it arrives does not matter. */
static void ask_status(void)
{
	static const char request[] = "GET /api/v1/status HTTP/1.0\r\n\r\n";
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char byte;

	assert_true(ezlb_strcpy(addr.sun_path, sizeof(addr.sun_path),
				at("state/" EZLB_ADMIN_SOCKET).s));
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(write(fd, request, sizeof(request) - 1), sizeof(request) - 1);
	assert_int_equal(read(fd, &byte, 1), 1);
	close(fd);
}

/* Long before the next pass over all services, after which it does so as well. */
static void test_gives_memory_back(void **state)
{
	struct daemon d;
	uint64_t begin;

	(void)state;
	put("config/web.yaml", WEB);
	tells_trims = true;
	d = daemon_start();
	tells_trims = false;
	begin = ezlb_now_ms();
	wait_said(&d, "memory is given back"); /* after the pass that checks the first one */
	ask_status();
	wait_said(&d, "memory is given back");
	put("config/web.yaml", WEB_TWO);
	wait_said(&d, "first=\"dest-add");
	wait_said(&d, "memory is given back");
	assert_true(ezlb_now_ms() - begin < 50000);
	kill(d.pid, SIGTERM);
	assert_int_equal(wait_end(&d), 0);
}

static void test_says_that_it_is_no_kernel(void **state)
{
	EZLB_AUTO_FREE char *lock = ezlb_asprintf("%s/lock", state_dir.s);
	struct daemon d;

	(void)state;
	put("config/web.yaml", WEB);
	d = daemon_start();
	wait_said(&d, "level=warn pkg=controller msg=\"nothing is programmed");
	wait_said(&d, "applied changes to the kernel");
	kill(d.pid, SIGTERM);
	assert_int_equal(wait_end(&d), 0);
	assert_int_equal(unlink(lock), 0);
	/* Nothing else: no ledger of what is not there. */
	assert_int_equal(rmdir(state_dir.s), 0);
}

/* Whoever read the log may go away: that is no reason to stop. */
static void test_nobody_reads_the_log(void **state)
{
	struct daemon d;

	(void)state;
	put("config/web.yaml", WEB);
	d = daemon_start();
	wait_said(&d, "applied changes to the kernel");
	close(d.fd);
	d.fd = -1;
	kill(d.pid, SIGTERM); /* it logs "stopping" */
	assert_int_equal(wait_end(&d), 0);
}

/* Nor is a reader that stands still: more lines than the pipe takes, and the signal after them. */
static void test_the_log_is_full(void **state)
{
	struct daemon d;
	char name[64];

	(void)state;
	put("config/web.yaml", WEB);
	d = daemon_start();
	wait_said(&d, "applied changes to the kernel");
	assert_true(fcntl(d.fd, F_SETPIPE_SZ, 4096) > 0);
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "config/bad%d.yaml", i);
		put(name, BAD);
	}
	for (int n = 0; n < 3500; usleep(1000))
		assert_int_equal(ioctl(d.fd, FIONREAD, &n), 0);
	kill(d.pid, SIGTERM);
	assert_int_equal(wait_end(&d), 0);
}

/* A file behind a link raises no event in the directory, so only the signal makes it look. */
static void test_hup(void **state)
{
	struct daemon d;

	(void)state;
	put("web.yaml", WEB);
	assert_int_equal(symlink("../web.yaml", at("config/web.yaml").s), 0);
	d = daemon_start();
	wait_said(&d, "why=files ops=2");
	/* The pass that checks the first one is due when the signal is handled. */
	kill(d.pid, SIGSTOP);
	put("web.yaml", WEB_TWO);
	kill(d.pid, SIGHUP);
	usleep(30000);
	kill(d.pid, SIGCONT);
	wait_said(&d, "why=\"signal HUP\" ops=1 failed=0 first=\"dest-add");
	kill(d.pid, SIGTERM);
	assert_int_equal(wait_end(&d), 0);
}

/* It is for the connection log. Without one it must not end the daemon either. */
static void test_usr1(void **state)
{
	struct daemon d = daemon_start();

	(void)state;
	put("config/web.yaml", WEB);
	wait_said(&d, "why=files ops=2");
	kill(d.pid, SIGUSR1);
	put("config/web.yaml", WEB_TWO);
	wait_said(&d, "why=files ops=1 failed=0 first=\"dest-add");
	kill(d.pid, SIGTERM);
	assert_int_equal(wait_end(&d), 0);
}

static void test_files(void **state)
{
	struct daemon d = daemon_start();

	(void)state;
	wait_said(&d, "msg=started");
	put("config/web.yaml", WEB);
	wait_said(&d, "why=files ops=2 failed=0 first=\"service-add");
	put("config/web.yaml", BAD);
	wait_said(&d, "its last good version stays");
	put("config/web.yaml", WEB_TWO);
	wait_said(&d, "why=files ops=1 failed=0 first=\"dest-add");
	assert_int_equal(unlink(at("config/web.yaml").s), 0);
	wait_said(&d, "first=\"dest-del");
	kill(d.pid, SIGTERM);
	assert_int_equal(wait_end(&d), 0);
}

/* No file at all is believed only when it lasts. */
static void test_empty_for_a_while(void **state)
{
	struct daemon d;

	(void)state;
	options.empty_hold_ms = DEADLINE_MS; /* the files are back long before */
	put("config/web.yaml", WEB);
	d = daemon_start();
	wait_said(&d, "why=files ops=2");
	assert_int_equal(unlink(at("config/web.yaml").s), 0);
	wait_said(&d, "level=warn pkg=controller msg=\"all service files are gone");
	wait_said(&d, " in_ms=60000");
	put("config/web.yaml", WEB_TWO);
	wait_said(&d, "service files are back: nothing was removed");
	wait_said(&d, "why=files ops=1 failed=0 first=\"dest-add");
	assert_int_equal(unlink(at("config/web.yaml").s), 0);
	wait_said(&d, "all service files are gone");
	kill(d.pid, SIGTERM);
	assert_int_equal(wait_end(&d), 0);
}

static void test_empty_for_good(void **state)
{
	struct daemon d;

	(void)state;
	options.empty_hold_ms = 1500;
	put("config/web.yaml", WEB_TWO);
	d = daemon_start();
	wait_said(&d, "why=files ops=3");
	assert_int_equal(unlink(at("config/web.yaml").s), 0);
	wait_said(&d, "level=warn pkg=controller msg=\"all service files are gone");
	wait_said(&d, " in_ms=1500");
	wait_said(&d, "there are still no service files: removing all services");
	wait_said(&d, "why=files ops=3 failed=0 first=\"dest-del");
	kill(d.pid, SIGTERM);
	assert_int_equal(wait_end(&d), 0);
}

static void test_says_which_backend(void **state)
{
	struct daemon d;

	(void)state;
	put("config/a.yaml", SNAT("3"));
	put("config/b.yaml", SNAT("4"));
	options.snat_driver = EZLB_SNAT_NFTABLES;
	d = daemon_start();
	wait_said(&d, "msg=\"snat backend\" backend=nftables why=");
	wait_said(&d, " services=2 dests=2 ");
	assert_int_equal(kill(d.pid, SIGTERM), 0);
	assert_int_equal(wait_end(&d), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_stops),
		IN_TOP(test_told_twice_to_stop),
		IN_TOP(test_drains_on_exit),
		IN_TOP(test_works_while_it_drains),
		IN_TOP(test_ends_without_a_drain),
		IN_TOP(test_gives_memory_back),
		IN_TOP(test_says_that_it_is_no_kernel),
		IN_TOP(test_nobody_reads_the_log),
		IN_TOP(test_the_log_is_full),
		IN_TOP(test_hup),
		IN_TOP(test_usr1),
		IN_TOP(test_files),
		IN_TOP(test_empty_for_a_while),
		IN_TOP(test_empty_for_good),
		IN_TOP(test_says_which_backend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
