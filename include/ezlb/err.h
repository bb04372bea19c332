/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * err: the error value. It lives on the caller's stack, never allocates, and may be NULL wherever
 * it is the last parameter. Functions return 0 or -errno; the value adds a sentence for humans.
 * Either log an error or return it, not both: the outermost caller logs it.
 */
#pragma once

#include <stddef.h>

struct ezlb_err {
	int code;      /* a positive errno; 0: no error */
	char msg[256]; /* one line, no newline, no trailing full stop */
};

/* Sets the error and returns -code, so that one line can report a failure and return. */
int ezlb_err_set(struct ezlb_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Like ezlb_err_set, and appends ": " and the text of errno `code`. */
int ezlb_err_sys(struct ezlb_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "context: " before the message and returns rc unchanged. */
int ezlb_err_wrap(struct ezlb_err *err, int rc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The text of an errno. Thread-safe, never NULL. */
const char *ezlb_errno_str(int code);
