// SPDX-License-Identifier: GPL-2.0-or-later
/* The variables of the service manager, one in each line: NOTIFY_SOCKET, WATCHDOG_USEC,
 * WATCHDOG_PID. */
#include "fuzz.h"

#include <unistd.h>

#include "pkg/controller/sdnotify.h"

/* Sockets of the host get nothing: a name of the abstract namespace becomes one of ours. */
static void set(const char *variable, struct fuzz_rest piece, const char *prefix)
{
	char *text = fuzz_string(piece.at, piece.len), *value = malloc(piece.len + 32);

	if (!value)
		abort();
	sprintf(value, "%s%s", text[0] ? prefix : "", text);
	if (setenv(variable, value, 1) < 0)
		abort();
	free(value);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const prefixes[] = { "@ezlb-fuzz/", "/nonexistent/", "" };
	struct fuzz_rest rest = { data, size }, name = fuzz_piece(&rest, '\n');
	size_t way = name.len % 3;

	set("NOTIFY_SOCKET", name,
	    way == 2 && name.len && strchr("@/", name.at[0]) ? "x" : prefixes[way]);
	set("WATCHDOG_USEC", fuzz_piece(&rest, '\n'), "");
	set("WATCHDOG_PID", fuzz_piece(&rest, '\n'), "");
	FUZZ_CHECK(sdnotify("STATUS=fuzz") < 0);
	FUZZ_CHECK(sdnotify_reloading() < 0);
	FUZZ_CHECK(sdnotify_watchdog_ms() <= UINT64_MAX / 2000);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return 0;
}
