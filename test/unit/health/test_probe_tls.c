// SPDX-License-Identifier: GPL-2.0-or-later
/* Probes of type https that verify the certificate, against openssl's server. */
#include "probing.h"

#include <errno.h>
#include <sys/inotify.h>

/* Certificates, each signed by itself, so each is a CA file of its own. */
enum cert { GOOD, NAME_ONLY, EXPIRED, CLIENTS, CERTS };

static const char *const day[4] = { "-days", "1" };
/* OpenSSL 3.0 has no option for a time, and since 3.5 the days must be positive. */
static const char *const past[4] = { "-not_before", "20190101000000Z", "-not_after",
				     "20200101000000Z" };
static const char *const minus_a_day[4] = { "-days", "-1" };

static const struct {
	const char *san;
	const char *const *end;
	const char *use;
} certs[CERTS] = {
	[GOOD] = { "subjectAltName=DNS:good.example,IP:127.0.0.1", day, "serverAuth" },
	[NAME_ONLY] = { "subjectAltName=DNS:name.example", day, "serverAuth" },
	[EXPIRED] = { "subjectAltName=DNS:good.example,IP:127.0.0.1", past, "serverAuth" },
	[CLIENTS] = { "subjectAltName=DNS:good.example,IP:127.0.0.1", day, "clientAuth" },
};

static char dir[32];
static int n_fresh; /* each test has files of its own */

/* The path of a file in dir; KIND is key, csr or cert. */
static char *path(enum cert cert, const char *kind)
{
	static char paths[8][64];
	static size_t next;
	char *buf = paths[next++ % 8];

	snprintf(buf, sizeof(paths[0]), "%s/%d.%s", dir, cert, kind);
	return buf;
}

/* The path of a file that does not exist. */
static char *fresh(const char *kind)
{
	EZLB_AUTO_FREE char *name = ezlb_asprintf("%s.%d", kind, n_fresh++);

	return path(GOOD, name);
}

static bool try_run(const char *const words[])
{
	char *argv[24] = { NULL };
	int status = -1;
	pid_t pid;

	for (size_t i = 0; words[i] != NULL; i++)
		argv[i] = (char *)(uintptr_t)words[i];
	pid = spawn(argv);
	if (pid > 0)
		waitpid(pid, &status, 0);
	return status == 0;
}

static void run(const char *const words[])
{
	if (!try_run(words))
		fail_msg("%s %s failed: install Debian's package openssl", words[0], words[1]);
}

/* Fills in `words` and returns it. The end may have fewer words. */
static const char *const *sign(const char *words[20], enum cert cert, const char *const end[4])
{
	const char *const all[] = { "openssl",
				    "x509",
				    "-req",
				    "-in",
				    path(cert, "csr"),
				    "-signkey",
				    path(cert, "key"),
				    "-copy_extensions",
				    "copy",
				    "-out",
				    path(cert, "cert"),
				    end[0],
				    end[1],
				    end[2],
				    end[3],
				    NULL };

	memcpy(words, all, sizeof(all));
	return words;
}

static void make(enum cert cert)
{
	const char *words[20];
	EZLB_AUTO_FREE char *use = ezlb_asprintf("extendedKeyUsage=%s", certs[cert].use);
	const char *const request[] = { "openssl",
					"req",
					"-new",
					"-newkey",
					"ec",
					"-pkeyopt",
					"ec_paramgen_curve:P-256",
					"-nodes",
					"-subj",
					"/CN=other.example",
					"-addext",
					certs[cert].san,
					"-addext",
					use,
					"-keyout",
					path(cert, "key"),
					"-out",
					path(cert, "csr"),
					NULL };
	run(request);
	if (!try_run(sign(words, cert, certs[cert].end)))
		run(sign(words, cert, minus_a_day));
}

static int setup_certs(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/ezlb-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < CERTS; i++)
		make((enum cert)i);
	return 0;
}

static int teardown_certs(void **state)
{
	const char *const remove[] = { "rm", "-rf", dir, NULL };

	(void)state;
	run(remove);
	return 0;
}

REQUEST(verified, "/", 200);

