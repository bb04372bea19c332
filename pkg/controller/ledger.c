// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "ezlb-ledger 1"

static int make_dir(const char *dir, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *path = ezlb_strdup(dir);

	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return ezlb_err_sys(err, errno, "cannot make the state directory %s", path);
		*p = '/';
	}
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return ezlb_err_sys(err, errno, "cannot make the state directory %s", path);
	return 0;
}

static void identify(struct ledger *ledger)
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	struct stat st;

	ezlb_strcpy(ledger->boot, sizeof(ledger->boot), "unknown");
	if (f && fgets(ledger->boot, sizeof(ledger->boot), f))
		ledger->boot[strcspn(ledger->boot, "\n")] = '\0';
	if (f)
		fclose(f);
	if (stat("/proc/self/ns/net", &st) == 0)
		ledger->netns = st.st_ino;
}

/* "service tcp 10.0.0.1:80" */
static int read_service(struct ledger *ledger, char *line)
{
	struct ezlb_service_key key;
	char *endpoint = strchr(line, ' ');

	if (!endpoint)
		return -EBADMSG;
	*endpoint++ = '\0';
	if (ezlb_proto_parse(line, &key.proto) < 0 ||
	    ezlb_endpoint_parse(endpoint, &key.listen, NULL) < 0)
		return -EBADMSG;
	*EZLB_PUSH(&ledger->owned) = key;
	return 0;
}

/* 1: the lines that follow are of another boot or namespace. */
static int read_line(struct ledger *ledger, char *line)
{
	char netns[32];

	if (strncmp(line, "boot ", 5) == 0)
		return strcmp(line + 5, ledger->boot) != 0;
	snprintf(netns, sizeof(netns), "netns %llu", ledger->netns);
	if (strncmp(line, "netns ", 6) == 0)
		return strcmp(line, netns) != 0;
	if (strncmp(line, "service ", 8) == 0)
		return read_service(ledger, line + 8);
	return -EBADMSG;
}

static int read_all(struct ledger *ledger, FILE *f)
{
	char line[256];
	int rc = 0;
	bool ended = false;

	if (!fgets(line, sizeof(line), f) || strcmp(line, HEAD "\n") != 0)
		return -EBADMSG;
	while (rc == 0 && !ended && fgets(line, sizeof(line), f)) {
		size_t len = strcspn(line, "\n");

		if (line[len] != '\n')
			return -EBADMSG;
		line[len] = '\0';
		ended = strcmp(line, "end") == 0;
		if (!ended)
			rc = read_line(ledger, line);
	}
	return rc == 0 && !ended ? -EBADMSG : rc;
}

int ledger_open(struct ledger *ledger, const char *dir, struct ezlb_err *err)
{
	FILE *f;
	int rc;

	*ledger = (struct ledger){ .path = NULL };
	if (!dir)
		return 0;
	identify(ledger);
	rc = make_dir(dir, err);
	if (rc < 0)
		return rc;
	ledger->path = ezlb_asprintf("%s/ledger", dir);
	f = fopen(ledger->path, "re");
	if (!f && errno == ENOENT)
		return 0;
	if (!f)
		return ezlb_err_sys(err, errno, "cannot read %s", ledger->path);
	rc = read_all(ledger, f);
	fclose(f);
	if (rc != 0)
		EZLB_VEC_CLEAR(&ledger->owned);
	if (rc < 0)
		return ezlb_err_set(err, EBADMSG,
				    "%s is damaged: nothing is known to be ezlb's, so nothing "
				    "is removed",
				    ledger->path);
	EZLB_SORT(&ledger->owned, ezlb_service_key_cmp);
	return 0;
}

static int write_all(const struct ledger *ledger, const struct ezlb_scope *owned, FILE *f)
{
	char key[EZLB_SERVICE_KEY_STRLEN];

	fprintf(f, HEAD "\nboot %s\nnetns %llu\n", ledger->boot, ledger->netns);
	for (size_t i = 0; i < owned->len; i++)
		fprintf(f, "service %s\n", ezlb_service_key_format(&owned->items[i], key));
	fprintf(f, "end\n"); /* a file that was cut is seen to be */
	return fflush(f) != 0 || ferror(f) || fsync(fileno(f)) < 0 ? -errno : 0;
}

static int store(const struct ledger *ledger, const struct ezlb_scope *owned, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *tmp = ezlb_asprintf("%s.new", ledger->path);
	FILE *f = fopen(tmp, "we");
	int rc;

	if (!f)
		return ezlb_err_sys(err, errno, "cannot write %s", tmp);
	rc = write_all(ledger, owned, f);
	if (fclose(f) != 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(tmp, ledger->path) < 0)
		rc = -errno;
	return rc < 0 ? ezlb_err_sys(err, -rc, "cannot write %s", ledger->path) : 0;
}

static bool same(const struct ezlb_scope *a, const struct ezlb_scope *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (ezlb_service_key_cmp(&a->items[i], &b->items[i]) != 0)
			return false;
	return true;
}

int ledger_set(struct ledger *ledger, const struct ezlb_scope *owned, struct ezlb_err *err)
{
	int rc = 0;

	if (same(&ledger->owned, owned))
		return 0;
	if (ledger->path)
		rc = store(ledger, owned, err);
	if (rc < 0)
		return rc;
	ledger->owned.len = 0;
	for (size_t i = 0; i < owned->len; i++)
		*EZLB_PUSH(&ledger->owned) = owned->items[i];
	return 0;
}

int ledger_add(struct ledger *ledger, const struct ezlb_scope *more, struct ezlb_err *err)
{
	struct ezlb_scope all = { 0 };
	int rc;

	for (size_t i = 0; i < ledger->owned.len; i++)
		*EZLB_PUSH(&all) = ledger->owned.items[i];
	for (size_t i = 0; i < more->len; i++)
		if (!ezlb_scope_has(&ledger->owned, &more->items[i]))
			*EZLB_PUSH(&all) = more->items[i];
	EZLB_SORT(&all, ezlb_service_key_cmp);
	rc = ledger_set(ledger, &all, err);
	EZLB_VEC_CLEAR(&all);
	return rc;
}

void ledger_close(struct ledger *ledger)
{
	free(ledger->path);
	EZLB_VEC_CLEAR(&ledger->owned);
}
