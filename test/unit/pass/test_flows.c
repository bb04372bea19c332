// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "flows.h"

static struct ezlb_endpoint ep(const char *text)
{
	struct ezlb_endpoint out;

	assert_int_equal(ezlb_endpoint_parse(text, &out, NULL), 0);
	return out;
}

static struct ezlb_dest_row dest(enum ezlb_proto proto, const char *listen, const char *backend)
{
	return (struct ezlb_dest_row){ .service = { proto, ep(listen) }, .endpoint = ep(backend) };
}

/* For a range of ports: see range_row. The others are a mark of a file, and a range of tcp. */
#define RANGE	  7
#define FILE_MARK 8
#define TCP_RANGE 9

static struct ezlb_service_key mark_key(uint32_t mark)
{
	struct ezlb_service_key key = { .fwmark = mark };

	key.listen.addr.family = ep("10.0.0.1:1").addr.family;
	return key;
}

static struct ezlb_mark_row range_row(uint32_t mark, enum ezlb_proto proto)
{
	return (struct ezlb_mark_row){ .service = mark_key(mark),
				       .proto = proto,
				       .first = ep("10.0.0.4:5000"),
				       .last_port = 5100 };
}

static struct ezlb_dest_row mark_dest(uint32_t mark, const char *backend)
{
	struct ezlb_dest_row row = { .service = mark_key(mark), .endpoint = ep(backend) };

	row.endpoint.port = 0; /* the client's */
	return row;
}

/*
 * Two services of udp share a backend; one dest is not NATed, and one is tcp. And three services
 * with a mark.
 */
static struct ezlb_table kernel(void)
{
	struct ezlb_table table = { .snat_wanted = false };

	*EZLB_PUSH(&table.dests) = dest(EZLB_TCP, "10.0.0.1:53", "10.1.0.1:53");
	*EZLB_PUSH(&table.dests) = dest(EZLB_UDP, "10.0.0.1:53", "10.1.0.1:53");
	*EZLB_PUSH(&table.dests) = dest(EZLB_UDP, "10.0.0.1:53", "10.1.0.2:53");
	*EZLB_PUSH(&table.dests) = dest(EZLB_UDP, "10.0.0.2:53", "10.1.0.1:53");
	*EZLB_PUSH(&table.dests) = dest(EZLB_UDP, "10.0.0.3:53", "10.1.0.1:53");
	table.dests.items[4].forward = EZLB_DIRECT;
	for (uint32_t mark = RANGE; mark <= TCP_RANGE; mark++)
		*EZLB_PUSH(&table.dests) = mark_dest(mark, "10.1.0.4:1");
	*EZLB_PUSH(&table.marks) = range_row(RANGE, EZLB_UDP);
	*EZLB_PUSH(&table.marks) = range_row(TCP_RANGE, EZLB_TCP);
	return table;
}

static void add_op(struct ezlb_plan *plan, enum ezlb_op_kind kind, enum ezlb_proto proto,
		   const char *first, const char *second)
{
	struct ezlb_op *op = ezlb_plan_add(plan, kind);

	op->rc = 0;
	if (second)
		op->dest = dest(proto, first, second);
	else
		op->snat = (struct ezlb_snat_row){ .key.proto = proto, .key.endpoint = ep(first) };
}

#define LISTEN_STRLEN (EZLB_ENDPOINT_STRLEN + 8)
static const char *listen_text(const struct ezlb_flow *flow, char buf[LISTEN_STRLEN])
{
	char listen[EZLB_ENDPOINT_STRLEN];

	ezlb_endpoint_format(&flow->listen, listen);
	if (flow->last_port)
		snprintf(buf, LISTEN_STRLEN, "%s-%d", listen, flow->last_port);
	else
		snprintf(buf, LISTEN_STRLEN, "%s", listen);
	return buf;
}

