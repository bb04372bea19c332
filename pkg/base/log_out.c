// SPDX-License-Identifier: GPL-2.0-or-later
#include "log_out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/duration.h>
#include <ezlb/log.h>

#define KEPT_MAX (256 * 1024)

/*
 * How to write without waiting. O_NONBLOCK on stderr as it is would also hold for other processes:
 * the flag belongs to the open file, which the shell or another program may use as well.
 */
static enum way {
	WAIT,	  /* an ordinary write: commands that end, and regular files */
	SOCKET,	  /* a flag of each send */
	NONBLOCK, /* stderr was opened again: O_NONBLOCK is ours alone */
	ASK,	  /* poll before each write, which must be a small one */
} way = WAIT;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* Lines that stderr has not taken yet. */
static struct {
	char text[KEPT_MAX];
	size_t len;
	uint64_t lost; /* lines for which there was no room */
	uint64_t over; /* those of before, of which a line has been written */
	uint64_t told; /* of these, in a line that is in the text */
} kept;
static _Atomic bool has_kept; /* or lost */

/* A pipe with room for PIPE_BUF bytes takes them at once (pipe(7)). */
static ssize_t ask_and_write(const char *text, size_t len)
{
	struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&fd, 1, 0) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(STDERR_FILENO, text, len < PIPE_BUF ? len : PIPE_BUF);
}

static ssize_t put(const char *text, size_t len)
{
	ssize_t n;

	do {
		if (way == SOCKET)
			n = send(STDERR_FILENO, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		else if (way == ASK)
			n = ask_and_write(text, len);
		else
			n = write(STDERR_FILENO, text, len);
	} while (n < 0 && errno == EINTR);
	return n;
}

static uint64_t count_lines(const char *text, size_t len)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

/* Nobody reads any more, or the disk is full. */
static void drop_kept(void)
{
	kept.lost += count_lines(kept.text, kept.len) - (kept.told > 0);
	kept.told = 0;
	kept.len = 0;
}

/* Writes what can be written now. False after an error: trying again at once makes no sense. */
static bool flush(void)
{
	size_t done = 0;
	ssize_t n = 0;

	while (done < kept.len) {
		n = put(kept.text + done, kept.len - done);
		if (n < 0)
			break;
		done += (size_t)n;
	}
	kept.len -= done;
	memmove(kept.text, kept.text + done, kept.len);
	if (n < 0 && errno != EAGAIN) {
		drop_kept();
		return false;
	}
	if (kept.len == 0) {
		kept.lost -= kept.told;
		kept.over += kept.told;
		kept.told = 0;
	}
	return true;
}

/* Where lines were lost, the next ones wait for half of the room: few such lines, not many. */
static void tell_lost(size_t next)
{
	if (kept.lost == 0 || kept.told > 0 || kept.len + LOG_LINE_MAX + next > KEPT_MAX / 2)
		return;
	kept.len += log_out_lost_line(kept.lost, kept.text + kept.len);
	kept.told = kept.lost;
}

static void add(const char *line, size_t len)
{
	tell_lost(len);
	if (kept.lost > kept.told || kept.len + len > KEPT_MAX) {
		kept.lost++;
		return;
	}
	memcpy(kept.text + kept.len, line, len);
	kept.len += len;
}

void log_out(const char *line, size_t len)
{
	ssize_t n;

	if (way == WAIT) {
		n = write(STDERR_FILENO, line, len);
		(void)n; /* stderr is the last resort */
		return;
	}
	pthread_mutex_lock(&mutex);
	flush();
	add(line, len);
	flush();
	has_kept = kept.len > 0 || kept.lost > 0;
	pthread_mutex_unlock(&mutex);
}

void ezlb_log_flush(void)
{
	if (!has_kept)
		return;
	pthread_mutex_lock(&mutex);
	if (flush()) {
		tell_lost(0);
		flush();
	}
	has_kept = kept.len > 0 || kept.lost > 0;
	pthread_mutex_unlock(&mutex);
}

uint64_t ezlb_log_lines_lost(void)
{
	uint64_t lines;

	pthread_mutex_lock(&mutex);
	lines = kept.over + kept.lost;
	pthread_mutex_unlock(&mutex);
	return lines;
}

void ezlb_log_finish(unsigned limit_ms)
{
	uint64_t end = ezlb_now_ms() + limit_ms, now;
	struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };

	ezlb_log_flush();
	while (kept.len > 0 && (now = ezlb_now_ms()) < end) {
		poll(&fd, 1, (int)(end - now));
		ezlb_log_flush();
	}
}

/* The same pipe or terminal once more, with flags of its own. */
static bool open_again(void)
{
	int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_APPEND | O_CLOEXEC);
	bool done = fd >= 0 && dup2(fd, STDERR_FILENO) >= 0;

	if (fd >= 0)
		close(fd);
	return done;
}

void ezlb_log_never_wait(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) < 0 || S_ISREG(st.st_mode))
		return;
	if (S_ISSOCK(st.st_mode))
		way = SOCKET;
	else
		way = open_again() ? NONBLOCK : ASK;
}
