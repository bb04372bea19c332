// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <ezlb/log.h>

#include "passlog.h"

/*
 * What came of a pass, a letter each. Ops: . done, x failed, y failed otherwise, h held. Before
 * them: D drift, T two services taken over, A twelve, C a conflict, L and M the IPVS layer failed
 * in two ways, W and V the ledger could not be written for two reasons. The old source NAT rules:
 * B they are removed, E they could not be, K they stay for now, P it was not their turn. F flows
 * were ended, U and Z they could not be, for two reasons. The slash: it was over a part.
 */
static void add_op(struct ezlb_plan *plan, char letter)
{
	struct ezlb_op *op = ezlb_plan_add(plan, EZLB_OP_DEST_ADD);

	op->dest.service = key_of("tcp 10.0.0.1:80");
	op->dest.endpoint = key_of("tcp 10.1.0.1:80").listen;
	op->dest.endpoint.port = (uint16_t)(1000 + plan->len);
	op->dest.weight = 1;
	op->rc = letter == 'x' ? -EIO : letter == 'y' ? -ENOMEM : letter == 'h' ? EZLB_HELD : 0;
}

static void add_old(struct ezlb_pass_result *result, char letter)
{
	struct ezlb_op *op = ezlb_plan_add(&result->plan.old, EZLB_OP_SNAT_TEARDOWN);

	op->rc = letter == 'B' ? 0
		 : letter == 'E'
			 ? ezlb_err_set(&result->outcome.old_err, EAGAIN, "the lock is held")
		 : letter == 'K' ? EZLB_HELD
				 : EZLB_PENDING;
}

static void adopt(struct ezlb_scope *out, unsigned n)
{
	char text[32];

	for (unsigned i = 1; i <= n; i++) {
		snprintf(text, sizeof(text), "tcp 10.0.0.%u:80", i);
		*EZLB_PUSH(out) = key_of(text);
	}
}

static const struct ezlb_desired a_part;

static void add(struct ezlb_pass_result *result, char letter)
{
	struct ezlb_err *layer = &result->outcome.errs.layer[EZLB_LAYER_IPVS];

	if (letter == 'L' || letter == 'M')
		ezlb_err_sys(layer, letter == 'L' ? EIO : EPERM, "cannot list");
	else if (letter == 'W' || letter == 'V')
		ezlb_err_sys(&result->outcome.ledger_err, letter == 'W' ? ENOSPC : EROFS,
			     "cannot write /x/ledger");
	else if (strchr("BEKP", letter))
		add_old(result, letter);
	else if (letter == 'F')
		result->outcome.flows = 5;
	else if (letter == 'U' || letter == 'Z')
		ezlb_err_sys(&result->outcome.flows_err, letter == 'U' ? EPERM : ETIMEDOUT,
			     "cannot end flows");
	else if (letter == 'T' || letter == 'A')
		adopt(&result->found.adopted, letter == 'T' ? 2 : 12);
	else if (letter == 'C')
		*EZLB_PUSH(&result->found.conflicts) =
			(struct ezlb_pass_conflict){ "web", key_of("tcp 10.0.0.9:80") };
	else if (letter == '/')
		result->part = &a_part;
	else
		add_op(letter == 'D' ? &result->found.drift : &result->plan.ops, letter);
}

/* Returns what was logged; the caller frees. */
static char *write_log(struct passlog *log, const char *outcome)
{
	struct ezlb_pass_result result = { .outcome = { .flows = 0 } };
	struct capture capture;

	for (const char *p = outcome; *p; p++)
		add(&result, *p);
	for (int i = 0; i < (result.part ? 1 : 3); i++)
		EZLB_PUSH(&result.plan.target.services);
	for (int i = 0; i < (result.part ? 2 : 5); i++)
		EZLB_PUSH(&result.plan.target.dests);
	capture = capture_begin(STDERR_FILENO);
	passlog_write(log, &result, "files", 12);
	ezlb_pass_result_clear(&result);
	return capture_end(capture);
}

/*
 * One letter a line: s summary, r summary of repairs, d drift, f an op failed, l a layer failed, w
 * the ledger cannot be written, h held back, o it is over, t took over, c a conflict, b the old
 * source NAT rules are gone, k they stay for now, u flows are ended, p they are not.
 */
