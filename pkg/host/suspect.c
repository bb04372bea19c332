// SPDX-License-Identifier: GPL-2.0-or-later
/* suspect: finds the program that probably changes what ezlb owns. */
#include <ezlb/host.h>

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#define COMM_SIZE 16 /* TASK_COMM_LEN of the kernel, with the NUL */

struct suspect {
	enum ezlb_layer_kind layer;
	const char *comm;
	const char *interface; /* an interface that only this program creates, or NULL */
	const char *text;      /* what it does, and the fix; the address follows */
	const char *rest;      /* follows the address; NULL: no address */
};

#define MOUNT_LOCK                                                                   \
	"rewrites the nat table and can undo changes by other programs, unless its " \
	"container mounts /run/xtables.lock of the host (hostPath, type FileOrCreate)"

/* The most likely first. */
static const struct suspect suspects[] = {
	{ EZLB_LAYER_IPVS, "keepalived", NULL,
	  "manages IPVS as well: its configuration must have no lvs_flush, and no virtual_server "
	  "in ",
	  "" },
	{ EZLB_LAYER_IPVS, "kube-router", "kube-dummy-if",
	  "deletes IPVS services that it does not know: start it with --excluded-cidrs=", "" },
	{ EZLB_LAYER_IPVS, "ldirectord", NULL,
	  "manages IPVS as well: its configuration must have no virtual service in ", "" },
	/* Last: without the interface it is probably not in ipvs mode. */
	{ EZLB_LAYER_IPVS, "kube-proxy", "kube-ipvs0",
	  "in ipvs mode deletes IPVS services that it does not know: add ",
	  " to ipvs.excludeCIDRs of kube-proxy's configuration and restart it" },
	{ EZLB_LAYER_SNAT, "firewalld", NULL,
	  "flushes iptables when it is reloaded, except firewalld 2.0 or later with "
	  "FirewallBackend=nftables and without direct rules",
	  NULL },
	{ EZLB_LAYER_SNAT, "kube-proxy", NULL, MOUNT_LOCK, NULL },
	{ EZLB_LAYER_SNAT, "kube-router", NULL, MOUNT_LOCK, NULL },
	{ EZLB_LAYER_HOST, "tuned", NULL,
	  "applies the sysctls of its profile: remove net.ipv4.ip_forward and "
	  "net.ipv4.vs.conntrack from the profile",
	  NULL },
};
#define SUSPECTS (sizeof(suspects) / sizeof(suspects[0]))

/* The most likely process so far. */
struct trace {
	size_t rank; /* index in suspects; SUSPECTS: none */
	long pid;
};

/* --- interfaces ------------------------------------------------------------------------------ */

static size_t owner_of_interface(const char *name, enum ezlb_layer_kind layer)
{
	size_t i = 0;

	for (; i < SUSPECTS; i++) {
		if (suspects[i].layer == layer && suspects[i].interface &&
		    strcmp(suspects[i].interface, name) == 0)
			break;
	}
	return i;
}

/* Lines of net/dev are "  NAME: numbers"; the two heading lines have no colon. */
static size_t find_interface(int root, enum ezlb_layer_kind layer)
{
	int fd = openat(root, "net/dev", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	size_t best = SUSPECTS;
	char line[512];

	if (!file) {
		ezlb_close_fd(&fd);
		return best;
	}
	while (fgets(line, sizeof(line), file)) {
		char *name = line + strspn(line, " ");
		size_t rank;

		name[strcspn(name, ":")] = '\0';
		rank = owner_of_interface(name, layer);
		best = rank < best ? rank : best;
	}
	fclose(file);
	return best;
}

/* --- processes ------------------------------------------------------------------------------- */

/* False also if it cannot be found out. */
static bool in_other_netns(int root, const char *pid)
{
	char path[64], ours[64] = "", theirs[64] = "";

	snprintf(path, sizeof(path), "%.20s/ns/net", pid);
	return readlinkat(root, "self/ns/net", ours, sizeof(ours) - 1) > 0 &&
	       readlinkat(root, path, theirs, sizeof(theirs) - 1) > 0 && strcmp(ours, theirs) != 0;
}

static void read_comm(int root, const char *pid, char *comm)
{
	EZLB_AUTO_CLOSE int fd = -1;
	char path[64];
	ssize_t n = -1;

	snprintf(path, sizeof(path), "%.20s/comm", pid);
	fd = openat(root, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		n = read(fd, comm, COMM_SIZE - 1);
	comm[n > 0 ? n : 0] = '\0';
	/* Children of ldirectord have their service as the second word. */
	comm[strcspn(comm, " \n")] = '\0';
}

static void examine(int root, const char *pid, enum ezlb_layer_kind layer, struct trace *best)
{
	struct trace trace = { 0, strtol(pid, NULL, 10) };
	char comm[COMM_SIZE];

	read_comm(root, pid, comm);
	for (; trace.rank < SUSPECTS; trace.rank++) {
		if (suspects[trace.rank].layer == layer &&
		    strcmp(suspects[trace.rank].comm, comm) == 0)
			break;
	}
	if (trace.rank > best->rank || (trace.rank == best->rank && trace.pid > best->pid) ||
	    in_other_netns(root, pid))
		return;
	*best = trace;
}

/* Of several processes of one program it returns the lowest pid: the parent. */
static struct trace find_process(int root, enum ezlb_layer_kind layer)
{
	struct trace best = { SUSPECTS, 0 };
	int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		if (isdigit((unsigned char)entry->d_name[0]))
			examine(root, entry->d_name, layer, &best);
	}
	if (dir)
		closedir(dir);
	else
		ezlb_close_fd(&fd);
	return best;
}

/* --- the sentence ---------------------------------------------------------------------------- */

static bool describe(size_t rank, const char *evidence, const struct ezlb_addr *listen, char *buf)
{
	const struct suspect *suspect = &suspects[rank];
	char addr[EZLB_ADDR_STRLEN], cidr[EZLB_ADDR_STRLEN + 8] = "";

	if (suspect->rest)
		snprintf(cidr, sizeof(cidr), "%s/%d", ezlb_addr_format(listen, addr),
			 listen->family == AF_INET ? 32 : 128);
	snprintf(buf, EZLB_SUSPECT_STRLEN, "%s (%s) %s%s%s", suspect->comm, evidence, suspect->text,
		 cidr, suspect->rest ? suspect->rest : "");
	return true;
}

bool ezlb_host_suspect(const char *root, enum ezlb_layer_kind layer, const struct ezlb_addr *listen,
		       char buf[EZLB_SUSPECT_STRLEN])
{
	EZLB_AUTO_CLOSE int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char evidence[64];
	struct trace trace;
	size_t rank;

	if (fd < 0)
		return false;
	rank = find_interface(fd, layer);
	if (rank < SUSPECTS) {
		snprintf(evidence, sizeof(evidence), "interface %s", suspects[rank].interface);
		return describe(rank, evidence, listen, buf);
	}
	trace = find_process(fd, layer);
	if (trace.rank == SUSPECTS)
		return false;
	snprintf(evidence, sizeof(evidence), "pid %ld", trace.pid);
	return describe(trace.rank, evidence, listen, buf);
}
