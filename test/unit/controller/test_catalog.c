// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "catalog.h"

/*
 * What a file holds, as one letter; x is 1 in a.yaml and 2 in b.yaml:
 *   g, h   good: 10.0.0.x:80, 10.0.0.x:81     c   good, 10.0.0.9:80 in either file
 *   n      good, named "same" in either file  b, d   refused: E013, E010
 *   u, v   unreadable, for two reasons        -   there is no such file
 */
static char *content_of(char letter, int x)
{
	const char *head = letter == 'b'   ? "scheduler: nonsense\n"
			   : letter == 'd' ? "colour: red\n"
			   : letter == 'n' ? "name: same\n"
					   : "";

	return ezlb_asprintf("%slisten: 10.0.0.%d:%d\nhealth_check: {enabled: false}\n"
			     "backends:\n  - address: 10.1.0.%d:80\n",
			     head, letter == 'c' ? 9 : x, letter == 'h' ? 81 : 80, x);
}

static void add_file(struct ezlb_snapshot *snapshot, int x, char letter)
{
	struct ezlb_file *file;

	if (letter == '-')
		return;
	file = EZLB_PUSH(&snapshot->files);
	file->path = ezlb_asprintf("/d/%c.yaml", 'a' + x - 1);
	if (letter == 'u' || letter == 'v') {
		file->problem = ezlb_strdup(letter == 'u' ? "Permission denied" : "it is a pipe");
		return;
	}
	file->bytes = content_of(letter, x);
	file->len = strlen(file->bytes);
	file->hash = ezlb_hash(file->bytes, file->len);
}

/* Returns what was logged; the caller frees. */
static char *update(struct catalog *catalog, struct ezlb_snapshot *snapshot)
{
	struct capture capture = capture_begin(STDERR_FILENO);

	catalog_update(catalog, snapshot);
	ezlb_snapshot_clear(snapshot);
	return capture_end(capture);
}

/* files: the letters of a.yaml and b.yaml. */
static char *look(struct catalog *catalog, const char *files)
{
	struct ezlb_snapshot snapshot = { 0 };

	add_file(&snapshot, 1, files[0]);
	add_file(&snapshot, 2, files[1]);
	return update(catalog, &snapshot);
}

/* "a:80 b:81": names and ports in force; c's listener is "a:9". */
static struct text in_force(const struct catalog *catalog)
{
	struct text out = { "" };
	size_t len = 0;

	for (size_t i = 0; i < catalog->desired.len; i++) {
		const struct ezlb_spec *spec = catalog->desired.items[i];
		char endpoint[EZLB_ENDPOINT_STRLEN];

		ezlb_endpoint_format(&spec->listen, endpoint);
		len += (size_t)snprintf(out.s + len, sizeof(out.s) - len, "%s%s:%s", len ? " " : "",
					spec->name,
					strstr(endpoint, ".9:") ? "9" : strchr(endpoint, ':') + 1);
	}
	return out;
}

/* "a13 b31": file and code of each diagnostic. */
static struct text diags_text(const struct ezlb_diags *diags)
{
	struct text out = { "" };
	size_t len = 0;

	for (size_t i = 0; i < diags->len; i++)
		len += (size_t)snprintf(out.s + len, sizeof(out.s) - len, "%s%c%d", len ? " " : "",
					diags->items[i].file[3], diags->items[i].code);
	return out;
}

/* One log line: "a13+" told, its last version stays; "a13-" told, it has none; "a=" sound; "a!"
 * gone. */
static void line_text(const char *line, struct text *out)
{
	size_t len = strlen(out->s);
	const char *path = strstr(line, "/d/"), *code = strstr(line, "error[E0");

	assert_non_null(path);
	len += (size_t)snprintf(out->s + len, sizeof(out->s) - len, "%s%c", len ? " " : "",
				path[3]);
	if (code)
		snprintf(out->s + len, sizeof(out->s) - len, "%d%s", atoi(code + 8),
			 strstr(line, "its last good version stays") ? "+"
			 : strstr(line, "the file is not in force")  ? "-"
								     : "?");
	else
		snprintf(out->s + len, sizeof(out->s) - len, "%s",
			 strstr(line, "file is sound again") ? "="
			 : strstr(line, "file is gone")	     ? "!"
							     : "?");
}

