/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pass_rig: passes over the in-memory data plane, with a ledger in the temporary directory. */
#pragma once

#include "fixture.h"

#include <ezlb/pass.h>

#include "faulty.h"
#include "specs.h"

#define WEB "web tcp 10.0.0.1:80 snat=10.0.0.3 10.1.0.1:80"
#define API "api tcp 10.0.0.2:80 snat=masq 10.1.0.2:80"
#define DNS "dns udp 10.0.0.1:53 10.1.0.1:53"

/* A process and its kernel. The kernel outlives it, as the ledger in the directory does. */
struct rig {
	struct faulty *memory;
	struct ezlb_pass pass;
	struct ezlb_pass_result result;
	struct text ledger_at_step; /* the file when the kernel was touched first, and last */
	unsigned steps;
	uint64_t now;
};

static inline struct text ledger_file(void)
{
	char *file = slurp("ledger");
	struct text out = { "" };
	size_t len = 0;

	for (char *save = NULL, *line = file ? strtok_r(file, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, "service ", 8) == 0)
			len += (size_t)snprintf(out.s + len, sizeof(out.s) - len, "%s%s",
						len ? ", " : "", line + 8);
	free(file);
	return out;
}

static inline void on_step(void *arg, const struct ezlb_op *op)
{
	struct rig *rig = arg;
	struct text now = ledger_file();

	(void)op;
	if (rig->steps++ == 0)
		rig->ledger_at_step = now;
	assert_string_equal(now.s, rig->ledger_at_step.s);
}

static inline void start(struct rig *rig)
{
	struct ezlb_pass *pass = &rig->pass;

	*pass = (struct ezlb_pass){ .ledger = { .path = NULL } };
	faulty_dataplane(rig->memory, &pass->dp);
	assert_int_equal(ezlb_ledger_open(&pass->ledger, top, NULL), 0);
	for (size_t i = 0; i < pass->ledger.content.services.len; i++)
		*EZLB_PUSH(&pass->unclaimed) = pass->ledger.content.services.items[i];
}

static inline void stop(struct rig *rig)
{
	ezlb_pass_result_clear(&rig->result);
	ezlb_pass_clear(&rig->pass);
}

/* The process is killed and comes back: nothing but the kernel and the file is left. */
static inline void restart(struct rig *rig)
{
	stop(rig);
	*rig = (struct rig){ .memory = rig->memory };
	start(rig);
	faulty_on_step(rig->memory, on_step, rig);
}

static inline struct rig rig_open(void)
{
	struct rig rig = { .memory = faulty_new() };

	start(&rig);
	return rig;
}

static inline void rig_close(struct rig *rig)
{
	stop(rig);
	faulty_free(rig->memory);
}

/* One pass towards the services, which have ';' between them. */
static inline bool pass(struct rig *rig, const char *services, bool refused)
{
	EZLB_AUTO_FREE char *copy = ezlb_strdup(services);
	const struct ezlb_verdicts verdicts = { 0 };
	struct ezlb_spec *specs[8];
	struct ezlb_desired desired = { 0 };
	size_t n = 0;
	bool ok;

	for (char *save = NULL, *one = strtok_r(copy, ";", &save); one;
	     one = strtok_r(NULL, ";", &save)) {
		specs[n] = spec_of("x.yaml", one);
		*EZLB_PUSH(&desired) = specs[n++];
	}
	ezlb_pass_result_clear(&rig->result);
	rig->steps = 0;
	faulty_on_step(rig->memory, on_step, rig);
	ezlb_pass_plan(&rig->pass, &desired, &verdicts, refused, rig->now, &rig->result);
	ok = ezlb_pass_apply(&rig->pass, &rig->result, rig->now);
	assert_int_equal(ok, ezlb_pass_ok(&rig->result));
	for (size_t i = 0; i < n; i++)
		ezlb_spec_free(specs[i]);
	EZLB_VEC_CLEAR(&desired);
	return ok;
}

static inline bool cleanup(struct rig *rig)
{
	ezlb_pass_result_clear(&rig->result);
	rig->steps = 0;
	return ezlb_pass_cleanup(&rig->pass, &rig->result);
}

/* "tcp 10.0.0.1:80 -> 10.1.0.1:80, snat 10.1.0.1:80" */
static inline struct text kernel(const struct rig *rig)
{
	struct ezlb_table *table = faulty_table(rig->memory);
	char service[EZLB_SERVICE_KEY_STRLEN], backend[EZLB_ENDPOINT_STRLEN];
	struct text out = { "" };
	size_t len = 0;

	ezlb_table_sort(table);
	for (size_t i = 0; i < table->services.len; i++) {
		const struct ezlb_service_key *key = &table->services.items[i].key;

		len += (size_t)snprintf(out.s + len, sizeof(out.s) - len, "%s%s", len ? ", " : "",
					ezlb_service_key_format(key, service));
		for (size_t k = 0; k < table->dests.len; k++) {
			const struct ezlb_dest_row *dest = &table->dests.items[k];

			if (ezlb_service_key_cmp(&dest->service, key) != 0)
				continue;
			ezlb_endpoint_format(&dest->endpoint, backend);
			len += (size_t)snprintf(out.s + len, sizeof(out.s) - len, " -> %s",
						backend);
		}
	}
	for (size_t i = 0; i < table->snats.len; i++) {
		ezlb_endpoint_format(&table->snats.items[i].key.endpoint, backend);
		len += (size_t)snprintf(out.s + len, sizeof(out.s) - len, "%ssnat %s",
					len ? ", " : "", backend);
	}
	return out;
}

/* As somebody else with ipvsadm. */
static inline void add_foreign(const struct rig *rig, const char *service, const char *backend)
{
	struct ezlb_table *table = faulty_table(rig->memory);
	struct ezlb_service_row *row = EZLB_PUSH(&table->services);
	struct ezlb_dest_row *dest = EZLB_PUSH(&table->dests);

	row->key = dest->service = key_of(service);
	ezlb_strcpy(row->scheduler, sizeof(row->scheduler), "rr");
	assert_int_equal(ezlb_endpoint_parse(backend, &dest->endpoint, NULL), 0);
	dest->weight = 7;
}

#define WEB_ROWS "tcp 10.0.0.1:80 -> 10.1.0.1:80"
#define API_ROWS "tcp 10.0.0.2:80 -> 10.1.0.2:80"
#define FOREIGN	 "tcp 10.9.0.1:80 -> 10.9.1.1:80"

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)
