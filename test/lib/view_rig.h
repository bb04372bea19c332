/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view_rig: files, passes over the in-memory data plane and verdicts, told to a view, and what the
 * view makes of them as text. The ledger is in the temporary directory.
 */
#pragma once

#include "faulty.h"
#include "fixture.h"

#include <ezlb/view.h>

#define START_MS 1700000000000

struct view_rig {
	struct faulty *memory;
	struct ezlb_pass pass;
	struct ezlb_catalog catalog;
	struct ezlb_view view;
	struct ezlb_view_facts facts; /* for a status */
	struct ezlb_snapshot next;    /* what rig_files takes in */
	struct ezlb_verdicts verdicts;
	int64_t now;   /* of the wall clock */
	int64_t ahead; /* by which somebody has set that forward */
	uint64_t told; /* events that rig_events has told already */
};

/* What a service file holds: "a" of 10.0.0.1 with two backends, with a check or without. */
#define HEAD(x)	   "listen: 10.0.0." x ":80\n"
#define BACKENDS   "backends:\n  - address: 10.1.0.1:80\n  - address: 10.1.0.2:80\n"
#define NO_CHECK   "health_check: {enabled: false}\n"
#define CHECKED(x) HEAD(x) BACKENDS
#define PLAIN(x)   HEAD(x) NO_CHECK BACKENDS
#define NATTED(x)  "full_nat: true\n" PLAIN(x)
#define BROKEN	   "listen: nonsense\n" NO_CHECK BACKENDS

static inline void rig_open(struct view_rig *rig)
{
	*rig = (struct view_rig){ .memory = faulty_new(), .now = START_MS };
	faulty_dataplane(rig->memory, &rig->pass.dp);
	assert_int_equal(ezlb_ledger_open(&rig->pass.ledger, top, NULL), 0);
	rig->facts = (struct ezlb_view_facts){ .dataplane = "memory",
					       .snat_backend = "iptables",
					       .pid = 4711,
					       .host = "lb1",
					       .watch = EZLB_WATCH_POLL };
	ezlb_view_start(&rig->view, rig->now);
	rig->told = rig->view.events.last;
}

static inline void rig_close(struct view_rig *rig)
{
	ezlb_snapshot_clear(&rig->next);
	EZLB_VEC_CLEAR(&rig->verdicts);
	ezlb_view_clear(&rig->view);
	ezlb_catalog_clear(&rig->catalog);
	ezlb_pass_clear(&rig->pass);
	faulty_free(rig->memory);
}

/* A file of the next set; text NULL: it cannot be read. They are given in order. */
static inline void rig_file(struct view_rig *rig, const char *path, const char *text)
{
	struct ezlb_file *file = EZLB_PUSH(&rig->next.files);

	file->path = ezlb_strdup(path);
	if (!text) {
		file->problem = ezlb_strdup("Permission denied");
		return;
	}
	file->bytes = ezlb_strdup(text);
	file->len = strlen(text);
	file->hash = ezlb_hash(text, file->len);
}

static inline void rig_dir(struct view_rig *rig, const char *path, const char *problem)
{
	struct ezlb_dir *dir = EZLB_PUSH(&rig->next.dirs);

	dir->path = ezlb_strdup(path);
	dir->frozen = problem != NULL;
	dir->problem = problem ? ezlb_strdup(problem) : NULL;
}

/* The log is passlog's and catalog's own affair. */
static inline void rig_update(struct view_rig *rig)
{
	struct capture capture = capture_begin(STDERR_FILENO);

	ezlb_catalog_update(&rig->catalog, &rig->next);
	free(capture_end(capture));
}

static inline void rig_files(struct view_rig *rig)
{
	rig_update(rig);
	ezlb_view_files(&rig->view, &rig->catalog, &rig->next, rig->now);
	ezlb_snapshot_clear(&rig->next);
}

/* The set of one file, /d/web.yaml. */
static inline void rig_web(struct view_rig *rig, const char *text)
{
	rig_file(rig, "/d/web.yaml", text);
	rig_files(rig);
}

