// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/netlink.h>

#include <errno.h>

int ezlb_nl_explain(struct ezlb_err *err, int rc, const char *what)
{
	switch (rc) {
	case -EPERM:
		return ezlb_err_set(err, EPERM,
				    "not allowed to use %s: it needs CAP_NET_ADMIN, run ezlb as "
				    "root (in Kubernetes: add NET_ADMIN to the container)",
				    what);
	case -ETIMEDOUT:
		return ezlb_err_set(err, ETIMEDOUT, "the kernel's %s did not answer in time", what);
	case -ENOBUFS:
		return ezlb_err_set(err, ENOBUFS, "answers from the kernel's %s were lost", what);
	case -EBADMSG:
		return ezlb_err_set(err, EBADMSG, "an answer from the kernel's %s is damaged",
				    what);
	default:
		return ezlb_err_sys(err, -rc, "cannot talk to the kernel's %s", what);
	}
}
