// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The writer is the inverse of the parser: for random files with all fields of the tables, for the
 * examples, and for the files of test/data. And no field of a table is without a writer.
 */
#include "slurp.h"

#include <arpa/inet.h>
#include <dirent.h>

#include <ezlb/duration.h>
#include <ezlb/text.h>

#include "schema.h"

#define GOOD	 TEST_DATA "/config/good"
#define EXAMPLES SOURCE_DIR "/examples/services.d"
#define FILES	 12000
#define ACCEPTED 3000 /* of them at least */

static uint32_t seed = 1;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static bool same_endpoint(const struct ezlb_endpoint *a, const struct ezlb_endpoint *b)
{
	return ezlb_endpoint_cmp(a, b) == 0;
}

static bool same_range(const struct ezlb_addr_range *a, const struct ezlb_addr_range *b)
{
	return a->first.family == b->first.family &&
	       (a->first.family == 0 || ezlb_range_cmp(a, b) == 0);
}

static void assert_same_listeners(const struct ezlb_spec *a, const struct ezlb_spec *b)
{
	assert_int_equal(a->n_listeners, b->n_listeners);
	for (size_t i = 0; i < a->n_listeners; i++) {
		const struct ezlb_listener *x = &a->listeners[i], *y = &b->listeners[i];

		assert_int_equal(x->key.fwmark, y->key.fwmark);
		assert_int_equal(x->key.proto, y->key.proto);
		assert_true(same_endpoint(&x->key.listen, &y->key.listen));
		assert_int_equal(x->proto, y->proto);
		assert_true(same_endpoint(&x->listen, &y->listen));
		assert_int_equal(x->last_port, y->last_port);
	}
	assert_true(same_endpoint(&a->listen, &b->listen));
	assert_int_equal(a->proto, b->proto);
}

/* Those of fallback are written after the others. */
static void assert_same_backends(const struct ezlb_spec *a, const struct ezlb_spec *b)
{
	size_t at = 0;

	assert_int_equal(a->n_backends, b->n_backends);
	for (int fallback = 0; fallback < 2; fallback++)
		for (size_t i = 0; i < a->n_backends; i++) {
			const struct ezlb_backend *x = &a->backends[i], *y = &b->backends[at];

			if (x->fallback != (fallback == 1))
				continue;
			assert_true(same_endpoint(&x->endpoint, &y->endpoint));
			assert_int_equal(x->weight, y->weight);
			assert_int_equal(x->upper, y->upper);
			assert_int_equal(x->lower, y->lower);
			assert_int_equal(x->fallback, y->fallback);
			at++;
		}
}

static void assert_same_check(const struct ezlb_check *a, const struct ezlb_check *b)
{
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->interval_ms, b->interval_ms);
	assert_int_equal(a->fast_interval_ms, b->fast_interval_ms);
	assert_int_equal(a->timeout_ms, b->timeout_ms);
	assert_int_equal(a->fail_count, b->fail_count);
	assert_int_equal(a->rise_count, b->rise_count);
	assert_int_equal(a->initial_up, b->initial_up);
	assert_int_equal(a->port, b->port);
	assert_true(same_range(&a->source, &b->source));
	assert_true(ezlb_request_same(a->request, b->request));
}

static void assert_same(const struct ezlb_spec *a, const struct ezlb_spec *b)
{
	if (!a || !b) {
		fail_msg("no spec");
		return; /* for the analyzer, which does not know that fail_msg() ends */
	}
	assert_string_equal(a->name, b->name);
	assert_same_listeners(a, b);
	assert_string_equal(a->scheduler, b->scheduler);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->persistence.timeout_s, b->persistence.timeout_s);
	assert_int_equal(a->persistence.prefix, b->persistence.prefix);
	assert_string_equal(a->persistence.engine, b->persistence.engine);
	assert_int_equal(a->forward, b->forward);
	assert_int_equal(a->tunnel.type, b->tunnel.type);
	assert_int_equal(a->tunnel.port, b->tunnel.port);
	assert_int_equal(a->tunnel.checksum, b->tunnel.checksum);
	assert_int_equal(a->full_nat, b->full_nat);
	assert_true(same_range(&a->snat_ip, &b->snat_ip));
	assert_int_equal(a->client_address, b->client_address);
	assert_int_equal(a->toa_ipv6_kind, b->toa_ipv6_kind);
	assert_int_equal(a->connection_log, b->connection_log);
	assert_int_equal(a->traffic_log, b->traffic_log);
	assert_int_equal(a->vip, b->vip);
	assert_same_check(&a->check, &b->check);
	assert_int_equal(a->drain_ms, b->drain_ms);
	assert_int_equal(a->on_failure, b->on_failure);
	assert_int_equal(a->min_healthy.count, b->min_healthy.count);
	assert_int_equal(a->min_healthy.percent, b->min_healthy.percent);
	assert_int_equal(a->slow_start_ms, b->slow_start_ms);
	assert_same_backends(a, b);
}

