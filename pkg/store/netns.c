// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/store.h>

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* An abstract name, which starts with a NUL. Each network namespace has its own such names. */
static socklen_t address_of(const char *name, struct sockaddr_un *addr)
{
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	ezlb_strcpy(addr->sun_path + 1, sizeof(addr->sun_path) - 1, name);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(addr->sun_path + 1));
}

/* The process that has the name; false if unknown. */
static bool ask_holder(const struct sockaddr_un *addr, socklen_t len, struct ucred *who)
{
	EZLB_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t size = sizeof(*who);

	return fd >= 0 && connect(fd, (const struct sockaddr *)addr, len) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_PEERCRED, who, &size) == 0 && who->pid > 0;
}

static int busy(const struct sockaddr_un *addr, socklen_t len, struct ezlb_err *err)
{
	const char *rule = "only one ezlb per network namespace, with any state directory";
	struct ucred who;

	if (!ask_holder(addr, len, &who))
		return ezlb_err_set(err, EBUSY,
				    "another ezlb is running in this network namespace (%s)", rule);
	if (who.uid != 0 && who.uid != geteuid())
		return ezlb_err_set(err, EBUSY,
				    "pid %d of user %u has the socket name @%s in this network "
				    "namespace: ezlb needs it to lock the namespace",
				    (int)who.pid, (unsigned)who.uid, addr->sun_path + 1);
	return ezlb_err_set(err, EBUSY,
			    "another ezlb is running in this network namespace, pid %d (%s)",
			    (int)who.pid, rule);
}

int ezlb_netns_lock(const char *name, struct ezlb_err *err)
{
	struct sockaddr_un addr;
	socklen_t len = address_of(name, &addr);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return ezlb_err_sys(err, errno, "cannot lock the network namespace");
	/* Accepts no connection: a client only gets the pid, with SO_PEERCRED. */
	if (bind(fd, (struct sockaddr *)&addr, len) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	rc = errno == EADDRINUSE ? busy(&addr, len, err)
				 : ezlb_err_sys(err, errno, "cannot lock the network namespace");
	close(fd);
	return rc;
}
