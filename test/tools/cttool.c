// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cttool: adds and ends entries of conntrack in the network namespace that it runs in.
 *
 *   cttool fill N VIP PORT SOURCE BACKEND BACKEND-PORT   N established TCP connections: clients are
 *                        100.64.0.0 or fd99:: and up, their source ports 10000 and up; each
 *                        50,000 of them have the next backend address
 *   cttool end VIP PORT  deletes the IPv4 or IPv6 entries to this address and port; prints how many
 *   cttool measure COMMAND [ARGUMENT...]   runs it without output; prints its time and memory
 *   cttool delay COMMAND [ARGUMENT...]     runs it on the first CPU; prints for how long that did
 *                        nothing for others: neither for packets nor for a process that is due
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>

#define PER_BACKEND 50000
#define FIRST_PORT  10000
#define LASTS_S	    3600

static void die(const char *what)
{
	fprintf(stderr, "cttool: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* An address of either family; `add` is added to its last four bytes. */
struct addr {
	int family;
	unsigned char bytes[16];
};

static struct addr addr_of(const char *text, uint32_t add)
{
	struct addr out = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	unsigned char *last = out.bytes + (out.family == AF_INET ? 0 : 12);
	uint32_t word;

	if (inet_pton(out.family, text, out.bytes) != 1)
		die(text);
	memcpy(&word, last, sizeof(word));
	word = htonl(ntohl(word) + add);
	memcpy(last, &word, sizeof(word));
	return out;
}

static uint16_t port_of(const char *text)
{
	return htons((uint16_t)atoi(text));
}

static void set_addr(struct nf_conntrack *ct, enum nf_conntrack_attr v4, enum nf_conntrack_attr v6,
		     struct addr addr)
{
	nfct_set_attr(ct, addr.family == AF_INET ? v4 : v6, addr.bytes);
}

static struct nf_conntrack *entry(uint32_t i, char **args)
{
	struct addr vip = addr_of(args[0], 0);
	struct nf_conntrack *ct = nfct_new();

	if (!ct)
		die("nfct_new");
	nfct_set_attr_u8(ct, ATTR_ORIG_L3PROTO, (uint8_t)vip.family);
	nfct_set_attr_u8(ct, ATTR_ORIG_L4PROTO, IPPROTO_TCP);
	set_addr(ct, ATTR_ORIG_IPV4_SRC, ATTR_ORIG_IPV6_SRC,
		 addr_of(vip.family == AF_INET ? "100.64.0.0" : "fd99::", i / 100));
	nfct_set_attr_u16(ct, ATTR_ORIG_PORT_SRC, htons((uint16_t)(20000 + i % 100)));
	set_addr(ct, ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV6_DST, vip);
	nfct_set_attr_u16(ct, ATTR_ORIG_PORT_DST, port_of(args[1]));
	nfct_set_attr_u8(ct, ATTR_REPL_L3PROTO, (uint8_t)vip.family);
	nfct_set_attr_u8(ct, ATTR_REPL_L4PROTO, IPPROTO_TCP);
	set_addr(ct, ATTR_REPL_IPV4_SRC, ATTR_REPL_IPV6_SRC, addr_of(args[3], i / PER_BACKEND));
	nfct_set_attr_u16(ct, ATTR_REPL_PORT_SRC, port_of(args[4]));
	set_addr(ct, ATTR_REPL_IPV4_DST, ATTR_REPL_IPV6_DST, addr_of(args[2], 0));
	nfct_set_attr_u16(ct, ATTR_REPL_PORT_DST, htons((uint16_t)(FIRST_PORT + i % PER_BACKEND)));
	nfct_set_attr_u8(ct, ATTR_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
	nfct_set_attr_u32(ct, ATTR_STATUS, IPS_CONFIRMED | IPS_ASSURED | IPS_SEEN_REPLY);
	nfct_set_attr_u32(ct, ATTR_TIMEOUT, LASTS_S);
	return ct;
}

static int fill(struct nfct_handle *handle, char **args)
{
	uint32_t n = (uint32_t)strtoul(args[0], NULL, 10);

	for (uint32_t i = 0; i < n; i++) {
		struct nf_conntrack *ct = entry(i, args + 1);

		if (nfct_query(handle, NFCT_Q_CREATE, ct) < 0 && errno != EEXIST)
			die("create");
		nfct_destroy(ct);
	}
	return 0;
}

struct victims {
	struct nfct_handle *handle;
	const char *addr;
	uint16_t port;
	unsigned ended;
};

static bool is_victim(const struct victims *victims, const struct nf_conntrack *ct)
{
	bool v4 = nfct_get_attr_u8(ct, ATTR_ORIG_L3PROTO) == AF_INET;
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(v4 ? AF_INET : AF_INET6,
		  nfct_get_attr(ct, v4 ? ATTR_ORIG_IPV4_DST : ATTR_ORIG_IPV6_DST), text,
		  sizeof(text));
	return strcmp(text, victims->addr) == 0 &&
	       nfct_get_attr_u16(ct, ATTR_ORIG_PORT_DST) == victims->port;
}

static int on_entry(enum nf_conntrack_msg_type type, struct nf_conntrack *ct, void *data)
{
	struct victims *victims = data;

	(void)type;
	if (!is_victim(victims, ct))
		return NFCT_CB_CONTINUE;
	if (nfct_query(victims->handle, NFCT_Q_DESTROY, ct) < 0)
		die("destroy");
	victims->ended++;
	return NFCT_CB_CONTINUE;
}

static int end(struct nfct_handle *handle, char **args)
{
	struct nfct_handle *reader = nfct_open(CONNTRACK, 0);
	struct victims victims = { handle, args[0], port_of(args[1]), 0 };
	uint32_t family = strchr(args[0], ':') ? AF_INET6 : AF_INET;

	if (!reader)
		die("nfct_open");
	nfct_callback_register(reader, NFCT_T_ALL, on_entry, &victims);
	if (nfct_query(reader, NFCT_Q_DUMP, &family) < 0)
		die("dump");
	nfct_close(reader);
	printf("%u\n", victims.ended);
	return 0;
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void become(char **command)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvp(command[0], command);
	_exit(127);
}

static double seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static int measure(char **command)
{
	double start = now_s();
	struct rusage usage;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		become(command);
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
		die("fork");
	printf("%.2f s (CPU: user %.2f, kernel %.2f), %ld KiB, status %d\n", now_s() - start,
	       seconds(usage.ru_utime), seconds(usage.ru_stime), usage.ru_maxrss,
	       WEXITSTATUS(status));
	return 0;
}

/* Sleeps for 0.2 ms again and again, before all others on this CPU: later is what nobody could
 * help. */
static double longest_delay(pid_t pid)
{
	const struct sched_param first = { .sched_priority = 50 };
	const struct timespec nap = { .tv_nsec = 200000 };
	double longest = 0;

	if (sched_setscheduler(0, SCHED_FIFO, &first) < 0)
		die("sched_setscheduler");
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		double start = now_s(), delay;

		nanosleep(&nap, NULL);
		delay = now_s() - start;
		longest = delay > longest ? delay : longest;
	}
	return longest;
}

static int delay(char **command)
{
	cpu_set_t one;
	pid_t pid;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		die("sched_setaffinity");
	pid = fork();
	if (pid == 0)
		become(command);
	if (pid < 0)
		die("fork");
	printf("%.1f ms\n", longest_delay(pid) * 1000);
	return 0;
}

int main(int argc, char **argv)
{
	struct nfct_handle *handle;

	if (argc > 2 && strcmp(argv[1], "measure") == 0)
		return measure(argv + 2);
	if (argc > 2 && strcmp(argv[1], "delay") == 0)
		return delay(argv + 2);
	handle = nfct_open(CONNTRACK, 0);
	if (!handle)
		die("nfct_open");
	if (argc == 8 && strcmp(argv[1], "fill") == 0)
		return fill(handle, argv + 2);
	if (argc == 4 && strcmp(argv[1], "end") == 0)
		return end(handle, argv + 2);
	fprintf(stderr, "cttool: wrong usage\n");
	return 2;
}
