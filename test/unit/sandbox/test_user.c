// SPDX-License-Identifier: GPL-2.0-or-later
/* The user of spawner and worker, from a password file. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ezlb/sandbox.h>

#define ROOT "root:x:0:0:root:/root:/bin/bash\n"
#define LONG "#0123456789012345678901234567890123456789012345678901234567890123456789\n"

static const struct {
	const char *name, *text; /* NULL: no file */
	bool found;
	uid_t uid;
	gid_t gid;
} rows[] = {
	{ "no file", NULL, false, 65534, 65534 },
	{ "empty", "", false, 65534, 65534 },
	{ "no user", ROOT "nobody:x:65534:65534::/:\n", false, 65534, 65534 },
	{ "a user", ROOT "ezlb:x:997:996:ezlb:/:/usr/sbin/nologin\n", true, 997, 996 },
	{ "without an end of the line", ROOT "ezlb:x:997:996::/:", true, 997, 996 },
	{ "without a password", "ezlb::997:996::/:\n", true, 997, 996 },
	{ "behind what is no user", "\n:::\nx\n" LONG "ezlb:x:997:996::/:\n", true, 997, 996 },
	{ "another name", "ezlb2:x:1:1::/:\nxezlb:x:2:2::/:\n", false, 65534, 65534 },
	{ "of a name service", "+ezlb::::::\n+::::::\n", false, 65534, 65534 },
	{ "root", "ezlb:x:0:996::/:\n", false, 65534, 65534 },
	{ "the group root", "ezlb:x:997:0::/:\n", false, 65534, 65534 },
	{ "no change of the user", "ezlb:x:4294967295:996::/:\n", false, 65534, 65534 },
	{ "no change of the group", "ezlb:x:997:4294967295::/:\n", false, 65534, 65534 },
	{ "no numbers", "ezlb:x:a:b::/:\nezlb:x:::\n", false, 65534, 65534 },
};

static void test_find(void **state)
{
	char path[] = "/tmp/ezlb-user-XXXXXX";
	struct ezlb_sandbox_user user;

	(void)state;
	close(mkstemp(path));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		FILE *file = rows[i].text ? fopen(path, "we") : NULL;

		if (file) {
			fputs(rows[i].text, file);
			fclose(file);
		}
		memset(&user, 0xff, sizeof(user));
		if (ezlb_sandbox_find_user(file ? path : "/tmp/no/file", &user) != rows[i].found ||
		    user.uid != rows[i].uid || user.gid != rows[i].gid)
			fail_msg("%s: %u, %u", rows[i].name, user.uid, user.gid);
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_find) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