static struct text log_text(char *log)
{
	struct text out = { "" };

	for (char *save = NULL, *line = strtok_r(log, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		line_text(line, &out);
	return out;
}

struct step {
	const char *files, *in_force, *diags, *log;
	size_t without;
};

static const struct {
	const char *name;
	struct step steps[6];
} scenarios[] = {
	{ "accepted", { { "g-", "a:80", "", "", 0 }, { "gg", "a:80 b:80", "", "", 0 } } },
	{ "the same again says nothing",
	  { { "gb", "a:80", "b13", "b13-", 1 },
	    { "gb", "a:80", "b13", "", 1 },
	    { "gb", "a:80", "b13", "", 1 } } },
	{ "edited", { { "g-", "a:80", "", "", 0 }, { "h-", "a:81", "", "", 0 } } },
	{ "refused keeps the last version",
	  { { "gg", "a:80 b:80", "", "", 0 },
	    { "bg", "a:80 b:80", "a13", "a13+", 0 },
	    { "bg", "a:80 b:80", "a13", "", 0 },
	    { "hg", "a:81 b:80", "", "a=", 0 } } },
	{ "refused for another reason is told again",
	  { { "g-", "a:80", "", "", 0 },
	    { "b-", "a:80", "a13", "a13+", 0 },
	    { "d-", "a:80", "a10", "a10+", 0 },
	    { "b-", "a:80", "a13", "a13+", 0 } } },
	{ "refused without a last version",
	  { { "b-", "", "a13", "a13-", 1 },
	    { "bb", "", "a13 b13", "b13-", 2 },
	    { "gb", "a:80", "b13", "a=", 1 },
	    { "gg", "a:80 b:80", "", "b=", 0 } } },
	{ "back to the running version",
	  { { "h-", "a:81", "", "", 0 },
	    { "b-", "a:81", "a13", "a13+", 0 },
	    { "h-", "a:81", "", "a=", 0 },
	    { "h-", "a:81", "", "", 0 } } },
	{ "gone", { { "gg", "a:80 b:80", "", "", 0 }, { "g-", "a:80", "", "b!", 0 } } },
	{ "gone while it is refused",
	  { { "g-", "a:80", "", "", 0 },
	    { "b-", "a:80", "a13", "a13+", 0 },
	    { "--", "", "", "a!", 0 },
	    { "b-", "", "a13", "a13-", 1 },
	    { "--", "", "", "a!", 0 } } },
	{ "unreadable keeps the last version",
	  { { "g-", "a:80", "", "", 0 },
	    { "u-", "a:80", "a1", "a1+", 0 },
	    { "u-", "a:80", "a1", "", 0 },
	    { "v-", "a:80", "a1", "a1+", 0 },
	    { "g-", "a:80", "", "a=", 0 } } },
	{ "unreadable from the start",
	  { { "u-", "", "a1", "a1-", 1 }, { "g-", "a:80", "", "a=", 0 } } },
	{ "two newcomers in conflict: the first file wins",
	  { { "cc", "a:9", "b31", "b31-", 1 },
	    { "cc", "a:9", "b31", "", 1 },
	    { "-c", "b:9", "", "a! b=", 0 } } },
	{ "whoever holds the listener keeps it, and the loser its last version",
	  { { "gc", "a:80 b:9", "", "", 0 },
	    { "cc", "a:80 b:9", "a31", "a31+", 0 },
	    { "gc", "a:80 b:9", "", "a=", 0 },
	    { "cc", "a:80 b:9", "a31", "a31+", 0 },
	    { "c-", "a:9", "", "b! a=", 0 } } },
	{ "a holder that is refused still holds",
	  { { "c-", "a:9", "", "", 0 },
	    { "bc", "a:9", "a13 b31", "a13+ b31-", 1 },
	    { "gc", "a:80 b:9", "", "a= b=", 0 } } },
	{ "a name has one holder too",
	  { { "nn", "same:80", "b30", "b30-", 1 }, { "-n", "same:80", "", "a! b=", 0 } } },
	{ "two files change places",
	  { { "gh", "a:80 b:81", "", "", 0 }, { "hg", "a:81 b:80", "", "", 0 } } },
};

static void run_step(struct catalog *catalog, const struct step *step)
{
	char *log = look(catalog, step->files);
	struct text got = log_text(log);

	assert_string_equal(in_force(catalog).s, step->in_force);
	assert_string_equal(diags_text(&catalog->diags).s, step->diags);
	assert_string_equal(got.s, step->log);
	assert_int_equal(catalog->n_without, step->without);
	free(log);
}

static void test_scenarios(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(scenarios); i++) {
		struct catalog catalog = { .n_without = 0 };

		print_message("%s\n", scenarios[i].name);
		for (size_t k = 0; k < 6 && scenarios[i].steps[k].files; k++)
			run_step(&catalog, &scenarios[i].steps[k]);
		catalog_clear(&catalog);
	}
}

/* What a human reads: the place, the reason, the service, and what it means for the traffic. */
static void test_log_lines(void **state)
{
	struct catalog catalog = { .n_without = 0 };
	char *log;

	(void)state;
	free(look(&catalog, "g-"));
	log = look(&catalog, "b-");
	assert_has(log, "level=error pkg=config msg=\"/d/a.yaml:1:12: error[E013]: ");
	assert_has(log, " help=");
	assert_has(log, " svc=a effect=\"its last good version stays\"\n");
	free(log);
	log = look(&catalog, "g-");
	assert_has(log, "level=info pkg=config msg=\"file is sound again\" file=/d/a.yaml svc=a\n");
	free(log);
	log = look(&catalog, "--");
	assert_has(log, "level=info pkg=config msg=\"file is gone\" file=/d/a.yaml svc=a\n");
	free(log);
	log = look(&catalog, "u-");
	assert_has(log, "/d/a.yaml: error[E001]: Permission denied\"");
	assert_has(log, " effect=\"the file is not in force\"\n");
	free(log);
	catalog_clear(&catalog);
}

/* Nobody knows what the files of such a directory ask for. */
static void test_unreadable_directory(void **state)
{
	struct catalog catalog = { .n_without = 0 };
	struct ezlb_snapshot snapshot = { 0 };
	struct ezlb_dir *dir = EZLB_PUSH(&snapshot.dirs);

	(void)state;
	dir->path = ezlb_strdup("/d");
	dir->problem = ezlb_strdup("Stale file handle");
	dir->frozen = true;
	EZLB_PUSH(&snapshot.dirs)->path = ezlb_strdup("/e");
	free(update(&catalog, &snapshot));
	assert_int_equal(catalog.n_without, 1);
	free(look(&catalog, "g-"));
	assert_int_equal(catalog.n_without, 0);
	catalog_clear(&catalog);
}

#define MANY 2000

static void add_many(struct ezlb_snapshot *snapshot, bool good)
{
	for (int i = 0; i < MANY; i++) {
		struct ezlb_file *file = EZLB_PUSH(&snapshot->files);

		file->path = ezlb_asprintf("/d/s%04d.yaml", i);
		file->bytes = ezlb_asprintf("listen: 10.0.%d.%d:80\nhealth_check: {enabled: %s}\n"
					    "backends:\n  - address: 10.1.0.1:80\n",
					    i / 250, i % 250 + 1, good ? "false" : "maybe");
		file->len = strlen(file->bytes);
		file->hash = ezlb_hash(file->bytes, file->len);
	}
}

static void test_many(void **state)
{
	struct catalog catalog = { .n_without = 0 };
	struct ezlb_snapshot snapshot = { 0 };
	char *log;

	(void)state;
	add_many(&snapshot, true);
	log = update(&catalog, &snapshot);
	assert_string_equal(log, "");
	assert_int_equal(catalog.desired.len, MANY);
	free(log);
	snapshot = (struct ezlb_snapshot){ 0 };
	add_many(&snapshot, false);
	log = update(&catalog, &snapshot);
	assert_int_equal(count(log, "its last good version stays"), MANY);
	assert_int_equal(catalog.desired.len, MANY);
	free(log);
	snapshot = (struct ezlb_snapshot){ 0 };
	log = update(&catalog, &snapshot);
	assert_int_equal(count(log, "file is gone"), MANY);
	assert_int_equal(catalog.desired.len, 0);
	free(log);
	catalog_clear(&catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenarios),
		cmocka_unit_test(test_log_lines),
		cmocka_unit_test(test_unreadable_directory),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
