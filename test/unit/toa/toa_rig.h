/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layer over a kernel and a program that are made up, and what it lists as text. */
#pragma once

#undef _FORTIFY_SOURCE
#include "fake_tc.h"

#include "fake_program.h"
#include "own_clock.h"

#include <ezlb/op.h>
#include <ezlb/toa.h>

static struct ezlb_layer *layer;
static struct ezlb_err err;
static char listed[2048];

static int setup(void **state)
{
	(void)state;
	fake_init();
	fake_program_init();
	own_clock_ms = 1000 * 1000;
	err = (struct ezlb_err){ 0 };
	return ezlb_toa_open(&layer, &err);
}

static int teardown(void **state)
{
	(void)state;
	layer->close(layer);
	rmdir(program.dir);
	EZLB_VEC_CLEAR(&program.rows);
	fake_free();
	return 0;
}

/* A restart: what the kernel has stays. */
static inline void reopen(void)
{
	layer->close(layer);
	assert_int_equal(ezlb_toa_open(&layer, &err), 0);
}

/* towards("10.0.1.5 10.0.2.5"): sorted, in one word each. */
static inline void towards(const char *text)
{
	EZLB_AUTO_FREE char *copy = ezlb_strdup(text);
	struct ezlb_addrs addrs = { 0 };

	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		assert_int_equal(ezlb_addr_parse(word, EZLB_PUSH(&addrs), NULL), 0);
	layer->towards(layer, &addrs);
	EZLB_VEC_CLEAR(&addrs);
}

static inline void say_table(const struct ezlb_table *table)
{
	char text[EZLB_SERVICE_KEY_STRLEN];

	listed[0] = '\0';
	ezlb_strcatf(listed, sizeof(listed), "%s%s%s%s", table->toa_present ? "present" : "absent",
		     table->toa_sound ? " sound" : "", table->toa_problem[0] ? ": " : "",
		     table->toa_problem);
	for (size_t i = 0; i < table->toas.len; i++)
		ezlb_strcatf(listed, sizeof(listed), "\n%s %s",
			     ezlb_service_key_format(&table->toas.items[i].service, text),
			     ezlb_toa_mode_str(table->toas.items[i].mode));
	for (size_t i = 0; i < table->hooks.len; i++) {
		assert_true(table->hooks.items[i].qdisc);
		ezlb_strcatf(listed, sizeof(listed), "\nhook %s", table->hooks.items[i].device);
	}
	for (size_t i = 0; i < table->routes.len; i++)
		ezlb_strcatf(listed, sizeof(listed), "\n%s by %s%s%s",
			     ezlb_addr_format(&table->routes.items[i].to, text),
			     table->routes.items[i].device,
			     table->routes.items[i].qdisc ? " clsact" : "",
			     table->routes.items[i].ingress ? " ingress" : "");
}

static int list_rc(void)
{
	struct ezlb_table table = { .snat_wanted = false };
	int rc;

	err = (struct ezlb_err){ 0 };
	rc = layer->list(layer, NULL, &table, &err);
	assert_int_equal(err.code, -rc);
	say_table(&table);
	ezlb_table_clear(&table);
	return rc;
}

#define LIST(want)                                 \
	do {                                       \
		assert_int_equal(list_rc(), 0);    \
		assert_string_equal(listed, want); \
	} while (0)

static inline uint64_t peek(void)
{
	uint64_t print = 0;

	assert_int_equal(layer->peek(layer, NULL, &print), 0);
	return print;
}

static int apply_one(struct ezlb_op *op)
{
	op->rc = EZLB_PENDING;
	assert_int_equal(layer->apply(layer, (struct ezlb_op *[]){ op }, 1, NULL), 0);
	return op->rc;
}

static inline int do_frame(enum ezlb_op_kind kind)
{
	return apply_one(&(struct ezlb_op){ .kind = kind });
}

static inline int do_hook(enum ezlb_op_kind kind, const char *device, bool qdisc)
{
	struct ezlb_op op = { .kind = kind, .hook.qdisc = qdisc };

	ezlb_strcpy(op.hook.device, sizeof(op.hook.device), device);
	return apply_one(&op);
}

static inline int do_row(enum ezlb_op_kind kind, const char *listen, enum ezlb_toa_mode mode)
{
	struct ezlb_op op = { .kind = kind, .toa = { .service.proto = EZLB_TCP, .mode = mode } };

	assert_int_equal(ezlb_endpoint_parse(listen, &op.toa.service.listen, NULL), 0);
	return apply_one(&op);
}

static const struct fake_filter ours_100 = FILTER(0xe21b, 3617, 0x0300, 500, 0, "ezlb_toa");
static const struct fake_filter foreign = FILTER(1, 7, 0x0300, 12, 0, "foreign");

/* The program is pinned, and attached to eth0. */
static inline void begin_attached(void)
{
	pin(500, true);
	fake.links[1].qdisc = "clsact";
	fake_add(1, &ours_100);
}

/* A notification about what is there. */
static inline void tell_link(uint16_t type, const struct fake_link *link)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };

	fake_link_msg(&buf, type, link);
	fake_push(&events, &buf);
}

static inline void tell_qdisc(uint16_t type, int index, const char *kind, uint32_t parent)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };

	fake_qdisc_msg(&buf, type, index, kind, parent);
	fake_push(&events, &buf);
}

static inline void tell_filter(uint16_t type, int index, const struct fake_filter *filter)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };

	fake_filter_msg(&buf, type, index, filter, true);
	fake_push(&events, &buf);
}

static inline void tell_route(uint16_t type, const struct fake_route *route)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };

	fake_route_msg(&buf, type, route);
	fake_push(&events, &buf);
}

/* One that needs no content: of a rule, an address, a chain. */
static inline void tell(uint16_t type)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };

	ezlb_nl_msg_start(&buf, type, 0);
	ezlb_nl_msg_end(&buf);
	fake_push(&events, &buf);
}