/* Returns the written text; the caller frees. */
static char *check_round_trip(const struct ezlb_spec *spec)
{
	char *text = ezlb_config_write(spec), *again;
	struct ezlb_spec *back = parse_good("other-name.yaml", text, strlen(text));

	assert_same(spec, back);
	again = ezlb_config_write(back);
	assert_string_equal(text, again);
	free(again);
	ezlb_spec_free(back);
	return text;
}

/* A random file. */
struct world {
	struct ezlb_text out;
	bool v6, mark, range, list, udp, nat, toa;
	enum ezlb_forward forward;
	enum ezlb_tunnel_type tunnel;
	enum ezlb_check_type type;
	unsigned n; /* makes addresses differ */
};

static const char *pick(const char *const *words)
{
	uint32_t n = 0;

	while (words[n])
		n++;
	return words[rnd(n)];
}
#define PICK(...) pick((const char *const[]){ __VA_ARGS__, NULL })

/* JSON's escapes are YAML's. */
static void put_quoted(struct world *w, const char *text)
{
	ezlb_text_puts(&w->out, "\"");
	for (; *text; text++)
		if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ')
			ezlb_text_printf(&w->out, "\\x%02x", (unsigned)*text);
		else
			ezlb_text_put(&w->out, text, 1);
	ezlb_text_puts(&w->out, "\"");
}

static void put_listen(struct world *w)
{
	unsigned n = w->range || !w->list ? 1 : 1 + rnd(rnd(4) ? 4 : 60);

	ezlb_text_puts(&w->out, w->list ? "[" : "");
	for (unsigned i = 0; i < n; i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s%u%s", w->v6 ? "[fd00::" : "10.0.0.", 1 + i,
			 w->v6 ? "]" : "");
		ezlb_strcatf(text, sizeof(text), ":%u", 8000u);
		if (w->range)
			ezlb_strcatf(text, sizeof(text), "-%u", 8001 + rnd(1000));
		ezlb_text_puts(&w->out, i ? ", " : "");
		put_quoted(w, text);
	}
	ezlb_text_puts(&w->out, w->list ? "]" : "");
}

static void put_address(struct world *w)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%u%s", w->v6 ? "[fd01::" : "192.168.10.", ++w->n,
		 w->v6 ? "]" : "");
	if (!(w->mark || w->range || w->list) || rnd(3) > 0)
		ezlb_strcatf(text, sizeof(text), ":8000");
	put_quoted(w, text);
}

static const char *const odd_texts[] = {
	"I am well, n\xc3\xa9/e",
	"true",
	"null",
	"~",
	"12",
	"0x1f",
	"1e5",
	"- a",
	"a: b",
	"#x",
	" blank ",
	"\"",
	"\\",
	"a\tb\r\n",
	"\x01\x7f",
	"{",
	"[",
	"&a",
	"*a",
	"!t",
	"|",
	">",
	"%d",
	"@",
	"`",
	"'",
	"\xe2\x80\xa8",
	"\xf0\x9f\x98\x80",
	"hex",
	":",
	"a:",
	"a #b",
	".inf",
	"-",
	NULL,
};