static struct text letters(char *log)
{
	static const struct {
		const char *level, *msg;
		char letter;
	} known[] = {
		{ "level=info ", "msg=\"applied changes to the kernel\"", 's' },
		{ "level=warn ", "msg=repaired ", 'r' },
		{ "level=warn ", "msg=\"another program changed what ezlb owns\"", 'd' },
		{ "level=error ", "msg=\"an operation failed\"", 'f' },
		{ "level=error ", "msg=\"cannot read or change", 'l' },
		{ "level=error ", "msg=\"cannot write the ledger", 'w' },
		{ "level=warn ", "msg=\"operations wait until", 'h' },
		{ "level=info ", "msg=\"earlier failures are resolved\"", 'o' },
		{ "level=info ", "msg=\"adopted ", 't' },
		{ "level=error ", "msg=\"the listener belongs to", 'c' },
		{ "level=info ", "msg=\"source NAT was switched", 'b' },
		{ "level=warn ", "msg=\"the old source NAT rules are kept", 'k' },
		{ "level=info ", "msg=\"deleted stale UDP conntrack entries\"", 'u' },
		{ "level=warn ",
		  "msg=\"cannot delete stale UDP conntrack entries: existing "
		  "UDP flows keep their old translation\"",
		  'p' },
	};
	struct text out = { "" };
	size_t n = 0;

	for (char *save = NULL, *line = strtok_r(log, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		out.s[n] = '?';
		for (size_t i = 0; i < COUNT_OF(known); i++)
			if (strstr(line, known[i].level) && strstr(line, known[i].msg))
				out.s[n] = known[i].letter;
		n++;
	}
	return out;
}

static const struct {
	const char *name;
	struct {
		const char *outcome, *log;
	} passes[6];
} rows[] = {
	{ "nothing to do", { { "", "" }, { "", "" } } },
	{ "one line for a pass", { { ".", "s" }, { ".....", "s" }, { "", "" } } },
	{ "drift is a warning", { { "D..", "dr" }, { "DD.", "ddr" } } },
	{ "drift that is not repaired yet", { { "D", "d" }, { "Dh", "d" } } },
	{ "ten changes at most", { { "DDDDDDDDDDDDD.", "dddddddddddr" } } },
	{ "a failure is told once",
	  { { "x", "fs" }, { "x", "" }, { "Dx", "d" }, { "", "o" }, { "", "" }, { "x", "fs" } } },
	{ "another reason is told", { { "x", "fs" }, { "y", "fs" }, { "y", "" }, { "yx", "fs" } } },
	{ "what waits for its time is failing still",
	  { { "x", "fs" },
	    { "h", "" },
	    { "x", "" },
	    { "h.", "s" },
	    { "..", "so" },
	    { "x", "fs" } } },
	{ "a layer that waits is failing still",
	  { { "Lx", "ls" }, { "h", "" }, { "L", "" }, { ".", "so" }, { "L", "l" } } },
	{ "what is done beside an old failure is told",
	  { { "x", "fs" }, { "x.", "s" }, { "x", "" }, { "", "o" } } },
	{ "what comes to wait for an old failure is not told",
	  { { "x", "fs" }, { "xh", "" }, { "xh.", "s" }, { "...", "so" } } },
	{ "held ops are counted", { { "xhh", "fhs" }, { "xhh", "" }, { "...", "so" } } },
	{ "the old source NAT rules go", { { "..B", "bs" }, { "", "" } } },
	{ "they do not",
	  { { ".E", "fs" }, { "E", "" }, { "K", "k" }, { "K", "" }, { "B", "bo" }, { "", "" } } },
	{ "it is not their turn, as another failure has told", { { "WP", "w" }, { "B", "bo" } } },
	{ "ten failures at most", { { "xxxxxxxxxxxx", "ffffffffffhs" } } },
	{ "just ten", { { "xxxxxxxxxx", "ffffffffffs" } } },
	{ "a layer that cannot be read", { { "L", "l" }, { "L", "" }, { "M", "l" }, { "", "o" } } },
	{ "a layer that fails as a whole speaks for its ops",
	  { { "Lxxx", "ls" }, { "Lxxx", "" } } },
	{ "the ledger", { { "W", "w" }, { "W", "" }, { "V", "w" }, { "", "o" } } },
	{ "took over ten, and more", { { "A", "ttttttttttt" } } },
	{ "took over", { { "T", "tt" }, { "T.", "tts" }, { "TW", "w" } } },
	{ "flows are told each time",
	  { { ".F", "us" }, { "F", "u" }, { ".", "s" }, { ".F", "us" }, { "", "" } } },
	{ "flows that stay are told once",
	  { { ".U", "ps" }, { "U", "" }, { ".U", "s" }, { "Z", "p" }, { "", "o" }, { "U", "p" } } },
	{ "some flows end, and some do not", { { ".FU", "ups" }, { ".FU", "us" }, { "F", "uo" } } },
	{ "a conflict", { { "C", "c" }, { "C", "" }, { "C.", "s" }, { "", "o" }, { "C", "c" } } },
	{ "a part knows nothing of the failures of others",
	  { { "Cx", "cfs" }, { "/.", "s" }, { "/", "" }, { "Cx", "" }, { "", "o" } } },
	{ "a failure in a part",
	  { { "", "" }, { "/x", "fs" }, { "/x", "" }, { "/y", "fs" }, { ".", "so" } } },
};

static void test_transitions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct passlog log = { 0 };

