/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diag: what is wrong in a service file, and where. One text for the log, for status and for
 * `ezlb check`:
 *
 *   web.yaml:3:9: error[E012]: port 70000 is out of range: 1-65535
 *     3 | listen: 10.0.0.1:70000
 *       |         ^
 *     help: ...
 */
#pragma once

#include <stddef.h>

#include <ezlb/mem.h>
#include <ezlb/spec.h>

/* Codes are stable: never renumber, never reuse. The manual explains each. */
enum ezlb_diag_code {
	EZLB_E_READ = 1,      /* the file cannot be read */
	EZLB_E_SIZE = 2,      /* larger than 256 KiB, or nested too deep */
	EZLB_E_SYNTAX = 3,    /* not YAML */
	EZLB_E_FEATURE = 4,   /* YAML that ezlb refuses: anchors, tags, a second document, tabs */
	EZLB_E_DUPLICATE = 5, /* the same key twice in one mapping */
	EZLB_E_UNKNOWN_KEY = 10,
	EZLB_E_MISSING = 11,	/* a required key is absent */
	EZLB_E_TYPE = 12,	/* a list where a word belongs, and so on */
	EZLB_E_VALUE = 13,	/* the right type, not an allowed value */
	EZLB_E_RANGE = 14,	/* a number or duration outside its bounds */
	EZLB_E_ADDRESS = 15,	/* not an IP address or endpoint */
	EZLB_E_FAMILY = 16,	/* IPv4 and IPv6 mixed in one service */
	EZLB_E_SNAT_ALONE = 20, /* snat_ip without full_nat */
	EZLB_E_FORWARD = 21,	/* full_nat with forward other than masq */
	EZLB_E_BACKEND_TWICE = 22,
	EZLB_E_UNSUPPORTED = 23,    /* sound, but this version cannot do it */
	EZLB_E_NAME_TAKEN = 30,	    /* another file has this service name */
	EZLB_E_LISTENER_TAKEN = 31, /* another file has this listener */
	EZLB_E_SNAT_CONFLICT = 32,  /* another file SNATs the same backend differently */
};

struct ezlb_diag {
	char *file;
	struct ezlb_mark at;
	enum ezlb_diag_code code;
	char *message; /* one line */
	char *source;  /* the text of line at.line, NULL where there is none */
	char *help;    /* one line, or NULL */
};

struct ezlb_diags EZLB_VEC(struct ezlb_diag);

/* Appends; the texts are copied. The result may be given a source line and a help by the caller. */
struct ezlb_diag *ezlb_diags_add(struct ezlb_diags *diags, const char *file, struct ezlb_mark at,
				 enum ezlb_diag_code code, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void ezlb_diags_copy(struct ezlb_diags *to, const struct ezlb_diag *diags, size_t n); /* appends */
void ezlb_diags_sort(struct ezlb_diags *diags); /* by file, line, column, code */
void ezlb_diags_clear(struct ezlb_diags *diags);

/* "file:line:col: error[E012]: message"; the caller frees. */
char *ezlb_diag_line(const struct ezlb_diag *diag);
/* The same with source line, caret and help, each line ended by a newline; the caller frees. */
char *ezlb_diag_text(const struct ezlb_diag *diag);
