// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_SIZE 256

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

/* One line without its newline. */
static int next_line(FILE *f, char line[LINE_SIZE])
{
	size_t len;

	if (!fgets(line, LINE_SIZE, f))
		return ferror(f) ? -errno : -EBADMSG;
	len = strcspn(line, "\n");
	if (line[len] != '\n')
		return -EBADMSG;
	line[len] = '\0';
	return 0;
}

/* 0: the next line is KEY and VALUE; 1: KEY and something else. */
static int read_field(FILE *f, const char *key, const char *value)
{
	char line[LINE_SIZE];
	size_t len = strlen(key);
	int rc = next_line(f, line);

	if (rc < 0)
		return rc;
	return strncmp(line, key, len) == 0 ? strcmp(line + len, value) != 0 : -EBADMSG;
}

/* "service tcp 10.0.0.1:80" */
static int read_service(struct ledger *ledger, char *line)
{
	struct ezlb_service_key key;
	char *word = strsep(&line, " "), *proto = strsep(&line, " ");

	if (!line || strcmp(word, "service") != 0 || ezlb_proto_parse(proto, &key.proto) < 0 ||
	    ezlb_endpoint_parse(line, &key.listen, NULL) < 0)
		return -EBADMSG;
	*EZLB_PUSH(&ledger->owned) = key;
	return 0;
}

/* 1: what is in it is of another boot or namespace. */
static int read_all(struct ledger *ledger, FILE *f)
{
	char line[LINE_SIZE], netns[32];
	int rc = read_field(f, "ezlb-ledger ", "1");

	if (rc != 0)
		return rc > 0 ? -EBADMSG : rc;
	snprintf(netns, sizeof(netns), "%llu", ledger->netns);
	rc = read_field(f, "boot ", ledger->boot);
	if (rc == 0)
		rc = read_field(f, "netns ", netns);
	while (rc == 0) {
		rc = next_line(f, line);
		if (rc == 0 && strcmp(line, "end") == 0)
			return 0;
		if (rc == 0)
			rc = read_service(ledger, line);
	}
	return rc;
}

int ledger_open(struct ledger *ledger, const char *dir, struct ezlb_err *err)
{
	FILE *f;
	int rc;

	*ledger = (struct ledger){ .path = NULL };
	if (!dir)
		return 0;
	identify(ledger);
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
	if (rc < 0 && rc != -EBADMSG)
		return ezlb_err_sys(err, -rc, "cannot read %s", ledger->path);
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

	fprintf(f, "ezlb-ledger 1\nboot %s\nnetns %llu\n", ledger->boot, ledger->netns);
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
