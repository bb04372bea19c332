// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/store.h>

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ASK_TRIES    50
#define ASK_PAUSE_US (10 * 1000)

/* An abstract name, which starts with a NUL. Each network namespace has its own such names. */
static socklen_t address_of(const char *name, struct sockaddr_un *addr)
{
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	ezlb_strcpy(addr->sun_path + 1, sizeof(addr->sun_path) - 1, name);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(addr->sun_path + 1));
}

/* Connects to the process that has the name. -EAGAIN if a later attempt may succeed. */
static int ask_once(const struct sockaddr_un *addr, socklen_t len, struct ucred *who)
{
	EZLB_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t size = sizeof(*who);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, len) < 0)
		return -EAGAIN;
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, who, &size) < 0 ? -errno : 0;
}

/* Another ezlb that is just starting may have bound the name and not listen yet. */
static int ask_holder(const struct sockaddr_un *addr, socklen_t len, struct ucred *who)
{
	int rc = -EAGAIN;

	for (int i = 0; i < ASK_TRIES && rc == -EAGAIN; i++) {
		if (i > 0)
			usleep(ASK_PAUSE_US);
		rc = ask_once(addr, len, who);
	}
	return rc;
}

/*
 * Every user may bind such a name. Only root, or the user that we are, can be another ezlb: no one
 * else may stop this one.
 */
static int in_use(const struct sockaddr_un *addr, socklen_t len, struct ezlb_err *err)
{
	struct ucred who = { .pid = 0 };
	int rc = ask_holder(addr, len, &who);

	if (rc == -EAGAIN)
		return ezlb_err_set(err, EADDRINUSE,
				    "a process that is not an ezlb has the socket name @%s",
				    addr->sun_path + 1);
	if (rc < 0)
		return ezlb_err_sys(err, -rc, "cannot lock the network namespace");
	if (who.uid != 0 && who.uid != geteuid())
		return ezlb_err_set(err, EADDRINUSE, "pid %d of user %u has the socket name @%s",
				    (int)who.pid, (unsigned)who.uid, addr->sun_path + 1);
	/* The kernel gives the pid as this process sees it: 0 if it cannot see that one. */
	if (who.pid == 0)
		return ezlb_err_set(err, EBUSY,
				    "another ezlb is running in this network namespace, in another "
				    "container or pid namespace (only one ezlb per network "
				    "namespace, with any state directory)");
	return ezlb_err_set(err, EBUSY,
			    "another ezlb is running in this network namespace, pid %d (only one "
			    "ezlb per network namespace, with any state directory)",
			    (int)who.pid);
}

int ezlb_netns_lock(const char *name, struct ezlb_err *err)
{
	struct sockaddr_un addr;
	socklen_t len = address_of(name, &addr);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), rc;

	if (fd < 0)
		return ezlb_err_sys(err, errno, "cannot lock the network namespace");
	if (bind(fd, (struct sockaddr *)&addr, len) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	rc = errno == EADDRINUSE ? in_use(&addr, len, err)
				 : ezlb_err_sys(err, errno, "cannot lock the network namespace");
	close(fd);
	return rc;
}

void ezlb_netns_answer(int fd)
{
	int client;

	/* A client has got the pid with SO_PEERCRED when it connected. */
	while ((client = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		close(client);
}
