/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diag: an error in a service file, or a warning about one, and its place. The log, `ezlb status`
 * and `ezlb check` show the same text:
 *
 *   web.yaml:3:9: error[E012]: port 70000 is out of range: 1-65535
 *     3 | listen: 10.0.0.1:70000
 *       |         ^
 *     help: ...
 *
 * A service file in a Kubernetes manifest has one more line, "  in: ConfigMap lb/services, key
 * web.yaml".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ezlb/mem.h>
#include <ezlb/spec.h>

/* Codes are stable: never renumber, never reuse. docs/errors.md explains each. */
enum ezlb_diag_code {
	EZLB_E_READ = 1,      /* the file cannot be read */
	EZLB_E_SIZE = 2,      /* larger than 256 KiB, nested too deep, or more than a limit */
	EZLB_E_SYNTAX = 3,    /* not YAML */
	EZLB_E_FEATURE = 4,   /* YAML that is not supported: anchors, tags, more documents, tabs */
	EZLB_E_DUPLICATE = 5, /* the same key twice in one mapping */
	EZLB_E_IGNORED = 6,   /* `ezlb run` does not read a file with this name */
	EZLB_E_OTHER = 7,     /* a file for another program, or an object of Kubernetes */
	EZLB_E_UNKNOWN_KEY = 10,
	EZLB_E_MISSING = 11,	/* a required key is absent */
	EZLB_E_TYPE = 12,	/* for example a list instead of a word */
	EZLB_E_VALUE = 13,	/* the right type, not an allowed value */
	EZLB_E_RANGE = 14,	/* a number or duration outside its bounds */
	EZLB_E_ADDRESS = 15,	/* not an IP address or endpoint */
	EZLB_E_FAMILY = 16,	/* IPv4 and IPv6 mixed in one service */
	EZLB_E_SNAT_ALONE = 20, /* snat_ip without full_nat */
	EZLB_E_FORWARD = 21,	/* full_nat with forward other than masq */
	EZLB_E_BACKEND_TWICE = 22,
	EZLB_E_UNSUPPORTED = 23,    /* no longer used: valid, but not supported */
	EZLB_E_LISTENER_TWICE = 24, /* two listeners of one file overlap */
	EZLB_E_LOOP = 25,	    /* a backend with an address of the balancer itself */
	EZLB_E_COMBINATION = 26,    /* fields that do not go together */
	EZLB_E_NAME_TAKEN = 30,	    /* another file has this service name */
	EZLB_E_LISTENER_TAKEN = 31, /* another file has this listener */
	EZLB_E_SNAT_CONFLICT = 32,  /* another file SNATs the same backend differently */
	EZLB_E_SNAT_MARK = 33,	    /* full_nat for a mark, with iptables */
	EZLB_E_CHAIN = 34,	    /* a warning: another file has the backend as listener */
	EZLB_E_TIMEOUT = 35,	    /* a warning: a probe may take longer than the interval */
	EZLB_E_ANSWERS = 36,	    /* a warning: answers of one_packet are not translated */
	EZLB_E_PASSED = 37,	    /* a warning: `ezlb check` passes it over */
	EZLB_E_TOTAL = 38,	    /* all files together have too many destinations */
};

struct ezlb_diag {
	char *file;
	struct ezlb_mark at;
	enum ezlb_diag_code code;
	bool warning;	/* the file is valid all the same; only `ezlb check` has these */
	char *message;	/* one line */
	char *source;	/* the text of line at.line, or NULL */
	int source_col; /* its column in that line; 0: it is the whole line */
	char *help;	/* one line, or NULL */
	char *inside;	/* "ConfigMap lb/services, key web.yaml", or NULL: all of the file */
	char *service;	/* its name, or NULL if it is not known */
};

struct ezlb_diags EZLB_VEC(struct ezlb_diag);

/* Appends a diagnostic with copies of the texts. The caller may set its source and help. */
struct ezlb_diag *ezlb_diags_add(struct ezlb_diags *diags, const char *file, struct ezlb_mark at,
				 enum ezlb_diag_code code, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void ezlb_diags_copy(struct ezlb_diags *to, const struct ezlb_diag *diags, size_t n); /* appends */
void ezlb_diags_sort(struct ezlb_diags *diags);		   /* by file, line, column, code */
void ezlb_diags_cut(struct ezlb_diags *diags, size_t len); /* removes all after the first `len` */
void ezlb_diags_clear(struct ezlb_diags *diags);

/* "E012" */
#define EZLB_DIAG_CODE_STRLEN 8
const char *ezlb_diag_code_str(enum ezlb_diag_code code, char buf[EZLB_DIAG_CODE_STRLEN]);
/* All codes, from the lowest, and each in a few words, as in docs/errors.md. */
struct ezlb_diag_kind {
	enum ezlb_diag_code code;
	const char *title;
};
extern const struct ezlb_diag_kind ezlb_diag_kinds[];
extern const size_t ezlb_n_diag_kinds;

/* "file:line:col: error[E012]: message", or "warning[E034]"; the caller frees. */
char *ezlb_diag_line(const struct ezlb_diag *diag);
/*
 * The same with source line, caret and help, each line ended by a newline. It has no other line
 * breaks, whatever the names. It can hold any bytes of the file: ezlb_utf8_plain() before a person
 * sees it. The caller frees.
 */
char *ezlb_diag_text(const struct ezlb_diag *diag);