static struct text flows_text(const struct ezlb_flows *flows)
{
	struct text out = { "" };
	char a[LISTEN_STRLEN], b[EZLB_ENDPOINT_STRLEN];
	FILE *f = fmemopen(out.s, sizeof(out.s), "w");

	for (size_t i = 0; i < flows->len; i++) {
		assert_int_equal(flows->items[i].proto, EZLB_UDP);
		fprintf(f, "%s%s -> %s", i ? ", " : "", listen_text(&flows->items[i], a),
			ezlb_endpoint_format(&flows->items[i].backend, b));
	}
	fclose(f);
	return out;
}

static const struct {
	const char *name;
	enum ezlb_op_kind kind;
	enum ezlb_proto proto;
	const char *first, *second;
	int rc;
	bool listener; /* the key of a SNAT row is one */
	const char *want;
} rows[] = {
	{ "a dest is gone", EZLB_OP_DEST_DEL, EZLB_UDP, "10.0.0.1:53", "10.1.0.1:53", 0, false,
	  "10.0.0.1:53 -> 10.1.0.1:53" },
	{ "tcp ends by itself", EZLB_OP_DEST_DEL, EZLB_TCP, "10.0.0.1:53", "10.1.0.1:53", 0, false,
	  "" },
	{ "so does sctp", EZLB_OP_DEST_DEL, EZLB_SCTP, "10.0.0.1:53", "10.1.0.1:53", 0, false, "" },
	{ "it could not be removed", EZLB_OP_DEST_DEL, EZLB_UDP, "10.0.0.1:53", "10.1.0.1:53", -EIO,
	  false, "" },
	{ "it waits", EZLB_OP_DEST_DEL, EZLB_UDP, "10.0.0.1:53", "10.1.0.1:53", EZLB_HELD, false,
	  "" },
	{ "a dest is new", EZLB_OP_DEST_ADD, EZLB_UDP, "10.0.0.1:53", "10.1.0.1:53", 0, false, "" },
	{ "another weight", EZLB_OP_DEST_SET, EZLB_UDP, "10.0.0.1:53", "10.1.0.1:53", 0, false,
	  "" },
	{ "a backend's rule is set", EZLB_OP_SNAT_SET, EZLB_UDP, "10.1.0.1:53", NULL, 0, false,
	  "10.0.0.1:53 -> 10.1.0.1:53, 10.0.0.2:53 -> 10.1.0.1:53" },
	{ "a backend's rule is new", EZLB_OP_SNAT_ADD, EZLB_UDP, "10.1.0.2:53", NULL, 0, false,
	  "10.0.0.1:53 -> 10.1.0.2:53" },
	{ "a backend's rule is gone", EZLB_OP_SNAT_DEL, EZLB_UDP, "10.1.0.2:53", NULL, 0, false,
	  "10.0.0.1:53 -> 10.1.0.2:53" },
	{ "a rule of tcp", EZLB_OP_SNAT_SET, EZLB_TCP, "10.1.0.1:53", NULL, 0, false, "" },
	{ "a rule that could not be set", EZLB_OP_SNAT_SET, EZLB_UDP, "10.1.0.1:53", NULL, -EIO,
	  false, "" },
	{ "a rule that no dest has used", EZLB_OP_SNAT_ADD, EZLB_UDP, "10.1.0.9:53", NULL, 0, false,
	  "" },
	{ "a listener's rule", EZLB_OP_SNAT_SET, EZLB_UDP, "10.0.0.1:53", NULL, 0, true,
	  "10.0.0.1:53 -> 10.1.0.1:53, 10.0.0.1:53 -> 10.1.0.2:53" },
	{ "a listener is no backend", EZLB_OP_SNAT_SET, EZLB_UDP, "10.0.0.1:53", NULL, 0, false,
	  "" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_table actual = kernel();
		struct ezlb_plan plan = { 0 };
		struct ezlb_flows flows = { 0 };

		add_op(&plan, rows[i].kind, rows[i].proto, rows[i].first, rows[i].second);
		if (rows[i].listener)
			plan.items[0].snat.key.kind = EZLB_SNAT_KEY_LISTENER;
		plan.items[0].rc = rows[i].rc;
		flows_of(&plan, &actual, &flows);
		if (strcmp(flows_text(&flows).s, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].name, flows_text(&flows).s);
		EZLB_VEC_CLEAR(&flows);
		ezlb_plan_clear(&plan);
		ezlb_table_clear(&actual);
	}
}