		print_message("%s\n", rows[i].name);
		for (size_t k = 0; k < 6 && rows[i].passes[k].log; k++) {
			char *text = write_log(&log, rows[i].passes[k].outcome);

			assert_string_equal(letters(text).s, rows[i].passes[k].log);
			free(text);
		}
		passlog_clear(&log);
	}
}

static void test_words(void **state)
{
	static const struct {
		const char *outcome, *want;
	} words[] = {
		{ "..x", " why=files ops=3 failed=1 first=\"dest-add tcp 10.0.0.1:80 -> "
			 "10.1.0.1:1001 " },
		{ ".", " services=3 dests=5 ms=12\n" },
		{ ".x", "op=\"dest-add tcp 10.0.0.1:80 -> 10.1.0.1:1002 " },
		{ "xxxxxxxxxxxxhhh", " held=3 failed_more=2\n" },
		{ "L", " layer=ipvs err=\"cannot list: Input/output error\"\n" },
		{ "W", " err=\"cannot write /x/ledger: No space left" },
		{ "T", " listener=\"tcp 10.0.0.2:80\"\n" },
		{ "C", " svc=web listener=\"tcp 10.0.0.9:80\" help=\"remove" },
		{ "A", " services_more=2\n" },
		{ "F", " flows=5\n" },
		{ "U", " err=\"cannot end flows: Operation not permitted\"\n" },
		{ "D", " change=\"dest-add tcp 10.0.0.1:80 -> 10.1.0.1:1001 " },
		{ "DDDDDDDDDDDDD", " changes_more=3 changes_since_start=13\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		struct passlog log = { 0 };
		char *text = write_log(&log, words[i].outcome);

		assert_has(text, words[i].want);
		free(text);
		passlog_clear(&log);
	}
}

/* Its line has the sizes of all. */
static void test_sizes_after_a_part(void **state)
{
	struct passlog log = { 0 };
	char *text;

	(void)state;
	free(write_log(&log, "."));
	text = write_log(&log, "/..");
	assert_has(text, " ops=2 ");
	assert_has(text, " services=3 dests=7 ms=12\n");
	free(text);
	text = write_log(&log, "/.");
	assert_has(text, " services=3 dests=8 ms=12\n");
	free(text);
	text = write_log(&log, ".");
	assert_has(text, " services=3 dests=5 ms=12\n");
	free(text);
	passlog_clear(&log);
}

static void test_debug_shows_each_op(void **state)
{
	struct passlog log = { 0 };
	char *text;

	(void)state;
	ezlb_log_setup(EZLB_DEBUG, EZLB_LOGFMT);
	text = write_log(&log, "..x");
	ezlb_log_setup(EZLB_INFO, EZLB_LOGFMT);
	assert_int_equal(count(text, "level=debug "), 3);
	assert_int_equal(count(text, " result=done\n"), 2);
	free(text);
	passlog_clear(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transitions),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_sizes_after_a_part),
		cmocka_unit_test(test_debug_shows_each_op),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
