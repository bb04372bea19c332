/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * writer: lines to a file, many with one write. A file that cannot be written loses lines, which
 * are counted; it never waits. Not for two threads at once.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/err.h>
#include <ezlb/text.h>

struct writer {
	const char *path;      /* borrowed */
	int fd;		       /* -1: not open */
	bool torn;	       /* the file ends in the middle of a line */
	uint64_t retry_ms;     /* ezlb_now_ms: no try to open it before */
	struct ezlb_text text; /* whole lines */
	uint64_t n;	       /* lines in text */
	uint64_t written, lost;
	struct ezlb_err problem; /* code 0: none */
};

void writer_init(struct writer *writer, const char *path);
/* A line with its newline. Writes when much has come together. */
void writer_put(struct writer *writer, const char *line, size_t len);
void writer_flush(struct writer *writer);
/* Writes what there is, and opens the path anew. */
void writer_reopen(struct writer *writer);
/* Writes, closes and frees. */
void writer_close(struct writer *writer);