static void test_each_once(void **state)
{
	struct ezlb_table actual = kernel();
	struct ezlb_plan plan = { 0 };
	struct ezlb_flows flows = { 0 };

	(void)state;
	add_op(&plan, EZLB_OP_SNAT_SET, EZLB_UDP, "10.1.0.1:53", NULL);
	add_op(&plan, EZLB_OP_DEST_DEL, EZLB_UDP, "10.0.0.2:53", "10.1.0.1:53");
	add_op(&plan, EZLB_OP_SNAT_DEL, EZLB_UDP, "10.1.0.1:53", NULL);
	flows_of(&plan, &actual, &flows);
	assert_string_equal(flows_text(&flows).s,
			    "10.0.0.1:53 -> 10.1.0.1:53, 10.0.0.2:53 -> 10.1.0.1:53");
	EZLB_VEC_CLEAR(&flows);
	ezlb_plan_clear(&plan);
	ezlb_table_clear(&actual);
}

static void test_rows_of_marks(void **state)
{
	static const struct {
		const char *name;
		enum ezlb_op_kind kind;
		uint32_t mark;
		const char *want;
	} marks[] = {
		{ "a dest of a range", EZLB_OP_DEST_DEL, RANGE, "10.0.0.4:5000-5100 -> 10.1.0.4" },
		{ "a rule of a range", EZLB_OP_SNAT_SET, RANGE, "10.0.0.4:5000-5100 -> 10.1.0.4" },
		{ "a dest of a mark", EZLB_OP_DEST_DEL, FILE_MARK, "" },
		{ "a dest of a range of tcp", EZLB_OP_DEST_DEL, TCP_RANGE, "" },
		{ "a rule of a range of tcp", EZLB_OP_SNAT_SET, TCP_RANGE, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(marks); i++) {
		struct ezlb_table actual = kernel();
		struct ezlb_plan plan = { 0 };
		struct ezlb_flows flows = { 0 };
		struct ezlb_op *op = ezlb_plan_add(&plan, marks[i].kind);
		const struct ezlb_dest_row row = mark_dest(marks[i].mark, "10.1.0.4:1");

		op->rc = 0;
		if (marks[i].kind == EZLB_OP_DEST_DEL)
			op->dest = row;
		else
			op->snat.key = ezlb_snat_key_of(EZLB_SNAT_KEY_LISTENER, &row.service, NULL);
		flows_of(&plan, &actual, &flows);
		if (strcmp(flows_text(&flows).s, marks[i].want) != 0)
			fail_msg("%s: %s", marks[i].name, flows_text(&flows).s);
		EZLB_VEC_CLEAR(&flows);
		ezlb_plan_clear(&plan);
		ezlb_table_clear(&actual);
	}
}

/* --- flows without FullNAT ------------------------------------------------------------------ */

static struct ezlb_addr_range range(const char *text)
{
	struct ezlb_addr_range out;

	memset(&out, 0, sizeof(out));
	if (*text)
		assert_int_equal(ezlb_range_parse(text, &out, NULL), 0);
	return out;
}

static void want_row(struct ezlb_table *table, struct ezlb_dest_row row,
		     enum ezlb_snat_key_kind kind, const char *snat)
{
	struct ezlb_service_row service = { .key = row.service };

	row.full_nat = snat != NULL;
	*EZLB_PUSH(&table->dests) = row;
	*EZLB_PUSH(&table->services) = service;
	if (snat)
		*EZLB_PUSH(&table->snats) = (struct ezlb_snat_row){
			.key = ezlb_snat_key_of(kind, &row.service, &row.endpoint),
			.to = range(snat)
		};
}

static void want(struct ezlb_table *table, enum ezlb_proto proto, const char *listen,
		 const char *backend, enum ezlb_snat_key_kind kind, const char *snat)
{
	want_row(table, dest(proto, listen, backend), kind, snat);
}

/*
 * 10.0.0.1 has a snat_ip, 10.0.0.2 MASQUERADE, 10.0.0.3 no full_nat; and tcp. Then a range of
 * 10.0.0.4, a mark of a file, and a range of tcp.
 */
static void want_services(struct ezlb_table *table, enum ezlb_snat_key_kind kind)
{
	want(table, EZLB_UDP, "10.0.0.1:53", "10.1.0.1:53", kind, "10.9.0.1-10.9.0.4");
	want(table, EZLB_UDP, "10.0.0.2:53", "10.1.0.2:53", kind, "");
	want(table, EZLB_UDP, "10.0.0.3:53", "10.1.0.3:53", kind, NULL);
	want(table, EZLB_TCP, "10.0.0.5:53", "10.1.0.5:53", kind, "10.9.0.1");
	for (uint32_t mark = RANGE; mark <= TCP_RANGE; mark++)
		want_row(table, mark_dest(mark, "10.1.0.4:1"), kind, "10.9.0.5");
	*EZLB_PUSH(&table->marks) = range_row(RANGE, EZLB_UDP);
	*EZLB_PUSH(&table->marks) = range_row(TCP_RANGE, EZLB_TCP);
	ezlb_table_sort(table);
}

static struct text untranslated_text(const struct ezlb_flows *flows)
{
	struct text out = { "" };
	char a[LISTEN_STRLEN], b[EZLB_RANGE_STRLEN];
	FILE *f = fmemopen(out.s, sizeof(out.s), "w");

	for (size_t i = 0; i < flows->len; i++) {
		const struct ezlb_flow *flow = &flows->items[i];

		assert_int_equal(flow->proto, EZLB_UDP);
		assert_true(flow->untranslated);
		fprintf(f, "%s%s to %s", i ? ", " : "", listen_text(flow, a),
			flow->source.first.family ? ezlb_range_format(&flow->source, b) : "masq");
	}
	fclose(f);
	return out;
}

#define RANGES "10.0.0.4:5000-5100 to 10.9.0.5"
#define ALL    "10.0.0.1:53 to 10.9.0.1-10.9.0.4, 10.0.0.2:53 to masq, " RANGES

static const struct {
	const char *name, *known;
	enum ezlb_op_kind kind; /* EZLB_OPS: none */
	const char *first;	/* a service, or a backend of a SNAT row */
	enum ezlb_setting setting;
	int rc;
	const char *want; /* NULL: only with a rule for each listener */
} starts[] = {
	{ "the first pass", "", EZLB_OPS, NULL, 0, 0, ALL },
	{ "nothing is new", "1 2 4", EZLB_OPS, NULL, 0, 0, "" },
	{ "full_nat is new", "1 4", EZLB_OPS, NULL, 0, 0, "10.0.0.2:53 to masq" },
	{ "a range is new", "1 2", EZLB_OPS, NULL, 0, 0, RANGES },
	{ "the mark of a range is set", "1 2 4", EZLB_OP_MARK_ADD, NULL, 0, 0, RANGES },
	{ "it could not be set", "1 2 4", EZLB_OP_MARK_ADD, NULL, 0, -EIO, "" },
	{ "a service is added again", "1 2 4", EZLB_OP_SERVICE_ADD, "10.0.0.2:53", 0, 0,
	  "10.0.0.2:53 to masq" },
	{ "it could not be added", "1 2 4", EZLB_OP_SERVICE_ADD, "10.0.0.2:53", 0, -EIO, "" },
	{ "another is added", "1 2 4", EZLB_OP_SERVICE_ADD, "10.0.0.3:53", 0, 0, "" },
	{ "a service is changed", "1 2 4", EZLB_OP_SERVICE_SET, "10.0.0.2:53", 0, 0, "" },
	{ "the rules are repaired", "1 2 4", EZLB_OP_SNAT_SETUP, NULL, 0, 0, ALL },
	{ "they could not be", "1 2 4", EZLB_OP_SNAT_SETUP, NULL, 0, -EIO, "" },
	{ "a rule is added", "1 2 4", EZLB_OP_SNAT_ADD, "10.0.0.2:53", 0, 0,
	  "10.0.0.2:53 to masq" },
	{ "with its dest", "1 2 4", EZLB_OP_SNAT_ADD, "10.0.0.1:53", 0, 0, NULL },
	{ "it could not be added", "1 2 4", EZLB_OP_SNAT_ADD, "10.0.0.2:53", 0, -EIO, "" },
	{ "a rule of another service", "1 2 4", EZLB_OP_SNAT_ADD, "10.0.0.9:53", 0, 0, "" },
	{ "a rule is removed", "1 2 4", EZLB_OP_SNAT_DEL, "10.1.0.9:53", 0, 0, "" },
	{ "conntrack", "1 2 4", EZLB_OP_HOST_SET, NULL, EZLB_VS_CONNTRACK, 0, ALL },
	{ "forwarding", "1 2 4", EZLB_OP_HOST_SET, NULL, EZLB_IP_FORWARD, 0, ALL },
	{ "a read-only host", "1 2 4", EZLB_OP_HOST_SET, NULL, EZLB_VS_CONNTRACK, -EROFS, "" },
	{ "another setting", "1 2 4", EZLB_OP_HOST_SET, NULL, EZLB_ARP_IGNORE, 0, "" },
	{ "a dest", "1 2 4", EZLB_OP_DEST_ADD, "10.0.0.1:53", 0, 0, "" },
};

/* Of the service with this listener, and its backend. */
static struct ezlb_snat_key snat_key(enum ezlb_snat_key_kind kind, const char *listen)
{
	struct ezlb_endpoint at = ep(listen);

	if (kind == EZLB_SNAT_KEY_BACKEND)
		at.addr.bytes[1] = 1; /* 10.1.0.1:53 */
	return (struct ezlb_snat_key){ .kind = kind, .proto = EZLB_UDP, .endpoint = at };
}

static void add_start(struct ezlb_plan *plan, size_t i, enum ezlb_snat_key_kind kind)
{
	struct ezlb_op *op;

	if (starts[i].kind == EZLB_OPS)
		return;
	op = ezlb_plan_add(plan, starts[i].kind);
	op->rc = starts[i].rc;
	if (starts[i].kind == EZLB_OP_MARK_ADD)
		op->mark = range_row(RANGE, EZLB_UDP);
	else if (starts[i].kind == EZLB_OP_HOST_SET)
		op->setting.setting = starts[i].setting;
	else if (ezlb_op_object(starts[i].kind) == EZLB_OBJECT_SNAT)
		op->snat.key = snat_key(kind, starts[i].first);
	else if (ezlb_op_object(starts[i].kind) == EZLB_OBJECT_DEST)
		op->dest = dest(EZLB_UDP, starts[i].first, "10.1.0.1:53");
	else if (starts[i].first)
		op->service.key = (struct ezlb_service_key){ .proto = EZLB_UDP,
							     .listen = ep(starts[i].first) };
}

static void try_start(size_t i, enum ezlb_snat_key_kind kind)
{
	struct ezlb_layer snat = { .snat_key = kind };
	struct ezlb_pass pass = { .dp.layer[EZLB_LAYER_SNAT] = &snat };
	struct ezlb_pass_result result = { .outcome = { .flows = 0 } };
	struct ezlb_flows flows = { 0 };
	struct ezlb_scope known = { 0 }, fresh = { 0 };
	const char *want_text = starts[i].want;

	want_services(&result.plan.target, kind);
	for (const char *at = starts[i].known; *at; at++)
		if (*at == '1' || *at == '2')
			*EZLB_PUSH(&pass.translated) = (struct ezlb_service_key){
				.proto = EZLB_UDP,
				.listen = ep(*at == '1' ? "10.0.0.1:53" : "10.0.0.2:53")
			};
	if (strchr(starts[i].known, '4'))
		*EZLB_PUSH(&pass.translated) = mark_key(RANGE);
	*EZLB_PUSH(&result.found.actual.dests) = dest(EZLB_UDP, "10.0.0.2:53", "10.1.0.2:53");
	add_start(&result.plan.ops, i, kind);
	flows_untranslated(&pass, &result, &known, &fresh, &flows);
	if (!want_text)
		want_text = kind == EZLB_SNAT_KEY_BACKEND ? "" : "10.0.0.1:53 to 10.9.0.1-10.9.0.4";
	if (strcmp(untranslated_text(&flows).s, want_text) != 0)
		fail_msg("%s: %s", starts[i].name, untranslated_text(&flows).s);
	assert_int_equal(known.len, 3);
	assert_int_equal(fresh.len, flows.len);
	assert_int_equal(known.items[1].listen.addr.bytes[3], 2);
	EZLB_VEC_CLEAR(&flows);
	EZLB_VEC_CLEAR(&known);
	EZLB_VEC_CLEAR(&fresh);
	EZLB_VEC_CLEAR(&pass.translated);
	ezlb_pass_result_clear(&result);
}

static void test_untranslated(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(starts); i++) {
		try_start(i, EZLB_SNAT_KEY_BACKEND);
		try_start(i, EZLB_SNAT_KEY_LISTENER);
	}
}