static inline void rig_verdict(struct view_rig *rig, const char *service, const char *backend,
			       enum ezlb_verdict verdict)
{
	struct ezlb_verdict_row key = { .verdict = verdict }, *row;

	ezlb_strcpy(key.service, sizeof(key.service), service);
	assert_int_equal(ezlb_endpoint_parse(backend, &key.backend, NULL), 0);
	row = EZLB_FIND(&rig->verdicts, &key, ezlb_verdict_row_cmp);
	if (!row)
		row = EZLB_PUSH(&rig->verdicts);
	key.outcome = verdict == EZLB_DOWN ? EZLB_PROBE_CONNECT_REFUSED : EZLB_PROBE_OK;
	*row = key;
	EZLB_SORT(&rig->verdicts, ezlb_verdict_row_cmp);
}

/* The clock that nobody sets. */
static inline uint64_t rig_clock(const struct view_rig *rig)
{
	return (uint64_t)(rig->now - rig->ahead - START_MS) + 1000;
}

/* One pass, as the daemon makes it. */
static inline bool rig_pass(struct view_rig *rig)
{
	uint64_t clock = rig_clock(rig);
	struct ezlb_pass_result result;
	struct ezlb_view_pass pass = { .catalog = &rig->catalog,
				       .verdicts = &rig->verdicts,
				       .pass = &rig->pass,
				       .result = &result,
				       .clock_ms = clock,
				       .seconds = 0.003 };
	size_t n;
	bool ok;

	ezlb_pass_plan(&rig->pass, &rig->catalog.desired, &rig->verdicts,
		       rig->catalog.n_without > 0, clock, &result);
	if (rig->pass.paced)
		ezlb_pass_fights(&rig->pass, &result.found.drift, clock, &n);
	ok = ezlb_pass_apply(&rig->pass, &result, clock);
	ezlb_view_pass(&rig->view, &pass, rig->now);
	ezlb_pass_result_clear(&result);
	return ok;
}

/* The pass that does the work, and the one that sees that it is done. */
static inline void rig_settle(struct view_rig *rig)
{
	rig_pass(rig);
	rig_pass(rig);
}

/* The caller clears. */
static inline void rig_status(const struct view_rig *rig, struct ezlb_status *out)
{
	struct ezlb_view_facts facts = rig->facts;

	facts.verdicts = rig->verdicts;
	facts.dests = rig->pass.left_known ? &rig->pass.left.dests : NULL;
	facts.now_ms = rig->now;
	facts.clock_ms = rig_clock(rig);
	ezlb_view_status(&rig->view, &rig->catalog, &facts, out);
}

static char rig_text[16384];

/* A line for each event since the last time: "-BackendDown web 10.1.0.1:80 | message". */
static inline const char *rig_events(struct view_rig *rig)
{
	size_t len = 0;

	rig_text[0] = '\0';
	while (rig->told < rig->view.events.last) {
		const struct ezlb_event *e = ezlb_events_get(&rig->view.events, ++rig->told);

		assert_non_null(e);
		assert_int_equal(e->time_ms, rig->now);
		len += (size_t)snprintf(
			rig_text + len, sizeof(rig_text) - len, "%s%s%s%s%s%s%s%s\n",
			e->level == EZLB_EVENT_WARNING ? "-" : "+", ezlb_event_type_str(e->type),
			e->service[0] ? " " : "", e->service, e->object[0] ? " " : "", e->object,
			e->message[0] ? " | " : "", e->message);
		assert_true(len < sizeof(rig_text));
	}
	return rig_text;
}

/* "Programmed=True/Programmed", of the nth service by path. */
static inline const char *rig_condition(const struct view_rig *rig, size_t i,
					enum ezlb_condition_type type)
{
	static char text[64];
	const struct ezlb_condition *condition = &rig->view.services.items[i].conditions[type];

	assert_true(i < rig->view.services.len);
	snprintf(text, sizeof(text), "%s=%s/%s", ezlb_condition_type_str(type),
		 ezlb_truth_str(condition->status), ezlb_reason_str(condition->reason));
	return text;
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)
