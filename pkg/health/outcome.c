// SPDX-License-Identifier: GPL-2.0-or-later
#include "outcome.h"

#include <errno.h>

static const struct {
	int code;
	enum ezlb_outcome outcome;
} meanings[] = {
	{ 0, EZLB_PROBE_OK },
	{ ECONNREFUSED, EZLB_PROBE_CONNECT_REFUSED },
	{ ETIMEDOUT, EZLB_PROBE_CONNECT_TIMEOUT },
	{ ECONNRESET, EZLB_PROBE_RESET },
	{ ECONNABORTED, EZLB_PROBE_RESET },
	{ EPIPE, EZLB_PROBE_RESET },
	{ EPERM, EZLB_PROBE_PERMISSION },  /* dropped in the OUTPUT hook of this host */
	{ EACCES, EZLB_PROBE_PERMISSION }, /* a prohibit route, or a rule of an LSM */
	{ EMFILE, EZLB_PROBE_LOCAL_ERROR },
	{ ENFILE, EZLB_PROBE_LOCAL_ERROR },
	{ ENOBUFS, EZLB_PROBE_LOCAL_ERROR },
	{ ENOMEM, EZLB_PROBE_LOCAL_ERROR },
	{ ENOSPC, EZLB_PROBE_LOCAL_ERROR },	   /* fs.epoll.max_user_watches */
	{ EAGAIN, EZLB_PROBE_LOCAL_ERROR },	   /* connect(2): no free port, or routing cache */
	{ EADDRNOTAVAIL, EZLB_PROBE_LOCAL_ERROR }, /* connect(2): all ephemeral ports in use */
	{ EADDRINUSE, EZLB_PROBE_LOCAL_ERROR },	   /* the same, of a bound address */
	{ EAFNOSUPPORT, EZLB_PROBE_LOCAL_ERROR },  /* this host has no IPv6 */
};

struct ezlb_probe_result ezlb_result_from_errno(int code)
{
	struct ezlb_probe_result result = { .outcome = EZLB_PROBE_UNREACHABLE };

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (meanings[i].code == code)
			result.outcome = meanings[i].outcome;
	}
	if (result.outcome == EZLB_PROBE_LOCAL_ERROR)
		result.code = code;
	return result;
}