/* With a rule for each backend there is none, and no packet to translate, without a backend. */
static void test_untranslated_without_backends(void **state)
{
	struct ezlb_layer snat = { .snat_key = EZLB_SNAT_KEY_BACKEND };
	struct ezlb_pass pass = { .dp.layer[EZLB_LAYER_SNAT] = &snat };
	struct ezlb_pass_result result = { .outcome = { .flows = 0 } };
	struct ezlb_flows flows = { 0 };
	struct ezlb_scope known = { 0 }, fresh = { 0 };

	(void)state;
	want_services(&result.plan.target, EZLB_SNAT_KEY_BACKEND);
	result.plan.target.dests.len = 0;
	flows_untranslated(&pass, &result, &known, &fresh, &flows);
	assert_int_equal(flows.len, 0);
	assert_int_equal(known.len, 0); /* they are looked at when they have one */
	ezlb_pass_result_clear(&result);
}

static const struct {
	const char *name;
	enum ezlb_op_kind kind;
	enum ezlb_setting setting;
	enum ezlb_forward was;
	int rc;
	const char *want;
} olds[] = {
	{ "conntrack", EZLB_OP_HOST_SET, EZLB_VS_CONNTRACK, 0, 0,
	  "10.0.0.1:53 -> 10.1.0.1:53, 0.0.0.0 -> 10.1.0.4" }, /* of the range */
	{ "a read-only host", EZLB_OP_HOST_SET, EZLB_VS_CONNTRACK, 0, -EROFS, "" },
	{ "forwarding", EZLB_OP_HOST_SET, EZLB_IP_FORWARD, 0, 0, "" },
	{ "was a tunnel", EZLB_OP_DEST_SET, 0, EZLB_TUNNEL, 0, "10.0.0.3:53 -> 10.1.0.3:53" },
	{ "could not be changed", EZLB_OP_DEST_SET, 0, EZLB_TUNNEL, -EIO, "" },
	{ "another weight", EZLB_OP_DEST_SET, 0, EZLB_MASQ, 0, "" },
};

