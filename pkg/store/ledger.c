// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/store.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger_content.h"
#include "newfile.h"

#define LINE_SIZE   256
#define LINES_MAX   (1u << 20) /* far more objects than any kernel has */
#define COOKIE	    "cookie "
#define COOKIE_SIZE 24
#define SO	    "ezlb does not know what it owns, and removes nothing"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* --- reading ------------------------------------------------------------------------------- */

struct reader {
	FILE *f;
	const char *path;
	struct ezlb_err *err;
	unsigned line;
	bool again; /* the next line is the one that is in `text` */
	char text[LINE_SIZE];
};

static int damaged(const struct reader *r, const char *what)
{
	return ezlb_err_set(r->err, EBADMSG, "%s is damaged, line %u %s: " SO, r->path, r->line,
			    what);
}

static int unreadable(const char *path, const char *why, struct ezlb_err *err)
{
	return ezlb_err_set(err, EBADMSG, "cannot read %s, %s: " SO, path, why);
}

/* Reads one line into r->text, without its newline. */
static int next_line(struct reader *r)
{
	size_t len;

	if (r->again) {
		r->again = false;
		return 0;
	}
	r->line++;
	if (r->line > LINES_MAX)
		return damaged(r, "exceeds the limit");
	if (!fgets(r->text, LINE_SIZE, r->f) && ferror(r->f))
		return unreadable(r->path, ezlb_errno_str(errno), r->err);
	if (feof(r->f)) /* the last line has no newline, or is missing */
		return damaged(r, "is cut off");
	len = strcspn(r->text, "\n");
	if (len == LINE_SIZE - 1)
		return damaged(r, "is too long");
	if (r->text[len] != '\n')
		return damaged(r, "has a NUL byte");
	r->text[len] = '\0';
	return 0;
}

/* 0: the next line is KEY VALUE; 1: KEY with another value. */
static int read_field(struct reader *r, const char *key, const char *value)
{
	size_t len = strlen(key);
	int rc = next_line(r);

	if (rc < 0)
		return rc;
	if (strncmp(r->text, key, len) != 0)
		return damaged(r, "is not the expected one");
	return strcmp(r->text + len, value) != 0;
}

/*
 * The line with the cookie, which an older ezlb did not write. 1: it is of another namespace, which
 * had the same inode number.
 */
static int read_cookie(struct ezlb_ledger *ledger, struct reader *r)
{
	char cookie[COOKIE_SIZE];
	int rc = next_line(r);

	if (rc < 0)
		return rc;
	r->again = strncmp(r->text, COOKIE, strlen(COOKIE)) != 0;
	ledger->outdated = r->again && ledger->cookie != 0;
	if (r->again || ledger->cookie == 0)
		return 0;
	snprintf(cookie, sizeof(cookie), "%" PRIu64, ledger->cookie);
	return strcmp(r->text + strlen(COOKIE), cookie) != 0;
}

/* Reads up to "end", which must be the last line. */
static int read_content(struct reader *r, struct ezlb_ledger_content *content)
{
	for (;;) {
		int rc = next_line(r);
		const char *wrong;

		if (rc < 0)
			return rc;
		if (strcmp(r->text, "end") == 0)
			break;
		wrong = ledger_content_take(content, r->text);
		if (wrong)
			return damaged(r, wrong);
	}
	r->line++;
	return fgetc(r->f) == EOF ? 0 : damaged(r, "comes after the end");
}

/* 1: the ledger is of another boot or namespace. */
static int read_all(struct ezlb_ledger *ledger, struct reader *r)
{
	const char *twice;
	char netns[32];
	int rc = read_field(r, "ezlb-ledger ", "1");

	if (rc > 0)
		return damaged(r, "has another version");
	snprintf(netns, sizeof(netns), "%llu", ledger->netns);
	if (rc == 0)
		rc = read_field(r, "boot ", ledger->boot);
	if (rc == 0)
		rc = read_field(r, "netns ", netns);
	if (rc == 0)
		rc = read_cookie(ledger, r);
	if (rc == 0)
		rc = read_content(r, &ledger->content);
	if (rc != 0)
		return rc;
	twice = ledger_content_sort(&ledger->content);
	if (!twice)
		return 0;
	return ezlb_err_set(r->err, EBADMSG, "%s is damaged, it has the same %s twice: " SO,
			    r->path, twice);
}

/* fdopen can only fail for lack of memory. */
static FILE *stream(int fd, const char *mode)
{
	FILE *f = fdopen(fd, mode);

	if (!f)
		abort();
	return f;
}

