// SPDX-License-Identifier: GPL-2.0-or-later
/* head: the output before the services: ezlb itself, then the refused files. */
#include "colour.h"
#include "human.h"
#include "parts.h"
#include "plain.h"

#define DIAGS_SHOWN 5 /* of one file */

/* Shares of the conntrack table: nearly full; full (it can have a few entries less). */
#define CONNTRACK_NEARLY 0.8
#define CONNTRACK_FULL	 0.99

/* Not NOT READY, which sounds as if something was wrong. */
static const char *title_word(const json_t *doc)
{
	if (doc_has(doc, "draining"))
		return "DRAINED";
	return doc_true(doc, "ready") ? "ready" : "NOT READY";
}

static void put_title(const json_t *doc, const struct ezlb_console_look *look,
		      struct ezlb_text *out)
{
	const char *word = title_word(doc);
	int64_t started = doc_time(doc, "started");
	struct human age = human_age(started > 0 ? look->now_ms - started : 0);
	bool known = doc_has(doc, "revision");
	EZLB_AUTO_FREE char *rest = ezlb_asprintf(
		"%s  %s, ezlb %s, up %s%s%s", doc_true(doc, "degraded") ? ", degraded" : "",
		doc_text(doc, "host"), doc_text(doc, "version"), age.s, known ? ", revision " : "",
		doc_text(doc, "revision"));
	size_t room = look->width > strlen(word) ? look->width - strlen(word) : 0;

	ezlb_text_printf(out, "%s%s%s", colour_of(look, word), word, colour_end(look));
	plain_put_end_cut(out, rest, look->width ? room : SIZE_MAX);
	ezlb_text_puts(out, "\n");
	plain_put_folded(out, "", 2, doc_text(doc, "summary"), look->width);
}

/* Frees the text. */
static void put_problem(const struct ezlb_console_look *look, struct ezlb_text *out, char *text)
{
	plain_put_folded(out, "! ", 2, text, look->width);
	free(text);
}

/* The summary says by what, and what puts it back. */
static void put_draining(const json_t *doc, const struct ezlb_console_look *look,
			 struct ezlb_text *out)
{
	const json_t *draining = json_object_get(doc, "draining");
	int64_t since = doc_time(draining, "since");

	if (json_is_object(draining))
		put_problem(look, out,
			    ezlb_asprintf("drained since %s (%s ago): %s", human_time(since).s,
					  human_age(look->now_ms - since).s,
					  doc_text(draining, "where")));
}

static void put_failing(const json_t *doc, const struct ezlb_console_look *look,
			struct ezlb_text *out)
{
	const json_t *reconcile = json_object_get(doc, "reconcile");
	const char *error = doc_text(reconcile, "error");
	int64_t since = doc_time(reconcile, "failing_since");
	struct human age = human_age(look->now_ms - since);

	/* Often this is the reason for "not ready", and printed already. */
	if (error[0] && strstr(doc_text(doc, "not_ready"), error))
		return;
	if (since > 0)
		put_problem(
			look, out,
			ezlb_asprintf("the kernel does not match the service files, since %s: %s",
				      age.s, error));
	else if (error[0])
		put_problem(look, out, ezlb_asprintf("the last reconcile run: %s", error));
}

static void put_frozen(const json_t *doc, const struct ezlb_console_look *look,
		       struct ezlb_text *out)
{
	const json_t *dirs = json_object_get(json_object_get(doc, "config"), "dirs");
	json_t *dir;
	size_t i;

	json_array_foreach(dirs, i, dir) if (doc_has(dir, "problem")) put_problem(
		look, out,
		ezlb_asprintf("the directory %s cannot be read, and its services stay as "
			      "they are: %s",
			      doc_text(dir, "path"), doc_text(dir, "problem")));
}

static char *conntrack_text(double entries, double max)
{
	if (entries >= CONNTRACK_FULL * max)
		return ezlb_asprintf("the conntrack table is full: new connections are dropped; "
				     "raise net.netfilter.nf_conntrack_max");
	return ezlb_asprintf("the conntrack table is %d%% full: when it is full, new connections "
			     "are dropped; raise net.netfilter.nf_conntrack_max",
			     (int)(100 * entries / max));
}

static void put_limits(const json_t *doc, const struct ezlb_console_look *look,
		       struct ezlb_text *out)
{
	const json_t *probes = json_object_get(doc, "probes");
	const json_t *conntrack = json_object_get(doc, "conntrack");
	double entries = doc_number(conntrack, "entries"), max = doc_number(conntrack, "max");