static void test_old_dests(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(olds); i++) {
		struct ezlb_pass_result result = { .outcome = { .flows = 0 } };
		struct ezlb_flows flows = { 0 };
		struct ezlb_dests dests = { 0 };
		struct ezlb_op *op;

		want_services(&result.plan.target, EZLB_SNAT_KEY_BACKEND);
		EZLB_VEC_APPEND(&result.found.actual.dests, &result.plan.target.dests);
		EZLB_VEC_KEEP(&result.found.actual.dests, k,
			      result.found.actual.dests.items[k].endpoint.addr.bytes[3] != 2);
		op = ezlb_plan_add(&result.plan.ops, olds[i].kind);
		op->rc = olds[i].rc;
		if (olds[i].kind == EZLB_OP_HOST_SET) {
			op->setting.setting = olds[i].setting;
		} else {
			op->dest = op->old_dest = dest(EZLB_UDP, "10.0.0.3:53", "10.1.0.3:53");
			op->old_dest.forward = olds[i].was;
		}
		flows_old_dests(&result, &dests);
		for (size_t k = 0; k < dests.len; k++)
			*EZLB_PUSH(&flows) = (struct ezlb_flow){
				.proto = EZLB_UDP,
				.listen = dests.items[k].service.listen,
				.backend = dests.items[k].endpoint,
			};
		if (strcmp(flows_text(&flows).s, olds[i].want) != 0)
			fail_msg("%s: %s", olds[i].name, flows_text(&flows).s);
		EZLB_VEC_CLEAR(&flows);
		EZLB_VEC_CLEAR(&dests);
		ezlb_pass_result_clear(&result);
	}
}