/* The samples of the fields that are texts; a text field without one fails the test. */
static void put_text(struct world *w, const struct field *field)
{
	const struct {
		const char *name, *text;
	} samples[] = {
		{ "name", PICK("web", "8080", "true", "a-b", "1e5", "no") },
		{ "netmask", w->v6 ? PICK("1", "64", "128") : PICK("1", "32", "255.255.0.0") },
		{ "snat_ip", w->v6 ? PICK("fd00::f1", "fd00::f1-fd00::f4", "")
				   : PICK("10.0.9.1", "10.0.9.1-10.0.9.4", "") },
		{ "min_healthy", PICK("0", "1", "0%", "50%", "100%") },
		{ "source", PICK("auto", "none", w->v6 ? "fd00::aa" : "10.0.0.250") },
		{ "http_path", PICK("/", "/healthz", "/a?b=c&d=%20", "/'\"{}", "/:") },
		{ "http_host", PICK("web.example.org:8443", "10.0.0.1", "8080", "true",
				    "[fd00::1]:1", "*", "a'b\"c") },
		{ "http_expected_status", PICK("200", "204", "200-299,301", "100-599", "599") },
		{ "http_expected_body", pick(odd_texts) },
		{ "tls_server_name", PICK("web.example.org", "123", "null", "-a", ".") },
		{ "tls_ca_file", PICK("/etc/ssl/ca.pem", "/a b: #c") },
		{ "udp_payload", PICK("hex:00Ff41", "hex:6865783a", "PING\r\n", "hex:0a", "12") },
		{ "udp_expected", pick(odd_texts) },
		{ "dns_name", PICK(".", "example.org", "1.2", "_a.b.", "no") },
	};

	for (size_t i = 0; i < COUNT_OF(samples); i++)
		if (strcmp(samples[i].name, field->name) == 0) {
			put_quoted(w, samples[i].text);
			return;
		}
	fail_msg("this test has no sample for the field %s", field->name);
}

static void put_headers(struct world *w)
{
	const char *names[] = {
		"Accept", "X-Probe", "true", "12", "!a", "&b", "'c'", "%", "~", "#"
	};
	uint32_t n = 1 + rnd(COUNT_OF(names));

	ezlb_text_puts(&w->out, "{");
	for (uint32_t i = 0; i < n; i++) {
		ezlb_text_puts(&w->out, i ? ", " : "");
		put_quoted(w, names[i]);
		ezlb_text_puts(&w->out, ": ");
		put_quoted(w, PICK("ezlb", "text/plain; q=0.5", "a: b", "12", " x", "true", "\t"));
	}
	ezlb_text_puts(&w->out, "}");
}

static void put_statuses(struct world *w)
{
	ezlb_text_puts(&w->out, "[");
	for (unsigned i = 0; i < 4; i++) {
		ezlb_text_printf(&w->out, "%s\"", i ? ", " : "");
		for (unsigned j = 0; j < 20; j++)
			ezlb_text_printf(&w->out, "%s%u", j ? "," : "", 100 + rnd(500));
		ezlb_text_puts(&w->out, "\"");
	}
	ezlb_text_puts(&w->out, "]");
}

static void put_words(struct world *w, const struct field *field)
{
	uint32_t n = 0;

	if (!field->many || rnd(2)) {
		ezlb_text_puts(&w->out,
			       field->limits.max && rnd(4) == 0 ? "9" : pick(field->words));
		return;
	}
	ezlb_text_puts(&w->out, "[");
	for (size_t i = 0; field->words[i]; i++)
		if (rnd(2))
			ezlb_text_printf(&w->out, "%s%s", n++ ? ", " : "", field->words[i]);
	ezlb_text_printf(&w->out, "%s]", n ? "" : field->words[0]);
}

static uint32_t number(struct bounds in)
{
	uint32_t span = in.max - in.min;

	switch (rnd(4)) {
	case 0:
		return in.min;
	case 1:
		return in.max;
	default:
		return in.min + rnd(span < 100	     ? span + 1
				    : rnd(2)	     ? 100
				    : span > 0xfffff ? 0xfffff
						     : span);
	}
}

static void put_map(struct world *w, const struct table *table);