static void remember(struct ezlb_ledger *ledger, const struct stat *st)
{
	ledger->dev = st->st_dev;
	ledger->ino = st->st_ino;
	ledger->mtime = st->st_mtim;
}

static int load(struct ezlb_ledger *ledger, struct ezlb_err *err)
{
	/* O_NONBLOCK: do not block on a FIFO with that name. */
	int fd = open(ledger->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC), rc;
	struct reader r = { .path = ledger->path, .err = err };
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0;
	/* Temporary errors: -EBADMSG would lead to a new ledger over this one. */
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
		return ezlb_err_sys(err, errno, "cannot read %s", ledger->path);
	if (fd < 0)
		return unreadable(ledger->path, ezlb_errno_str(errno), err);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return unreadable(ledger->path, "it is not a regular file", err);
	}
	remember(ledger, &st);
	r.f = stream(fd, "r");
	rc = read_all(ledger, &r);
	fclose(r.f);
	return rc;
}

/* 0 before Linux 5.14. Any socket knows the cookie of its namespace. */
static uint64_t netns_cookie(void)
{
	EZLB_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(uint64_t);
	uint64_t cookie = 0;

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) < 0)
		return 0;
	return cookie;
}

static void identify(struct ezlb_ledger *ledger)
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
	ledger->cookie = netns_cookie();
}

int ezlb_ledger_open(struct ezlb_ledger *ledger, const char *dir, struct ezlb_err *err)
{
	int rc;

	*ledger = (struct ezlb_ledger){ .path = NULL };
	if (!dir)
		return 0;
	identify(ledger);
	ledger->path = ezlb_asprintf("%s/ledger", dir);
	rc = load(ledger, err);
	if (rc != 0)
		ezlb_ledger_content_clear(&ledger->content);
	return rc < 0 ? rc : 0;
}

/* --- writing ------------------------------------------------------------------------------- */

static int write_all(const struct ezlb_ledger *ledger, const struct ezlb_ledger_content *content,
		     FILE *f)
{
	int rc = fprintf(f, "ezlb-ledger 1\nboot %s\nnetns %llu\n", ledger->boot, ledger->netns);

	if (rc >= 0 && ledger->cookie)
		rc = fprintf(f, COOKIE "%" PRIu64 "\n", ledger->cookie);
	if (rc >= 0)
		rc = ledger_content_write(content, f);
	if (rc >= 0)
		rc = fprintf(f, "end\n"); /* shows that the file is complete */
	return rc < 0 || fflush(f) != 0 || fsync(fileno(f)) < 0 ? -errno : 0;
}

static int store(struct ezlb_ledger *ledger, const struct ezlb_ledger_content *content,
		 struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *tmp = ezlb_asprintf("%s.new", ledger->path);
	int rc = newfile_open(tmp, &state_dir_kind, err);
	struct stat st = { .st_ino = 0 };
	FILE *f;

	if (rc < 0)
		return rc;
	f = stream(rc, "w");
	rc = write_all(ledger, content, f);
	if (rc == 0 && fstat(fileno(f), &st) < 0)
		rc = -errno;
	if (fclose(f) != 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(tmp, ledger->path) < 0)
		rc = -errno;
	if (rc < 0) {
		unlink(tmp);
		return ezlb_err_sys(err, -rc, "cannot write %s", ledger->path);
	}
	remember(ledger, &st);
	ledger->outdated = false;
	return 0;
}

int ezlb_ledger_set(struct ezlb_ledger *ledger, const struct ezlb_ledger_content *content,
		    struct ezlb_err *err)
{
	int rc;

	if (ledger_content_same(&ledger->content, content) && !ledger->outdated &&
	    !ezlb_ledger_lost(ledger))
		return 0;
	rc = ledger->path ? store(ledger, content, err) : 0;
	if (rc == 0)
		ezlb_ledger_content_copy(&ledger->content, content);
	return rc;
}

bool ezlb_ledger_lost(const struct ezlb_ledger *ledger)
{
	struct stat st;

	if (ledger->ino == 0)
		return false;
	return lstat(ledger->path, &st) < 0 || st.st_dev != ledger->dev ||
	       st.st_ino != ledger->ino || st.st_mtim.tv_sec != ledger->mtime.tv_sec ||
	       st.st_mtim.tv_nsec != ledger->mtime.tv_nsec;
}

void ezlb_ledger_close(struct ezlb_ledger *ledger)
{
	free(ledger->path);
	ezlb_ledger_content_clear(&ledger->content);
}