/* --- the end of a pass ----------------------------------------------------------------------- */

static int end_rc;
static struct text ended;
static size_t n_looked_for; /* flows without FullNAT */
static struct ezlb_addr_range source;

static int end_flows(const struct ezlb_flows *flows, size_t *n, struct ezlb_err *err)
{
	struct ezlb_flows deleted = { 0 };

	n_looked_for = 0;
	for (size_t i = 0; i < flows->len; i++)
		if (flows->items[i].untranslated) {
			n_looked_for++;
			source = flows->items[i].source;
		} else {
			*EZLB_PUSH(&deleted) = flows->items[i];
		}
	EZLB_SORT(&deleted, ezlb_flow_cmp);
	ended = flows_text(&deleted);
	EZLB_VEC_CLEAR(&deleted);
	*n = flows->len * 3;
	return end_rc ? ezlb_err_set(err, -end_rc, "no such luck") : 0;
}

static void test_end(void **state)
{
	static const struct {
		int rc, code;
	} ends[] = { { 0, 0 }, { -EPERM, EPERM }, { -ETIMEDOUT, ETIMEDOUT }, { -ENOPROTOOPT, 0 } };
	struct ezlb_layer snat = { .snat_key = EZLB_SNAT_KEY_BACKEND };
	struct ezlb_pass pass = { .dp.layer[EZLB_LAYER_SNAT] = &snat };
	struct ezlb_pass_result result = { .outcome = { .flows = 0 } };

	(void)state;
	add_op(&result.plan.ops, EZLB_OP_DEST_DEL, EZLB_UDP, "10.0.0.1:53", "10.1.0.1:53");
	flows_end(&pass, &result, 0); /* there is nothing that could have flows */
	assert_int_equal(result.outcome.flows, 0);
	pass.end_flows = end_flows;
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		end_rc = ends[i].rc;
		result.outcome.flows_err.code = 0;
		flows_end(&pass, &result, 0);
		assert_string_equal(ended.s, "10.0.0.1:53 -> 10.1.0.1:53");
		assert_int_equal(result.outcome.flows, 3);
		assert_int_equal(result.outcome.flows_err.code, ends[i].code);
	}
	EZLB_VEC_CLEAR(&pass.late.flows);
	ezlb_pass_result_clear(&result);
}