static void put_value(struct world *w, const struct field *field)
{
	char buf[EZLB_DURATION_STRLEN];
	uint32_t n = number(field->limits);

	switch (field->value) {
	case VALUE_TEXT:
		if (strcmp(field->name, "listen") == 0)
			put_listen(w);
		else if (strcmp(field->name, "address") == 0)
			put_address(w);
		else if (strcmp(field->name, "http_expected_status") == 0 && rnd(4) == 0)
			put_statuses(w);
		else
			put_text(w, field);
		break;
	case VALUE_BOOL:
		ezlb_text_puts(&w->out, rnd(2) ? "true" : "false");
		break;
	case VALUE_NUMBER:
		ezlb_text_printf(&w->out, "%u", (unsigned)n);
		break;
	case VALUE_DURATION:
		/* The kernel counts a persistence in seconds. */
		if (field->table == NULL && strcmp(field->name, "timeout") == 0 && n >= 1000)
			n -= n % 1000;
		ezlb_text_puts(&w->out, ezlb_duration_format(n, buf));
		break;
	case VALUE_WORD:
		put_words(w, field);
		break;
	case VALUE_MAP:
		if (field->limits.max && rnd(2))
			ezlb_text_puts(&w->out, PICK("5m", "1s", "90s"));
		else
			put_map(w, field->table);
		break;
	case VALUE_MAPS:
		ezlb_text_puts(&w->out, "[");
		for (uint32_t i = 0, items = 1 + rnd(4); i < items; i++) {
			ezlb_text_puts(&w->out, i ? ", " : "");
			put_map(w, field->table);
		}
		ezlb_text_puts(&w->out, "]");
		break;
	case VALUE_TEXTS:
		put_headers(w);
		break;
	}
}

/* Values that others depend on. */
static const char *fixed(const struct world *w, const struct table *table, const char *name)
{
	if (table == &check_table && strcmp(name, "type") == 0)
		return ezlb_check_type_str(w->type);
	if (table == &tunnel_table && strcmp(name, "type") == 0)
		return ezlb_tunnel_type_str(w->tunnel);
	if (strcmp(name, "forward") == 0)
		return ezlb_forward_str(w->forward);
	if (strcmp(name, "client_address") == 0)
		return w->toa ? "toa" : "none";
	if (strcmp(name, "full_nat") == 0)
		return w->nat ? "true" : "false";
	return strcmp(name, "protocol") == 0 && w->udp ? "udp" : NULL;
}

/* What goes together more often than not; the parser refuses the other files. */
static bool wanted(const struct world *w, const struct table *table, const struct field *field)
{
	const char *name = field->name;
	const struct {
		const char *name;
		bool is;
	} rules[] = {
		{ "listen", !w->mark },
		{ "fwmark", w->mark || (w->range && rnd(3) == 0) },
		{ "protocol", !w->mark && (w->udp || rnd(2)) },
		{ "forward", w->forward != EZLB_MASQ || rnd(9) == 0 },
		{ "tunnel", w->forward == EZLB_TUNNEL && rnd(4) },
		{ "full_nat", w->nat },
		{ "snat_ip", w->nat && rnd(2) },
		{ "client_address", w->toa || rnd(9) == 0 },
		{ "toa_ipv6_kind", w->toa && rnd(2) },
		{ "connection_log", w->nat && rnd(2) },
		{ "one_packet", (w->mark || w->udp) && rnd(2) },
		{ "engine", (w->mark || w->udp) && rnd(2) },
		{ "min_healthy", rnd(4) == 0 },
	};

	if (table == &check_table && strcmp(name, "type") == 0)
		return w->type != EZLB_CHECK_NONE;
	if (table == &tunnel_table)
		return strcmp(name, "port") != 0 || w->tunnel == EZLB_TUNNEL_GUE;
	for (size_t i = 0; i < COUNT_OF(rules); i++)
		if (strcmp(rules[i].name, name) == 0)
			return rules[i].is;
	if (field->needed)
		return true;
	if (field->types && !(field->types & 1u << w->type))
		return false;
	return rnd(4) == 0;
}

static void put_map(struct world *w, const struct table *table)
{
	const char *sep = "";

	ezlb_text_puts(&w->out, "{");
	for (size_t i = 0; i < table->n; i++) {
		const struct field *field = &table->fields[i];

		if (!wanted(w, table, field))
			continue;
		ezlb_text_printf(&w->out, "%s%s: ", sep, field->name);
		sep = ", ";
		if (fixed(w, table, field->name))
			ezlb_text_puts(&w->out, fixed(w, table, field->name));
		else
			put_value(w, field);
	}
	ezlb_text_puts(&w->out, "}");
}

