// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stopwatch: how long a program takes until the kernel has what it is to have. It looks at IPVS by
 * getsockopt, in the same way whatever the program is. For test/lab/bench_*.sh; the services are
 * those of objects.h.
 *
 *   stopwatch start ROOT SECONDS SERVICES DESTS end|stay OUTPUT COMMAND...
 *       From the start of COMMAND until IPVS has all. Prints milliseconds and the pid. COMMAND's
 * root directory is ROOT, its output goes to the file OUTPUT. end: it and its children are killed
 * then. stopwatch change SECONDS SERVICE DEST WEIGHT rename FROM TO stopwatch change SECONDS
 * SERVICE DEST WEIGHT hangup PID From a rename or a SIGHUP until the dest has the weight; -1: until
 * it is gone. Prints milliseconds. stopwatch run ROOT TIMES COMMAND... Prints for each run of
 * COMMAND how many milliseconds it took. Its output is thrown away. stopwatch end PID Kills the
 * process and its children, and waits until they are gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ip_vs.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "objects.h"

#define DESTS_MAX    64
#define CHILDREN_MAX 64

static int kernel_fd = -1;

static bool ask(int option, void *data, socklen_t len)
{
	if (kernel_fd < 0)
		kernel_fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	must(kernel_fd >= 0, "socket");
	return getsockopt(kernel_fd, IPPROTO_IP, option, data, &len) == 0;
}

static void nap_us(long us)
{
	const struct timespec pause = { .tv_nsec = us * 1000 };

	nanosleep(&pause, NULL);
}

/* --- what IPVS has --- */

static int count_services(void)
{
	struct ip_vs_getinfo info;

	return ask(IP_VS_SO_GET_INFO, &info, sizeof(info)) ? (int)info.num_services : 0;
}

static bool service_has(int service, int dests)
{
	struct ip_vs_service_entry entry = {
		.protocol = IPPROTO_TCP,
		.addr = service_address(service),
		.port = htons(OBJECT_PORT),
	};

	return ask(IP_VS_SO_GET_SERVICE, &entry, sizeof(entry)) && (int)entry.num_dests == dests;
}

/* Reads all services, which takes some milliseconds with thousands: the last question, not the
 * first. */
static bool all_have(int services, int dests)
{
	size_t len = sizeof(struct ip_vs_get_services) +
		     (size_t)services * sizeof(struct ip_vs_service_entry);
	struct ip_vs_get_services *all = calloc(1, len);
	bool complete;

	must(all != NULL, "memory");
	all->num_services = (unsigned int)services;
	complete = ask(IP_VS_SO_GET_SERVICES, all, (socklen_t)len);
	for (int i = 0; complete && i < services; i++)
		complete = (int)all->entrytable[i].num_dests == dests;
	free(all);
	return complete;
}

static bool is_complete(int services, int dests)
{
	return count_services() == services && service_has(services - 1, dests) &&
	       all_have(services, dests);
}

/* The weight, or -1 if there is no such dest. */
static int dest_weight(int service, int dest)
{
	static union {
		struct ip_vs_get_dests dests;
		char room[sizeof(struct ip_vs_get_dests) +
			  DESTS_MAX * sizeof(struct ip_vs_dest_entry)];
	} answer;
	struct ip_vs_get_dests *dests = &answer.dests;
	struct ip_vs_service_entry entry = {
		.protocol = IPPROTO_TCP,
		.addr = service_address(service),
		.port = htons(OBJECT_PORT),
	};

	/* The kernel wants the room for exactly as many as there are. */
	if (!ask(IP_VS_SO_GET_SERVICE, &entry, sizeof(entry)) || entry.num_dests > DESTS_MAX)
		return -1;
	*dests = (struct ip_vs_get_dests){
		.protocol = IPPROTO_TCP,
		.addr = entry.addr,
		.port = entry.port,
		.num_dests = entry.num_dests,
	};
	if (!ask(IP_VS_SO_GET_DESTS, dests,
		 (socklen_t)(sizeof(*dests) + entry.num_dests * sizeof(dests->entrytable[0]))))
		return -2; /* it changed in between: ask again */
	for (unsigned int i = 0; i < dests->num_dests; i++)
		if (dests->entrytable[i].addr == dest_address(service, dest))
			return dests->entrytable[i].weight;
	return -1;
}

/* --- processes --- */

static void become(const char *root, const char *output, char **command)
{
	int fd = open(output, O_WRONLY | O_CREAT | O_APPEND, 0600);

	must(fd >= 0, output);
	must(dup2(fd, 1) >= 0 && dup2(fd, 2) >= 0, "dup2");
	must(chroot(root) == 0 && chdir("/") == 0, root);
	execv(command[0], command);
	perror(command[0]);
	_exit(127);
}