#define OLD  "10.0.0.1:53 -> 10.1.0.1:53"
#define NEW  "10.0.0.1:53 -> 10.1.0.2:53"
#define LATE 30000 /* ms until the next try */

/* A dest that this pass has deleted, the time, and what conntrack then answers. */
static const struct {
	const char *name;
	int deleted; /* last digit of the backend's address, 0: none */
	uint64_t now;
	int rc;
	const char *want;
	size_t want_looked_for;
	int want_code;
} later[] = {
	{ "it fails", 1, 1000, -ETIMEDOUT, OLD, 1, ETIMEDOUT },
	{ "no pass tries soon", 0, 1001, 0, "", 0, ETIMEDOUT },
	{ "nor a bit later", 0, 999 + LATE, 0, "", 0, ETIMEDOUT },
	{ "new flows do not wait", 2, 999 + LATE, 0, NEW, 0, ETIMEDOUT },
	{ "then one tries", 0, 1000 + LATE, -EAGAIN, OLD, 1, EAGAIN },
	{ "new flows that fail", 2, 2000 + LATE, -EMFILE, NEW, 0, EMFILE },
	{ "do not put it off", 0, 1000 + 2 * LATE, 0, OLD ", " NEW, 1, 0 },
	{ "done", 0, 1000 + 3 * LATE, 0, "", 0, 0 },
	{ "it fails again", 1, 2000 + 3 * LATE, -EPERM, OLD, 0, EPERM },
	{ "a kernel without conntrack", 0, 2000 + 4 * LATE, -ENOPROTOOPT, OLD, 0, 0 },
	{ "has no flows", 0, 2000 + 5 * LATE, 0, "", 0, 0 },
	{ "what takes no time", 1, 2000 + 6 * LATE, -EMFILE, OLD, 0, EMFILE },
	{ "waits a second", 0, 2999 + 6 * LATE, 0, "", 0, EMFILE },
	{ "and not more", 0, 3000 + 6 * LATE, -EMFILE, OLD, 0, EMFILE },
	{ "then two", 0, 4999 + 6 * LATE, 0, "", 0, EMFILE },
	{ "and has succeeded", 0, 5000 + 6 * LATE, 0, OLD, 0, 0 },
};

