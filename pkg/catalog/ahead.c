// SPDX-License-Identifier: GPL-2.0-or-later
/* ahead: parses many files in a few threads. */
#include "parsed.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include <ezlb/config.h>
#include <ezlb/duration.h>

#include "revision.h"

#define FILES_MIN   64 /* with fewer, threads cost more than they save */
#define THREADS_MAX 8
#define STEP	    16 /* files that a thread takes at once */

/* What the threads share. Each item belongs to the thread that has taken its number. */
struct work {
	const struct ezlb_files *files;
	struct ezlb_parsed_file *out; /* as many */
	atomic_size_t next;	      /* the first file that no thread has taken */
};

static void parse_one(const struct ezlb_file *file, struct ezlb_parsed_file *out)
{
	out->path = ezlb_strdup(file->path);
	out->len = file->len;
	out->hash = file->hash;
	out->at = ezlb_now_ms();
	out->spec = ezlb_config_parse(file->path, file->bytes, file->len, &out->diags);
	out->meaning = revision_of(out->spec);
}

static void *run(void *arg)
{
	struct work *work = arg;
	size_t n = work->files->len, first;

	while ((first = atomic_fetch_add(&work->next, STEP)) < n)
		for (size_t i = first; i < n && i < first + STEP; i++)
			parse_one(&work->files->items[i], &work->out[i]);
	return NULL;
}

/* How many threads can run at the same time, this one included. */
static size_t threads_for(size_t n_files)
{
	cpu_set_t set;
	int n;

	if (n_files < FILES_MIN || sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	n = CPU_COUNT(&set);
	return n < THREADS_MAX ? (size_t)n : THREADS_MAX;
}

/* Returns how many were started. A signal must interrupt the caller's thread, and no other. */
static size_t start(pthread_t *threads, size_t n, struct work *work)
{
	sigset_t all, before;
	size_t started = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	while (started < n && pthread_create(&threads[started], NULL, run, work) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

void parsed_add(struct ezlb_parsed_files *parsed, const struct ezlb_files *files)
{
	struct work work = { .files = files, .out = EZLB_ROOM(parsed, files->len) };
	pthread_t threads[THREADS_MAX];
	size_t started;

	if (files->len > 0)
		memset(work.out, 0, files->len * sizeof(*work.out));
	parsed->len += files->len;
	atomic_init(&work.next, 0);
	started = start(threads, threads_for(files->len) - 1, &work);
	run(&work); /* all of it, if no thread could be started */
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}