	if (doc_int(probes, "blocked") > 0)
		put_problem(look, out,
			    ezlb_asprintf("%lld of %lld targets cannot be probed: %s",
					  (long long)doc_int(probes, "blocked"),
					  (long long)doc_int(probes, "targets"),
					  doc_text(probes, "blocked_why")));
	if (doc_int(probes, "overdue") > 0)
		put_problem(look, out,
			    ezlb_asprintf("%lld of %lld probes are overdue: this host is too slow "
					  "for so many, or a timeout is longer than its interval",
					  (long long)doc_int(probes, "overdue"),
					  (long long)doc_int(probes, "targets")));
	if (max > 0 && entries >= CONNTRACK_NEARLY * max)
		put_problem(look, out, conntrack_text(entries, max));
}

static void put_connlog(const json_t *doc, const struct ezlb_console_look *look,
			struct ezlb_text *out)
{
	const json_t *log = json_object_get(doc, "connection_log");
	long long lost = (long long)doc_int(log, "lost"), lines = (long long)doc_int(log, "lines");

	if (doc_text(log, "problem")[0])
		put_problem(look, out,
			    ezlb_asprintf("the connection log writes nothing: %s",
					  doc_text(log, "problem")));
	if (lost > 0)
		put_problem(look, out,
			    ezlb_asprintf("%lld of %lld ended connections are not in the "
					  "connection log",
					  lost, lost + lines));
}

static void put_sync(const json_t *doc, const struct ezlb_console_look *look, struct ezlb_text *out)
{
	const char *problem = doc_text(json_object_get(doc, "sync"), "problem");

	if (problem[0])
		put_problem(look, out, ezlb_asprintf("the sync daemon of IPVS: %s", problem));
}

void part_head(const json_t *doc, const struct ezlb_console_look *look, struct ezlb_text *out)
{
	put_title(doc, look, out);
	put_draining(doc, look, out);
	if (!strstr(doc_text(doc, "summary"), doc_text(doc, "not_ready")))
		put_problem(look, out, ezlb_strdup(doc_text(doc, "not_ready")));
	if (doc_is(doc, "dataplane", "memory"))
		put_problem(look, out,
			    ezlb_strdup("nothing is programmed: in-memory data plane. No "
					"traffic is balanced"));
	put_failing(doc, look, out);
	put_frozen(doc, look, out);
	if (doc_text(doc, "traffic_error")[0])
		put_problem(look, out,
			    ezlb_asprintf("traffic is not counted: %s",
					  doc_text(doc, "traffic_error")));
	if (doc_text(doc, "persist_error")[0])
		put_problem(look, out,
			    ezlb_asprintf("last good versions will not survive a reboot: %s",
					  doc_text(doc, "persist_error")));
	if (doc_text(doc, "sandbox_error")[0])
		put_problem(look, out,
			    ezlb_asprintf("a part of the sandbox is missing: %s",
					  doc_text(doc, "sandbox_error")));
	put_connlog(doc, look, out);
	put_sync(doc, look, out);
	put_limits(doc, look, out);
}

/* "    7 |   - address: ..." or the line with the caret: these must not be folded. */
static bool is_source(const char *line)
{
	return line[strspn(line, " 0123456789")] == '|';
}

static void put_diagnostic(const json_t *diag, const struct ezlb_console_look *look,
			   struct ezlb_text *out)
{
	EZLB_AUTO_FREE char *text = ezlb_strdup(doc_text(diag, "text"));
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!is_source(line)) {
			plain_put_folded(out, "", 4, line, look->width);
			continue;
		}
		plain_put_end_cut(out, line, look->width ? look->width : SIZE_MAX);
		ezlb_text_puts(out, "\n");
	}
}

void part_diagnostics(const json_t *file, const struct ezlb_console_look *look,
		      struct ezlb_text *out)
{
	const json_t *diags = json_object_get(file, "diagnostics");
	EZLB_AUTO_FREE char *note =
		ezlb_asprintf("%s: %s, %s", doc_text(file, "path"), doc_text(file, "state"),
			      doc_true(file, "in_force") ? "an older version of it serves"
							 : "nothing of it is applied");
	json_t *diag;
	size_t i;

	json_array_foreach(diags, i, diag) if (i < DIAGS_SHOWN) put_diagnostic(diag, look, out);
	if (json_array_size(diags) > DIAGS_SHOWN)
		ezlb_text_printf(out, "and %zu more (ezlb check)\n",
				 json_array_size(diags) - DIAGS_SHOWN);
	plain_put_folded(out, "", 4, note, look->width);
}

void part_refused(const json_t *doc, const struct ezlb_console_look *look, struct ezlb_text *out)
{
	const json_t *files = json_object_get(doc, "files");
	json_t *file;
	size_t i, n = 0;

	json_array_foreach(files, i, file) n += !doc_is(file, "state", "ok");
	if (n == 0)
		return;
	ezlb_text_printf(out, "\n%sREFUSED FILES: %zu of %zu%s\n", colour_title(look), n,
			 json_array_size(files), colour_end(look));
	json_array_foreach(files, i, file) if (!doc_is(file, "state", "ok"))
		part_diagnostics(file, look, out);
}