static void test_later(void **state)
{
	struct ezlb_layer snat = { .snat_key = EZLB_SNAT_KEY_BACKEND };
	struct ezlb_pass pass = { .dp.layer[EZLB_LAYER_SNAT] = &snat, .end_flows = end_flows };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(later); i++) {
		struct ezlb_pass_result result = { .outcome = { .flows = 0 } };
		char backend[] = "10.1.0.0:53";

		print_message("%s\n", later[i].name);
		backend[7] = (char)('0' + later[i].deleted);
		/* The source changes meanwhile. */
		want(&result.plan.target, EZLB_UDP, "10.0.0.1:53", "10.1.0.9:53",
		     EZLB_SNAT_KEY_BACKEND, i < 4 ? "10.9.0.1" : "10.9.0.2");
		if (later[i].deleted)
			add_op(&result.plan.ops, EZLB_OP_DEST_DEL, EZLB_UDP, "10.0.0.1:53",
			       backend);
		end_rc = later[i].rc;
		flows_end(&pass, &result, later[i].now);
		assert_string_equal(ended.s, later[i].want);
		assert_int_equal(n_looked_for, later[i].want_looked_for);
		assert_int_equal(result.outcome.flows_err.code, later[i].want_code);
		assert_int_equal(ezlb_pass_due(&pass) != EZLB_PASS_NEVER, later[i].want_code != 0);
		if (n_looked_for)
			assert_int_equal(source.first.bytes[3], i < 4 ? 1 : 2);
		ezlb_pass_result_clear(&result);
	}
	EZLB_VEC_CLEAR(&pass.translated);
	EZLB_VEC_CLEAR(&pass.late.flows);
	EZLB_VEC_CLEAR(&pass.late.services);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rows_of_marks),
		cmocka_unit_test(test_each_once),
		cmocka_unit_test(test_untranslated),
		cmocka_unit_test(test_untranslated_without_backends),
		cmocka_unit_test(test_old_dests),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