static int read_children(pid_t pid, pid_t *children)
{
	char path[64];
	int n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	file = fopen(path, "re");
	while (file && n < CHILDREN_MAX && fscanf(file, "%d", &children[n]) == 1)
		n++;
	if (file)
		fclose(file);
	return n;
}

/* The children first, while their parent is stopped: they get no signal that lets them clean up. */
static void kill_tree(pid_t pid)
{
	pid_t children[CHILDREN_MAX];
	int n;

	kill(pid, SIGSTOP);
	n = read_children(pid, children);
	for (int i = 0; i < n; i++)
		kill_tree(children[i]);
	kill(pid, SIGKILL);
}

static void wait_gone(pid_t pid)
{
	double limit = now_ms() + 60000;
	char path[64], state = 'Z';

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		FILE *file = fopen(path, "re");

		/* Somebody else's zombie is gone, too. */
		if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			state = 'Z';
		if (file)
			fclose(file);
		if (state != 'Z')
			nap_us(1000);
	} while (state != 'Z' && now_ms() < limit);
	must(state == 'Z', "a process does not end");
}

static void end_tree(pid_t pid)
{
	pid_t children[CHILDREN_MAX];
	int n = read_children(pid, children);

	kill_tree(pid);
	for (int i = 0; i < n; i++)
		wait_gone(children[i]);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	wait_gone(pid);
}

/* --- the commands --- */

static int start(char **argv)
{
	const char *root = argv[0], *output = argv[5];
	int seconds = atoi(argv[1]), services = atoi(argv[2]), dests = atoi(argv[3]), status;
	double begin = now_ms(), took, limit = begin + seconds * 1e3;
	bool ended = false;
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (pid == 0)
		become(root, output, argv + 6);
	while (!is_complete(services, dests)) {
		if (!ended && waitpid(pid, &status, WNOHANG) == pid) {
			ended = true;
			if (status != 0 || !is_complete(services, dests)) {
				fprintf(stderr,
					"stopwatch: it ended with status %#x, and there are %d services\n",
					(unsigned int)status, count_services());
				return 1;
			}
			break;
		}
		if (now_ms() > limit) {
			fprintf(stderr, "stopwatch: not within %d s; there are %d services\n",
				seconds, count_services());
			end_tree(pid);
			return 1;
		}
		nap_us(500);
	}
	took = now_ms() - begin;
	if (!ended && strcmp(argv[4], "end") == 0)
		end_tree(pid);
	printf("%.2f %d\n", took, pid);
	return 0;
}

static int change(int n, char **argv)
{
	int service = atoi(argv[1]), dest = atoi(argv[2]), weight = atoi(argv[3]);
	double begin, limit;

	if (dest_weight(service, dest) == weight) {
		fprintf(stderr, "stopwatch: the dest has the weight %d already\n", weight);
		return 1;
	}
	begin = now_ms();
	limit = begin + atoi(argv[0]) * 1e3;
	if (n == 7 && strcmp(argv[4], "rename") == 0)
		must(rename(argv[5], argv[6]) == 0, "rename");
	else
		must(kill(atoi(argv[5]), SIGHUP) == 0, "kill");
	while (dest_weight(service, dest) != weight) {
		if (now_ms() > limit) {
			fprintf(stderr, "stopwatch: no change within %s s\n", argv[0]);
			return 1;
		}
		nap_us(200);
	}
	printf("%.2f\n", now_ms() - begin);
	return 0;
}

static int run(const char *root, int times, char **command)
{
	for (int i = 0; i < times; i++) {
		double begin = now_ms();
		int status;
		pid_t pid = fork();

		must(pid >= 0, "fork");
		if (pid == 0)
			become(root, "/dev/null", command);
		must(waitpid(pid, &status, 0) == pid, "waitpid");
		errno = 0;
		must(status == 0, command[0]);
		printf("%.2f\n", now_ms() - begin);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc >= 9 && strcmp(what, "start") == 0)
		return start(argv + 2);
	if ((argc == 8 || argc == 9) && strcmp(what, "change") == 0)
		return change(argc - 2, argv + 2);
	if (argc >= 5 && strcmp(what, "run") == 0)
		return run(argv[2], atoi(argv[3]), argv + 4);
	if (argc == 4 && strcmp(what, "weight") == 0) {
		printf("%d\n", dest_weight(atoi(argv[2]), atoi(argv[3])));
		return 0;
	}
	if (argc == 3 && strcmp(what, "end") == 0) {
		end_tree(atoi(argv[2]));
		return 0;
	}
	fprintf(stderr, "usage: see the beginning of stopwatch.c\n");
	return 2;
}
