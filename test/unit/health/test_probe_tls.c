// SPDX-License-Identifier: GPL-2.0-or-later
/* Probes of type https that verify the certificate, against openssl's server. */
#include "probing.h"

#include <errno.h>

/* Certificates, each signed by itself, so each is a CA file of its own. */
enum cert { GOOD, NAME_ONLY, EXPIRED, CERTS };

static const struct {
	const char *san, *days;
} certs[CERTS] = {
	[GOOD] = { "subjectAltName=DNS:good.example,IP:127.0.0.1", "1" },
	[NAME_ONLY] = { "subjectAltName=DNS:name.example", "1" },
	[EXPIRED] = { "subjectAltName=DNS:good.example,IP:127.0.0.1", "-1" },
};

static char dir[32];

/* The path of a file in dir; KIND is key, csr or cert. */
static char *path(enum cert cert, const char *kind)
{
	static char paths[8][64];
	static size_t next;
	char *buf = paths[next++ % 8];

	snprintf(buf, sizeof(paths[0]), "%s/%d.%s", dir, cert, kind);
	return buf;
}

static void run(const char *const words[])
{
	char *argv[24] = { NULL };
	int status = -1;
	pid_t pid;

	for (size_t i = 0; words[i] != NULL; i++)
		argv[i] = (char *)(uintptr_t)words[i];
	pid = spawn(argv);
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (status != 0)
		fail_msg("%s %s failed: install Debian's package openssl", argv[0], argv[1]);
}

static void make(enum cert cert)
{
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
					"-keyout",
					path(cert, "key"),
					"-out",
					path(cert, "csr"),
					NULL };
	const char *const sign[] = { "openssl",
				     "x509",
				     "-req",
				     "-in",
				     path(cert, "csr"),
				     "-signkey",
				     path(cert, "key"),
				     "-days",
				     certs[cert].days,
				     "-copy_extensions",
				     "copy",
				     "-out",
				     path(cert, "cert"),
				     NULL };

	run(request);
	run(sign);
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
	verified.ca_file = path(GOOD, "ca");
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
	char *fifo = path(GOOD, "fifo"), *empty = path(GOOD, "empty"), *large = path(GOOD, "large");
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
		expect(fx, files[i], EZLB_PROBE_LOCAL_ERROR, EKEYREJECTED);
	}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_verify),	    T(test_answers), T(test_ca_file),
		T(test_no_ca_file), T(test_no_tls),
	};

	return cmocka_run_group_tests(tests, setup_certs, teardown_certs);
}
