// SPDX-License-Identifier: GPL-2.0-or-later
#include <pthread.h>

#include <ezlb/mem.h>

#include "receive.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ezlb_connlog_counts counts;
static char feed_problem[EZLB_CONNLOG_PROBLEM_STRLEN], file_problem[EZLB_CONNLOG_PROBLEM_STRLEN];

void counts_on(bool on)
{
	pthread_mutex_lock(&lock);
	counts.on = on;
	if (!on)
		feed_problem[0] = file_problem[0] = '\0';
	pthread_mutex_unlock(&lock);
}

void counts_feed_problem(const char *problem)
{
	pthread_mutex_lock(&lock);
	ezlb_strcpy(feed_problem, sizeof(feed_problem), problem);
	pthread_mutex_unlock(&lock);
}

void counts_file_problem(const char *problem)
{
	pthread_mutex_lock(&lock);
	ezlb_strcpy(file_problem, sizeof(file_problem), problem);
	pthread_mutex_unlock(&lock);
}

void counts_add(uint64_t lines, uint64_t missed, uint64_t unwritten)
{
	pthread_mutex_lock(&lock);
	counts.lines += lines;
	counts.missed += missed;
	counts.unwritten += unwritten;
	pthread_mutex_unlock(&lock);
}

void ezlb_connlog_counts(struct ezlb_connlog_counts *out)
{
	pthread_mutex_lock(&lock);
	*out = counts;
	ezlb_strcpy(out->problem, sizeof(out->problem),
		    feed_problem[0] ? feed_problem : file_problem);
	pthread_mutex_unlock(&lock);
}