/* With cert, and NAME_ONLY's for a client that asks for name.example. */
static pid_t serve_tls(struct fixture *fx, enum cert cert, uint16_t port)
{
	struct ezlb_check check = check_of(EZLB_CHECK_HTTPS, 5000);
	char where[EZLB_ENDPOINT_STRLEN];
	struct ezlb_endpoint at = loopback(port);
	char *argv[] = { (char *)(uintptr_t) "openssl",
			 (char *)(uintptr_t) "s_server",
			 (char *)(uintptr_t) "-www",
			 (char *)(uintptr_t) "-accept",
			 where,
			 (char *)(uintptr_t) "-key",
			 path(cert, "key"),
			 (char *)(uintptr_t) "-cert",
			 path(cert, "cert"),
			 (char *)(uintptr_t) "-servername",
			 (char *)(uintptr_t) "name.example",
			 (char *)(uintptr_t) "-key2",
			 path(NAME_ONLY, "key"),
			 (char *)(uintptr_t) "-cert2",
			 path(NAME_ONLY, "cert"),
			 NULL };
	pid_t pid;

	ezlb_endpoint_format(&at, where);
	pid = spawn(argv);
	assert_true(pid > 0);
	check.request = &verified;
	verified.verify = false;
	probe_until_connected(fx, at, &check);
	expect(fx, "not verified", EZLB_PROBE_OK, 0);
	return pid;
}

#define HOSTS_CAS CERTS /* in place of a file */

static const struct {
	const char *name;
	enum cert server, ca;
	const char *server_name;
	enum ezlb_outcome want;
} cases[] = {
	{ "the name", GOOD, GOOD, "good.example", EZLB_PROBE_OK },
	{ "the address", GOOD, GOOD, NULL, EZLB_PROBE_OK },
	{ "SNI", GOOD, NAME_ONLY, "name.example", EZLB_PROBE_OK },
	{ "a wrong name", GOOD, GOOD, "other.example", EZLB_PROBE_TLS_CERTIFICATE },
	{ "no such address in it", NAME_ONLY, NAME_ONLY, NULL, EZLB_PROBE_TLS_CERTIFICATE },
	{ "a CA that nobody trusts", GOOD, NAME_ONLY, "good.example", EZLB_PROBE_TLS_CERTIFICATE },
	{ "that the host does not trust", GOOD, HOSTS_CAS, "good.example",
	  EZLB_PROBE_TLS_CERTIFICATE },
	{ "for clients", CLIENTS, CLIENTS, "good.example", EZLB_PROBE_TLS_CERTIFICATE },
	{ "expired", EXPIRED, EXPIRED, "good.example", EZLB_PROBE_TLS_CERTIFICATE },
	{ "expired, by address", EXPIRED, EXPIRED, NULL, EZLB_PROBE_TLS_CERTIFICATE },
};

static void test_verify(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTPS, 5000);

	check.request = &verified;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint16_t port = closed_port();
		pid_t pid = serve_tls(fx, cases[i].server, port);

		verified.verify = true;
		verified.ca_file = cases[i].ca == HOSTS_CAS ? NULL : path(cases[i].ca, "cert");
		verified.server_name = (char *)(uintptr_t)cases[i].server_name;
		probe(fx, loopback(port), &check);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		expect(fx, cases[i].name, cases[i].want, 0);
	}
}

REQUEST(other_status, "/", 204);

/* Inside TLS it is HTTP as without. */
static void test_answers(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTPS, 5000);
	uint16_t port = closed_port();
	pid_t pid = serve_tls(fx, GOOD, port);

	check.request = &verified;
	verified.body = (char *)(uintptr_t) "s_server";
	probe(fx, loopback(port), &check);
	expect(fx, "the text", EZLB_PROBE_OK, 0);
	verified.body = (char *)(uintptr_t) "no such text";
	probe(fx, loopback(port), &check);
	expect(fx, "another text", EZLB_PROBE_HTTP_BODY, 0);
	verified.body = NULL;
	check.request = &other_status;
	probe(fx, loopback(port), &check);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	expect(fx, "another status", EZLB_PROBE_HTTP_STATUS, 200);
}

