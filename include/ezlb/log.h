/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log: one line per event on stderr, as logfmt or JSON. Only controller, catalog, store,
 * cmd and loop callbacks log.
 *
 *   error  an operator must act       warn   degraded, recovers without an operator
 *   info   changes of state, plans    debug  each op
 *
 *   ezlb_log(EZLB_INFO, "health", EZLB_S("msg", "backend is down"), EZLB_S("svc", name),
 *            EZLB_I("ms", 3000));
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ezlb_log_level { EZLB_ERROR, EZLB_WARN, EZLB_INFO, EZLB_DEBUG };
enum ezlb_log_format { EZLB_LOGFMT, EZLB_JSON };

/*
 * One field. Strings are quoted and escaped where the format needs it. NULL text: the field is left
 * out.
 */
struct ezlb_kv {
	const char *key;
	const char *text;
	int64_t num;
	bool is_num;
};

#define EZLB_S(k, s) ((struct ezlb_kv){ .key = (k), .text = (s) })
#define EZLB_I(k, n) ((struct ezlb_kv){ .key = (k), .num = (int64_t)(n), .is_num = true })

/*
 * Level and format are process-wide; cmd sets them before anything logs. If stderr is the journal
 * (JOURNAL_STREAM, systemd.exec(5)), each line begins with its priority, for example "<3>" for an
 * error (sd-daemon(3)), which journald removes.
 */
void ezlb_log_setup(enum ezlb_log_level level, enum ezlb_log_format format);
/*
 * For a daemon, once, after the setup and before threads and other processes of it begin: from now
 * on no line is waited for. What stderr does not take at once is kept, up to 256 KiB; what comes
 * after that is lost, and a line says later how many lines these were. Where stderr is a pipe or a
 * terminal, descriptor 2 is opened again with O_NONBLOCK: other processes that have the old one do
 * not notice. A process that is forked inherits all of this.
 */
void ezlb_log_never_wait(void);
/* Writes what is kept, as far as stderr takes it. Call it at times: cheap if nothing is kept. */
void ezlb_log_flush(void);
/* How many lines of this process were lost since its start. */
uint64_t ezlb_log_lines_lost(void);
/* Flushes at the end of the process, with a wait of at most this time. */
void ezlb_log_finish(unsigned limit_ms);

/* May be called at any time. More than one thread may log. */
void ezlb_log_set_level(enum ezlb_log_level level);
const char *ezlb_log_level_str(enum ezlb_log_level level); /* "debug" */
bool ezlb_log_enabled(enum ezlb_log_level level);

/* Both parse the flag's value; 0 or -EINVAL. */
int ezlb_log_level_parse(const char *text, enum ezlb_log_level *out);
int ezlb_log_format_parse(const char *text, enum ezlb_log_format *out);

#define ezlb_log(level, pkg, ...) \
	ezlb_log_write((level), (pkg), (const struct ezlb_kv[]){ __VA_ARGS__, { .key = NULL } })

void ezlb_log_write(enum ezlb_log_level level, const char *pkg, const struct ezlb_kv *kv);

/*
 * Only the fields, as one line in the format of the log, with its newline: for a file of its own.
 * Returns the length, without NUL; 0: buf is too small.
 */
size_t ezlb_log_fields(char *buf, size_t size, const struct ezlb_kv *kv);
