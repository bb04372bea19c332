// SPDX-License-Identifier: GPL-2.0-or-later
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/duration.h>

#define WRITE_BYTES 65536
#define RETRY_MS    1000
#define MODE	    0640 /* it has the addresses of clients */

void writer_init(struct writer *writer, const char *path)
{
	*writer = (struct writer){ .path = path, .fd = -1 };
}

static void fail(struct writer *writer, int code, const char *what)
{
	ezlb_err_set(&writer->problem, code, "cannot %s %s: %s", what, writer->path,
		     ezlb_errno_str(code));
	ezlb_close_fd(&writer->fd);
	writer->retry_ms = ezlb_now_ms() + RETRY_MS;
}

/* It is not the file that the cut line is in. */
static bool is_empty(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0;
}

/*
 * A link may be of the admin, as /dev/stdout is. One that another user has made in a directory of
 * logs could let him append lines to any file of root.
 */
static int open_path(const char *path)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	struct stat st;
	int fd = open(path, flags | O_NOFOLLOW, MODE);

	if (fd >= 0 || errno != ELOOP || lstat(path, &st) < 0)
		return fd;
	errno = ELOOP;
	return st.st_uid == 0 || st.st_uid == geteuid() ? open(path, flags, MODE) : -1;
}

/* Nonblocking: a pipe without a reader must not stop the thread. Files are always ready. */
static bool open_file(struct writer *writer)
{
	if (writer->fd >= 0)
		return true;
	if (ezlb_now_ms() < writer->retry_ms)
		return false;
	writer->fd = open_path(writer->path);
	if (writer->fd < 0)
		fail(writer, errno, "open");
	else if (is_empty(writer->fd))
		writer->torn = false;
	return writer->fd >= 0;
}

static uint64_t count_lines(const char *text, size_t len)
{
	uint64_t n = 0;

	for (const char *at = text; (at = memchr(at, '\n', len - (size_t)(at - text))); at++)
		n++;
	return n;
}

/* Returns how many bytes the file has taken. */
static size_t write_all(struct writer *writer, const char *text, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(writer->fd, text + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fail(writer, errno, "write to");
			break;
		}
		done += (size_t)n;
	}
	return done;
}

/* A line that was cut is lost; its rest must not begin the next line. */
static void write_text(struct writer *writer)
{
	const struct ezlb_text *text = &writer->text;
	size_t done;
	uint64_t n;

	if (writer->torn && write_all(writer, "\n", 1) == 0)
		return;
	writer->torn = false;
	done = write_all(writer, text->items, text->len);
	n = count_lines(text->items, done);
	writer->torn = done > 0 && text->items[done - 1] != '\n';
	writer->written += n;
	writer->n -= n;
	if (done == text->len)
		writer->problem.code = 0;
}

void writer_flush(struct writer *writer)
{
	if (writer->n == 0)
		return;
	if (open_file(writer))
		write_text(writer);
	writer->lost += writer->n;
	writer->n = 0;
	writer->text.len = 0;
}

void writer_put(struct writer *writer, const char *line, size_t len)
{
	ezlb_text_put(&writer->text, line, len);
	writer->n++;
	if (writer->text.len >= WRITE_BYTES)
		writer_flush(writer);
}

void writer_reopen(struct writer *writer)
{
	writer_flush(writer);
	ezlb_close_fd(&writer->fd);
	writer->retry_ms = 0;
	if (open_file(writer))
		writer->problem.code = 0;
}

void writer_close(struct writer *writer)
{
	writer_flush(writer);
	ezlb_close_fd(&writer->fd);
	EZLB_VEC_CLEAR(&writer->text);
}