/* That of the host is no failure of the backend. */
static void test_ca_file(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTPS, 5000);
	uint16_t port = closed_port();
	pid_t pid = serve_tls(fx, GOOD, port);

	check.request = &verified;
	verified.verify = true;
	verified.server_name = NULL;
	verified.ca_file = (char *)(uintptr_t) "/nowhere/ca.pem";
	probe(fx, loopback(port), &check);
	expect(fx, "no CA file", EZLB_PROBE_LOCAL_ERROR, ENOENT);

	/* A file that was replaced counts from the next probe on. */
	verified.ca_file = fresh("ca");
	assert_int_equal(symlink(path(NAME_ONLY, "cert"), verified.ca_file), 0);
	probe(fx, loopback(port), &check);
	expect(fx, "another CA", EZLB_PROBE_TLS_CERTIFICATE, 0);
	unlink(verified.ca_file);
	assert_int_equal(symlink(path(GOOD, "cert"), verified.ca_file), 0);
	probe(fx, loopback(port), &check);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	expect(fx, "the right CA", EZLB_PROBE_OK, 0);
}

/* A file that never ends, or whose open waits, must not stop the loop. */
static void test_no_ca_file(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTPS, 5000);
	char *fifo = fresh("fifo"), *empty = fresh("empty"), *large = fresh("large");
	char *const files[] = { fifo,  (char *)(uintptr_t) "/dev/zero",	     dir, empty,
				large, (char *)(uintptr_t) "/proc/self/maps" };

	assert_int_equal(mkfifo(fifo, 0600), 0);
	fclose(fopen(empty, "w"));
	fclose(fopen(large, "w"));
	assert_int_equal(truncate(large, 1LL << 30), 0);
	check.request = &verified;
	verified.verify = true;
	verified.server_name = NULL;
	fx->server.mode = ANSWER_NEVER;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		verified.ca_file = files[i];
		probe(fx, loopback(fx->server.port), &check);
		expect(fx, files[i], EZLB_PROBE_LOCAL_ERROR, ENODATA);
	}
}

static void copy(const char *from, const char *to)
{
	const char *const words[] = { "cp", from, to, NULL };

	run(words);
}

/* A file is parsed once, and again after it has changed, even if it is the same inode. */
static void test_ca_file_is_kept(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTPS, 5000);
	uint16_t port = closed_port();
	pid_t pid = serve_tls(fx, GOOD, port);
	char opened[512];
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct ezlb_remote_check *held;

	check.request = &verified;
	held = ezlb_prober_hold(fx->prober, &check);
	verified.verify = true;
	verified.server_name = NULL;
	verified.ca_file = fresh("kept");
	copy(path(GOOD, "cert"), verified.ca_file);
	assert_true(inotify_add_watch(fd, verified.ca_file, IN_OPEN) >= 0);
	probe(fx, loopback(port), &check);
	expect(fx, "parsed", EZLB_PROBE_OK, 0);
	assert_true(read(fd, opened, sizeof(opened)) > 0);
	probe(fx, loopback(port), &check);
	expect(fx, "kept", EZLB_PROBE_OK, 0);
	assert_int_equal(read(fd, opened, sizeof(opened)), -1);
	close(fd);

	copy(path(NAME_ONLY, "cert"), verified.ca_file);
	probe(fx, loopback(port), &check);
	expect(fx, "rewritten", EZLB_PROBE_TLS_CERTIFICATE, 0);
	assert_int_equal(truncate(verified.ca_file, 0), 0);
	probe(fx, loopback(port), &check);
	expect(fx, "empty", EZLB_PROBE_LOCAL_ERROR, ENODATA);
	unlink(verified.ca_file);
	probe(fx, loopback(port), &check);
	expect(fx, "deleted", EZLB_PROBE_LOCAL_ERROR, ENOENT);
	copy(path(GOOD, "cert"), verified.ca_file);
	probe(fx, loopback(port), &check);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	expect(fx, "again", EZLB_PROBE_OK, 0);
	ezlb_prober_release(fx->prober, held);
}

static off_t size_of(const char *file)
{
	struct stat st;

	assert_int_equal(stat(file, &st), 0);
	return st.st_size;
}