static char *random_file(void)
{
	struct world w = { .v6 = rnd(3) == 0 };

	w.mark = rnd(6) == 0;
	w.range = !w.mark && rnd(4) == 0;
	w.list = !w.mark && !w.range && rnd(2);
	w.udp = !w.mark && rnd(4) == 0;
	w.type = (enum ezlb_check_type)rnd(EZLB_CHECK_TYPES);
	w.forward = rnd(3) ? EZLB_MASQ : EZLB_DIRECT + rnd(2);
	w.tunnel = (enum ezlb_tunnel_type)rnd(3);
	w.nat = w.forward == EZLB_MASQ && rnd(2);
	w.toa = w.nat && !w.udp && rnd(2);
	put_map(&w, &service_table);
	return ezlb_text_take(&w.out, NULL);
}

/* Which fields have been written, by the indentation and the name of their keys. */
static unsigned seen[TABLES][MAX_FIELDS];

static const struct table *const tables[] = { &service_table, &backend_table, &check_table,
					      &persistence_table, &tunnel_table };

static void note_keys(const char *text)
{
	const struct table *table = &service_table;

	for (const char *line = text, *next; *line; line = next) {
		size_t indent = strspn(line, " -"), key;

		next = strchr(line, '\n') + 1;
		key = strcspn(line + indent, ":");
		if (indent == 0)
			table = &service_table;
		for (size_t i = 0; i < table->n; i++)
			if (strlen(table->fields[i].name) == key &&
			    strncmp(table->fields[i].name, line + indent, key) == 0) {
				seen[table->id][i]++;
				if (table->fields[i].table && next[-2] == ':')
					table = table->fields[i].table;
				break;
			}
	}
}

static void test_random(void **state)
{
	unsigned accepted = 0;

	(void)state;
	for (unsigned i = 0; i < FILES; i++) {
		struct ezlb_diags diags = { 0 };
		char *text = random_file();
		struct ezlb_spec *spec = parse_bytes("web.yaml", text, strlen(text), &diags);

		if (spec) {
			char *written = check_round_trip(spec);

			note_keys(written);
			free(written);
			accepted++;
		}
		ezlb_spec_free(spec);
		ezlb_diags_clear(&diags);
		free(text);
	}
	if (accepted < ACCEPTED)
		fail_msg("only %u of %u random files are valid", accepted, FILES);
	for (size_t t = 0; t < COUNT_OF(tables); t++)
		for (size_t i = 0; i < tables[t]->n; i++)
			if (seen[tables[t]->id][i] == 0)
				fail_msg("no file with the field %s was written",
					 tables[t]->fields[i].name);
}

/* A field that is read by a function of its own needs one that writes it. */
static void test_writers(void **state)
{
	(void)state;
	for (size_t t = 0; t < COUNT_OF(tables); t++)
		for (size_t i = 0; i < tables[t]->n; i++) {
			const struct field *field = &tables[t]->fields[i];

			if (field->read && !field->write && field->value != VALUE_MAPS)
				fail_msg("the field %s has no writer", field->name);
		}
}

static void check_dir(const char *dir, unsigned at_least)
{
	DIR *d = opendir(dir);
	unsigned n = 0;

	assert_non_null(d);
	for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
		char path[512];
		struct ezlb_spec *spec;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		spec = parse_path(path);
		free(check_round_trip(spec));
		ezlb_spec_free(spec);
		n++;
	}
	closedir(d);
	assert_true(n >= at_least);
}

static void test_files(void **state)
{
	(void)state;
	check_dir(GOOD, 8);
	check_dir(EXAMPLES, 4);
}

