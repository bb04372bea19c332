// SPDX-License-Identifier: GPL-2.0-or-later
#include "tmpdir.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "listener.h"

static struct sockaddr_un addr_of(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", top, name);
	return addr;
}

/* A socket's file, with somebody behind it as long as the descriptor is open. */
static int bound(const char *name, int type)
{
	struct sockaddr_un addr = addr_of(name);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 0), 0);
	return fd;
}

static int connect_to(const char *name)
{
	struct sockaddr_un addr = addr_of(name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void want_refused(const char *path, int code, const char *word)
{
	struct listener listener;
	struct ezlb_err err;

	assert_int_equal(listener_open_unix(path, &listener, &err), -code);
	assert_int_equal(err.code, code);
	if (strstr(err.msg, word) == NULL)
		fail_msg("'%s' is not in '%s'", word, err.msg);
}

static void test_open_and_close(void **state)
{
	struct text path = at("s");
	struct listener listener;
	mode_t mask = umask(0);
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(listener_open_unix(path.s, &listener, NULL), 0);
	umask(mask);
	assert_int_equal(stat(path.s, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0660);
	assert_true((fcntl(listener.fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(listener.fd, F_GETFD) & FD_CLOEXEC) != 0);
	fd = connect_to("s");
	close(fd);
	assert_true(listener_has_file(&listener, path.s));
	listener_close(&listener, path.s);
	assert_int_equal(access(path.s, F_OK), -1);
	assert_int_equal(listener.fd, -1);
}

/* The mode does not depend on the umask the other way round either. */
static void test_open_under_a_strict_umask(void **state)
{
	struct text path = at("s");
	struct listener listener;
	mode_t mask = umask(0777);
	struct stat st;

	(void)state;
	assert_int_equal(listener_open_unix(path.s, &listener, NULL), 0);
	umask(mask);
	assert_int_equal(stat(path.s, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0660);
	listener_close(&listener, path.s);
}

static void test_stale_file_is_replaced(void **state)
{
	struct text path = at("s");
	struct listener listener;
	int fd;

	(void)state;
	close(bound("s", SOCK_STREAM));
	assert_int_equal(listener_open_unix(path.s, &listener, NULL), 0);
	fd = connect_to("s");
	close(fd);
	listener_close(&listener, path.s);
}

static void test_somebody_is_there(void **state)
{
	int listening = bound("s", SOCK_STREAM);
	int datagram = bound("d", SOCK_DGRAM);
	int client;

	(void)state;
	want_refused(at("d").s, EADDRINUSE, "another process listens there");
	client = connect_to("s");
	/* Its queue is full now: busy is not dead. */
	want_refused(at("s").s, EADDRINUSE, "choose another --state-dir");
	assert_int_equal(access(at("s").s, F_OK), 0);
	close(client);
	close(listening);
	close(datagram);
}

static void test_what_is_no_socket_stays(void **state)
{
	(void)state;
	put("file", "precious");
	assert_int_equal(symlink(at("file").s, at("link").s), 0);
	make_dir("dir");
	want_refused(at("file").s, EEXIST, "remove it");
	want_refused(at("link").s, EEXIST, "remove it");
	want_refused(at("dir").s, EEXIST, "remove it");
	assert_int_equal(access(at("file").s, F_OK), 0);
}

static void test_paths(void **state)
{
	char name[120], deep[400];
	struct listener listener;
	int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	want_refused(at("no/s").s, ENOENT, "cannot open the directory");
	want_refused("/proc/ezlb", ENOENT, "socket file");
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	want_refused(at(name).s, ENAMETOOLONG, "is too long");

	make_dir("d");
	name[100] = '\0';
	snprintf(deep, sizeof(deep), "d/%s", name);
	make_dir(deep);
	snprintf(deep, sizeof(deep), "%s/d/%s/admin.sock", top, name);
	assert_int_equal(listener_open_unix(deep, &listener, NULL), 0);
	assert_true(listener_has_file(&listener, deep));
	want_refused(deep, EADDRINUSE, "another process");
	listener_close(&listener, deep);
	assert_int_equal(access(deep, F_OK), -1);

	assert_int_equal(chdir(top), 0);
	assert_int_equal(listener_open_unix("plain", &listener, NULL), 0);
	assert_true(listener_has_file(&listener, at("plain").s));
	listener_close(&listener, "plain");
	assert_int_equal(fchdir(cwd), 0);
	close(cwd);
}

static void test_a_file_of_somebody_else_stays(void **state)
{
	struct text path = at("s");
	struct listener listener;
	int other;

	(void)state;
	assert_int_equal(listener_open_unix(path.s, &listener, NULL), 0);
	assert_int_equal(unlink(path.s), 0);
	assert_false(listener_has_file(&listener, path.s));
	other = bound("s", SOCK_STREAM);
	assert_false(listener_has_file(&listener, path.s));
	listener_close(&listener, path.s);
	assert_int_equal(access(path.s, F_OK), 0);
	close(other);
}

static void test_tcp(void **state)
{
	static const char *const addresses[] = { "127.0.0.1", "::1" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		struct ezlb_endpoint endpoint = { .port = 0 };
		struct sockaddr_storage addr;
		socklen_t len = sizeof(addr);
		struct listener listener, second;
		struct ezlb_err err;

		assert_int_equal(ezlb_addr_parse(addresses[i], &endpoint.addr, NULL), 0);
		assert_int_equal(listener_open_tcp(&endpoint, &listener, NULL), 0);
		assert_int_equal(getsockname(listener.fd, (struct sockaddr *)&addr, &len), 0);
		/* sin_port and sin6_port are at the same place */
		memcpy(&endpoint.port, (char *)&addr + 2, 2);
		endpoint.port = (uint16_t)(endpoint.port >> 8 | endpoint.port << 8);
		assert_int_equal(listener_open_tcp(&endpoint, &second, &err), -EADDRINUSE);
		assert_non_null(strstr(err.msg, "--admin-address"));
		listener_close(&listener, NULL);
		assert_int_equal(listener_open_tcp(&endpoint, &second, &err), 0);
		listener_close(&second, NULL);
	}
}

static void test_tcp_refused(void **state)
{
	struct ezlb_endpoint endpoint = { .port = 9 };
	struct listener listener;
	struct ezlb_err err;

	(void)state;
	assert_int_equal(ezlb_addr_parse("192.0.2.1", &endpoint.addr, NULL), 0);
	assert_int_equal(listener_open_tcp(&endpoint, &listener, &err), -EADDRNOTAVAIL);
	assert_non_null(strstr(err.msg, "this host has no such address"));
	assert_int_equal(ezlb_addr_parse("ff02::1", &endpoint.addr, NULL), 0);
	assert_true(listener_open_tcp(&endpoint, &listener, &err) < 0);
}

/* Each of the descriptors that are needed is missing in turn. */
static void test_no_descriptors(void **state)
{
	struct ezlb_endpoint endpoint = { .port = 0 };
	struct text path = at("s");
	struct rlimit before, limit;
	struct listener listener;
	int lowest = dup(0);

	(void)state;
	close(lowest);
	close(bound("s", SOCK_STREAM));
	assert_int_equal(ezlb_addr_parse("127.0.0.1", &endpoint.addr, NULL), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (rlim_t room = 0; room < 2; room++) {
		limit = before;
		limit.rlim_cur = (rlim_t)lowest + room;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		assert_int_equal(listener_open_unix(path.s, &listener, NULL), -EMFILE);
		if (room == 0)
			assert_int_equal(listener_open_tcp(&endpoint, &listener, NULL), -EMFILE);
		assert_int_equal(unlink(path.s), room == 0 ? 0 : -1);
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(dup(0), lowest);
	close(lowest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open_and_close, setup_top, teardown_top),
		cmocka_unit_test_setup_teardown(test_open_under_a_strict_umask, setup_top,
						teardown_top),
		cmocka_unit_test_setup_teardown(test_stale_file_is_replaced, setup_top,
						teardown_top),
		cmocka_unit_test_setup_teardown(test_somebody_is_there, setup_top, teardown_top),
		cmocka_unit_test_setup_teardown(test_what_is_no_socket_stays, setup_top,
						teardown_top),
		cmocka_unit_test_setup_teardown(test_paths, setup_top, teardown_top),
		cmocka_unit_test_setup_teardown(test_a_file_of_somebody_else_stays, setup_top,
						teardown_top),
		cmocka_unit_test_setup_teardown(test_tcp, setup_top, teardown_top),
		cmocka_unit_test_setup_teardown(test_tcp_refused, setup_top, teardown_top),
		cmocka_unit_test_setup_teardown(test_no_descriptors, setup_top, teardown_top),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