/* s_server writes what it receives to a file, and does not answer. */
static pid_t serve_into(const char *file, uint16_t port)
{
	EZLB_AUTO_FREE char *command = ezlb_asprintf(
		"mkfifo %s.in && exec openssl s_server -quiet -accept 127.0.0.1:%u "
		"-key %s -cert %s >%s <>%s.in",
		file, (unsigned)port, path(GOOD, "key"), path(GOOD, "cert"), file, file);
	char *argv[] = { (char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c", command, NULL };
	pid_t pid = spawn(argv);

	assert_true(pid > 0);
	return pid;
}

/* The request may have secrets in its headers. */
static void test_stranger_gets_no_request(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTPS, 500);
	uint16_t port = closed_port();
	char *file = fresh("received");
	pid_t pid = serve_into(file, port);

	check.request = &verified;
	verified.verify = true;
	verified.server_name = NULL;
	verified.ca_file = path(NAME_ONLY, "cert");
	probe_until_connected(fx, loopback(port), &check);
	expect(fx, "a stranger", EZLB_PROBE_TLS_CERTIFICATE, 0);
	assert_int_equal(size_of(file), 0);
	verified.ca_file = path(GOOD, "cert");
	probe(fx, loopback(port), &check);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	expect(fx, "nobody answers", EZLB_PROBE_TIMEOUT, 0);
	assert_true(size_of(file) > 0);
}

static const struct {
	const char *name;
	enum answer answer;
	uint32_t timeout_ms;
	enum ezlb_outcome want;
} strangers[] = {
	{ "plain text", ANSWER_GARBAGE, 5000, EZLB_PROBE_TLS },
	{ "HTTP", ANSWER_200, 5000, EZLB_PROBE_TLS },
	{ "an endless answer", ANSWER_ENDLESS, 5000, EZLB_PROBE_TLS },
	{ "closed", ANSWER_NOTHING, 5000, EZLB_PROBE_TLS },
	{ "half-closed", ANSWER_CLOSED_HALF, 5000, EZLB_PROBE_TLS },
	{ "no handshake", ANSWER_NEVER, 50, EZLB_PROBE_TIMEOUT },
};

static void test_no_tls(void **state)
{
	struct fixture *fx = *state;

	for (size_t verify = 0; verify < 2; verify++) {
		verified.verify = verify;
		verified.ca_file = path(GOOD, "cert");
		verified.server_name = (char *)(uintptr_t) "good.example";
		for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
			struct ezlb_check check = check_of(EZLB_CHECK_HTTPS,
							   strangers[i].timeout_ms);

			check.request = &verified;
			fx->server.mode = strangers[i].answer;
			probe(fx, loopback(fx->server.port), &check);
			expect(fx, strangers[i].name, strangers[i].want, 0);
		}
	}
}

/* Before there are keys, a backend may send any record. None of them may be read without end. */
static const struct {
	const char *name;
	unsigned char bytes[32];
	size_t len;
} records[] = {
	{ "warnings", { 21, 3, 3, 0, 2, 1, 90 }, 7 },
	{ "empty handshakes", { 22, 3, 3, 0, 0 }, 5 },
	{ "empty data", { 23, 3, 3, 0, 0 }, 5 },
	{ "changes of the cipher", { 20, 3, 3, 0, 1, 1 }, 6 },
	{ "hello requests", { 22, 3, 3, 0, 4, 0, 0, 0, 0 }, 9 },
	/* GnuTLS reads all of it in one call. */
	{ "a message of 16 MB", { 22, 3, 3, 0, 9, 2, 255, 255, 255, 2, 2, 2, 2, 2 }, 14 },
};

static void test_records_without_end(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTPS, DEADLINE_MS);

	check.request = &verified;
	verified.verify = false;
	fx->server.mode = ANSWER_RECORDS;
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		memcpy(fx->server.record, records[i].bytes, records[i].len);
		fx->server.record_len = records[i].len;
		probe(fx, loopback(fx->server.port), &check);
		expect(fx, records[i].name, EZLB_PROBE_TLS, 0);
	}
	server_stop(&fx->server); /* waits for its thread */
	assert_int_equal(fx->server.cut_off, sizeof(records) / sizeof(records[0]));
	server_start(&fx->server, ANSWER_200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_verify),
		T(test_answers),
		T(test_ca_file),
		T(test_no_ca_file),
		T(test_ca_file_is_kept),
		T(test_stranger_gets_no_request),
		T(test_no_tls),
		T(test_records_without_end),
		W(test_records_without_end),
		W(test_verify),
		W(test_answers),
		W(test_ca_file),
		W(test_no_ca_file),
		W(test_ca_file_is_kept),
		W(test_stranger_gets_no_request),
		W(test_no_tls),
	};

	return cmocka_run_group_tests(tests, setup_certs, teardown_certs);
}