static const struct {
	const char *in, *want;
} canonical[] = {
	{ "{backends: [{address: 10.1.0.1:80}], listen: 10.0.0.1:80}",
	  "name: web\nlisten: 10.0.0.1:80\nbackends:\n  - address: 10.1.0.1:80\n" },
	{ "{backends: [{address: '[fd00::1]:80', weight: 2}], listen: '[fd00::2]:80', "
	  "scheduler: wrr, persistence: 300s, name: '12'}",
	  "name: \"12\"\nlisten: \"[fd00::2]:80\"\npersistence: 5m\nbackends:\n"
	  "  - address: \"[fd00::1]:80\"\n    weight: 2\n" },
	{ "{backends: [{address: 10.1.0.1}], listen: [10.0.0.1:80], protocol: [udp, sctp], "
	  "persistence: {netmask: 255.255.255.0}, fallback: [{address: 10.1.0.2:80}], "
	  "min_healthy: 50%, health_check: {enabled: false, interval: 500ms}}",
	  "name: web\nlisten: [10.0.0.1:80]\nprotocol: [udp, sctp]\npersistence:\n  netmask: 24\n"
	  "backends:\n  - address: 10.1.0.1\nfallback:\n  - address: 10.1.0.2:80\n"
	  "min_healthy: 50%\nhealth_check:\n  interval: 500ms\n" },
	{ "{backends: [{address: 10.1.0.1}], listen: 10.0.0.1:80-90, full_nat: true, "
	  "snat_ip: 10.0.0.3, health_check: {type: https, source: none, http_host: 'a.b:80', "
	  "http_expected_status: [200, 201], http_headers: {X: '1'}}}",
	  "name: web\nlisten: 10.0.0.1:80-90\nfull_nat: true\nsnat_ip: 10.0.0.3\nbackends:\n"
	  "  - address: 10.1.0.1\nhealth_check:\n  type: https\n  source: none\n"
	  "  http_host: \"a.b:80\"\n  http_headers:\n    X: \"1\"\n"
	  "  http_expected_status: \"200-201\"\n" },
	{ "{backends: [{address: 10.1.0.1:80}], listen: [10.0.0.1:80, 10.0.0.2:80, 10.0.0.3:80, "
	  "10.0.0.4:80, 10.0.0.5:80, 10.0.0.6:80], health_check: {enabled: false}}",
	  "name: web\nlisten:\n  - 10.0.0.1:80\n  - 10.0.0.2:80\n  - 10.0.0.3:80\n"
	  "  - 10.0.0.4:80\n  - 10.0.0.5:80\n  - 10.0.0.6:80\nbackends:\n"
	  "  - address: 10.1.0.1:80\nhealth_check:\n  enabled: false\n" },
	{ "{backends: [{address: 10.1.0.1:80}], listen: 10.0.0.1:80, health_check: {type: udp, "
	  "udp_payload: \"hex:504f0a\", udp_expected: \"\\x01\"}}",
	  "name: web\nlisten: 10.0.0.1:80\nbackends:\n  - address: 10.1.0.1:80\nhealth_check:\n"
	  "  type: udp\n  udp_payload: \"PO\\n\"\n  udp_expected: \"hex:01\"\n" },
};

static void test_canonical(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(canonical); i++) {
		struct ezlb_spec *spec = parse_good("web.yaml", canonical[i].in,
						    strlen(canonical[i].in));
		char *text = ezlb_config_write(spec);

		assert_string_equal(text, canonical[i].want);
		free(text);
		ezlb_spec_free(spec);
	}
}

static void test_by_hand(void **state)
{
	struct ezlb_endpoint ep = { .port = 53 };
	struct ezlb_spec *spec = ezlb_config_defaults("dns"), *back;
	char *text;

	(void)state;
	assert_int_equal(ezlb_addr_parse("10.0.0.1", &ep.addr, NULL), 0);
	ezlb_config_add_listener(spec, EZLB_TCP, &ep, 0);
	ezlb_config_add_listener(spec, EZLB_UDP, &ep, 0);
	ezlb_config_add_backend(spec, &(struct ezlb_endpoint){ .addr = ep.addr, .port = 5353 });
	text = ezlb_config_write(spec);
	assert_string_equal(text, "name: dns\nlisten: 10.0.0.1:53\nprotocol: [tcp, udp]\n"
				  "backends:\n  - address: 10.0.0.1:5353\n");
	back = parse_good("x.yaml", text, strlen(text));
	ezlb_check_clear(&spec->check); /* a tcp check has none */
	assert_same(spec, back);
	free(text);
	ezlb_spec_free(spec);
	ezlb_spec_free(back);

	spec = ezlb_config_defaults("m");
	ezlb_config_add_mark(spec, AF_INET, 7);
	ezlb_config_add_backend(spec, &ep)->weight = 0;
	spec->check.type = EZLB_CHECK_NONE;
	text = ezlb_config_write(spec);
	assert_string_equal(text, "name: m\nfwmark: 7\nbackends:\n  - address: 10.0.0.1:53\n"
				  "    weight: 0\n");
	free(check_round_trip((back = parse_good("x.yaml", text, strlen(text)))));
	free(text);
	ezlb_spec_free(spec);
	ezlb_spec_free(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),	cmocka_unit_test(test_writers),
		cmocka_unit_test(test_files),	cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
