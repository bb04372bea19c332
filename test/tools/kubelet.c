// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kubelet: updates a ConfigMap volume as the kubelet's AtomicWriter does (kubernetes,
 * pkg/volume/util/atomic_writer.go), many times in a row.
 *
 *   kubelet DIR old|new FIRST LAST PAUSE_US FILE...
 *
 * For each generation from FIRST to LAST the volume has a key for each FILE, named as its last
 * part, with its content, in which the generation replaces the word GEN. old: the links of the keys
 * come before ..data is exchanged, as until about Kubernetes 1.28; new: after it.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPLATE_MAX 4096

static const char *const usage = "kubelet DIR old|new FIRST LAST PAUSE_US FILE...";

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "kubelet: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, ": %s\n", strerror(errno));
	va_end(args);
	exit(1);
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void put_template(FILE *out, const char *path, unsigned generation)
{
	char text[TEMPLATE_MAX] = "", *rest = text, *word;
	FILE *in = fopen(path, "re");

	if (!in)
		die("%s", path);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	fclose(in);
	while ((word = strstr(rest, "GEN"))) {
		fprintf(out, "%.*s%u", (int)(word - rest), rest, generation);
		rest = word + strlen("GEN");
	}
	fputs(rest, out);
}

static void write_payload(const char *name, unsigned generation, char *const *files)
{
	char path[PATH_MAX];
	FILE *out;

	if (mkdir(name, 0755) < 0)
		die("%s", name);
	for (; *files; files++) {
		snprintf(path, sizeof(path), "%s/%s", name, base_of(*files));
		out = fopen(path, "we");
		if (!out)
			die("%s", path);
		put_template(out, *files, generation);
		if (fclose(out) != 0)
			die("%s", path);
	}
}

static void make_links(char *const *files)
{
	char target[PATH_MAX];

	for (; *files; files++) {
		snprintf(target, sizeof(target), "..data/%s", base_of(*files));
		if (symlink(target, base_of(*files)) < 0 && errno != EEXIST)
			die("%s", base_of(*files));
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void update(unsigned generation, bool links_first, char *const *files)
{
	char name[64], old[PATH_MAX];
	ssize_t len = readlink("..data", old, sizeof(old) - 1);

	old[len > 0 ? len : 0] = '\0';
	snprintf(name, sizeof(name), "..%d.%u", (int)getpid(), generation);
	write_payload(name, generation, files);
	if (links_first)
		make_links(files);
	if (symlink(name, "..data_tmp") < 0 || rename("..data_tmp", "..data") < 0)
		die("..data");
	if (!links_first)
		make_links(files);
	if (old[0] && nftw(old, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0)
		die("%s", old);
}

int main(int argc, char **argv)
{
	unsigned first, last, pause_us;
	bool links_first;

	if (argc < 7) {
		fprintf(stderr, "usage: %s\n", usage);
		return 2;
	}
	links_first = strcmp(argv[2], "old") == 0;
	first = (unsigned)strtoul(argv[3], NULL, 10);
	last = (unsigned)strtoul(argv[4], NULL, 10);
	pause_us = (unsigned)strtoul(argv[5], NULL, 10);
	if (chdir(argv[1]) < 0)
		die("%s", argv[1]);
	for (unsigned generation = first; generation <= last; generation++) {
		update(generation, links_first, argv + 6);
		usleep(pause_us);
	}
	return 0;
}
