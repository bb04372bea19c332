// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which addresses are withdrawn, as text over time. One event a line; services are those of the
 * table below, each with one backend.
 *
 *   file SERVICE [OPTION...]     always, serving (else as the flag), fallback, weight=0, min=N,
 *                                drain=MS
 *   gone SERVICE                 its file goes
 *   up SERVICE                   its verdict; so dead and unknown
 *   flag WHEN                    always or serving
 *   hold MS
 *   single                       there is no later step
 *   dest SERVICE                 the kernel has it, from an earlier process
 *   blind                        the kernel cannot be read, until "sees"
 *   restart                      the process forgets
 *   at MS: WITHDRAWN...[; needs ADDR/SERVICE...][; due MS]
 *
 * Each step is made twice, before and after the kernel is changed: nothing may flap.
 */
#include "cm.h"

#include <sys/socket.h>

#include <ezlb/lifecycle.h>

/* One address has two services, one of IPv6 has a range, and a mark has none. */
static const struct {
	const char *name;
	enum ezlb_proto proto;
	const char *listen;
	uint16_t last_port;
	uint32_t mark;
} kinds[] = {
	{ "a", EZLB_TCP, "10.0.0.1:80", 0, 0 },	  { "b", EZLB_UDP, "10.0.0.1:80", 0, 0 },
	{ "c", EZLB_SCTP, "10.0.0.2:80", 0, 0 },  { "r", EZLB_TCP, "[fd00::1]:80", 90, 7 },
	{ "two", EZLB_TCP, "10.0.0.1:81", 0, 0 }, { "m", EZLB_TCP, NULL, 0, 9 },
};
#define KINDS COUNT_OF(kinds)

static struct {
	struct ezlb_spec *specs[KINDS];
	struct ezlb_verdicts verdicts;
	struct ezlb_dests dests;
	struct ezlb_scope owned;
	struct ezlb_lifecycle life;
	enum ezlb_vip_when when;
	uint32_t hold;
	bool single, blind;
	char text[512];
} s;

static const struct ezlb_endpoint backend = { { AF_INET, { 10, 1, 0, 1 } }, 80 };
static const struct ezlb_endpoint backend6 = { { AF_INET6, { 0xfd, [15] = 9 } }, 80 };

static size_t kind_of(const char *name)
{
	size_t i = 0;

	while (i < KINDS && strcmp(kinds[i].name, name) != 0)
		i++;
	assert_true(i < KINDS);
	return i;
}

static void add_listener(struct ezlb_spec *spec, size_t kind)
{
	struct ezlb_listener *listener = &spec->listeners[spec->n_listeners++];

	listener->proto = kinds[kind].proto;
	listener->last_port = kinds[kind].last_port;
	listener->key.fwmark = kinds[kind].mark;
	listener->key.listen.addr.family = AF_INET;
	if (kinds[kind].listen)
		assert_int_equal(ezlb_endpoint_parse(kinds[kind].listen, &listener->listen, NULL),
				 0);
	if (!kinds[kind].mark) {
		listener->key.proto = kinds[kind].proto;
		listener->key.listen = listener->listen;
	} else if (kinds[kind].listen) {
		listener->key.listen.addr.family = listener->listen.addr.family;
	}
	*EZLB_PUSH(&s.owned) = listener->key;
	EZLB_SORT(&s.owned, ezlb_service_key_cmp);
}

static void set_option(struct ezlb_spec *spec, const char *word)
{
	unsigned n;

	if (strcmp(word, "always") == 0)
		spec->vip = EZLB_VIP_ALWAYS;
	else if (strcmp(word, "serving") == 0)
		spec->vip = EZLB_VIP_SERVING;
	else if (strcmp(word, "fallback") == 0)
		spec->backends[0].fallback = true;
	else if (strcmp(word, "weight=0") == 0)
		spec->backends[0].weight = 0;
	else if (sscanf(word, "min=%u", &n) == 1)
		spec->min_healthy = (struct ezlb_min_healthy){ n, false };
	else if (sscanf(word, "drain=%u", &n) == 1) {
		spec->drain_ms = n;
		spec->on_failure = EZLB_ON_FAILURE_DRAIN;
	} else
		fail_msg("no option '%s'", word);
}

static void set_file(char *words)
{
	char *save, *word, name[16] = "";
	size_t kind;
	struct ezlb_spec *spec = ezlb_spec_new();

	sscanf(words, "%15s", name);
	kind = kind_of(name);
	ezlb_spec_free(s.specs[kind]);
	s.specs[kind] = spec;
	ezlb_strcpy(spec->name, sizeof(spec->name), name);
	spec->listeners = ezlb_calloc(2, sizeof(*spec->listeners));
	add_listener(spec, kind);
	if (strcmp(name, "two") == 0) /* one file, two listeners on different addresses */
		add_listener(spec, kind_of("c"));
	spec->backends = ezlb_calloc(1, sizeof(*spec->backends));
	spec->n_backends = 1;
	spec->backends[0].endpoint = kinds[kind].last_port ? backend6 : backend;
	spec->backends[0].weight = 1;
	for (word = strtok_r(words + strlen(name), " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		set_option(spec, word);
}

static void set_verdict(const char *name, enum ezlb_verdict verdict)
{
	struct ezlb_verdict_row row = { .verdict = verdict };

	ezlb_strcpy(row.service, sizeof(row.service), name);
	row.backend = kinds[kind_of(name)].last_port ? backend6 : backend;
	EZLB_VEC_KEEP(&s.verdicts, i, strcmp(s.verdicts.items[i].service, name) != 0);
	*EZLB_PUSH(&s.verdicts) = row;
	EZLB_SORT(&s.verdicts, ezlb_verdict_row_cmp);
}

static void put_dest(const struct ezlb_service_key *key, uint32_t weight)
{
	*EZLB_PUSH(&s.dests) = (struct ezlb_dest_row){
		.service = *key,
		.endpoint = key->listen.addr.family == AF_INET6 ? backend6 : backend,
		.weight = weight
	};
	EZLB_SORT(&s.dests, ezlb_dest_row_cmp);
}

static const char *name_of(const struct ezlb_service_key *key)
{
	for (size_t i = 0; i < KINDS; i++)
		for (size_t k = 0; s.specs[i] && k < s.specs[i]->n_listeners; k++)
			if (ezlb_service_key_cmp(&s.specs[i]->listeners[k].key, key) == 0)
				return s.specs[i]->name;
	return "?";
}

static void print(const struct ezlb_roster *roster)
{
	char addr[EZLB_ADDR_STRLEN];

	s.text[0] = '\0';
	for (size_t i = 0; i < roster->withdrawn.len; i++)
		ezlb_strcatf(s.text, sizeof(s.text), "%s%s", i ? " " : "",
			     ezlb_addr_format(&roster->withdrawn.items[i], addr));
	for (size_t i = 0; i < roster->vip_needs.len; i++)
		ezlb_strcatf(s.text, sizeof(s.text), "%s%s/%s", i ? " " : "; needs ",
			     ezlb_addr_format(&roster->vip_needs.items[i].addr, addr),
			     name_of(&roster->vip_needs.items[i].service));
	if (roster->due_ms != UINT64_MAX)
		ezlb_strcatf(s.text, sizeof(s.text), "; due %llu",
			     (unsigned long long)roster->due_ms);
}

/* The kernel does as the roster says. */
static void take_over(const struct ezlb_roster *roster)
{
	s.dests.len = 0;
	for (size_t i = 0; i < roster->rows.len; i++)
		if (ezlb_role_has_dest(roster->rows.items[i].role))
			put_dest(&roster->rows.items[i].service, roster->rows.items[i].weight);
}

static void step(uint64_t now, const char *want, const char *name)
{
	struct ezlb_desired desired = { 0 };
	struct ezlb_dests none = { 0 };
	struct ezlb_drains drains = { 0 };

	for (size_t i = 0; i < KINDS; i++)
		if (s.specs[i])
			*EZLB_PUSH(&desired) = s.specs[i];
	for (int i = 0; i < 2; i++) {
		const struct ezlb_lifecycle_in in = { .desired = &desired,
						      .verdicts = &s.verdicts,
						      .dests = s.blind ? &none : &s.dests,
						      .unreadable = s.blind,
						      .owned = &s.owned,
						      .drains = &drains,
						      .single = s.single,
						      .now_ms = now,
						      .vip_when = s.when,
						      .vip_hold_ms = s.hold };
		struct ezlb_roster roster;

		ezlb_lifecycle_step(&s.life, &in, &roster);
		assert_true(roster.due_ms > now);
		print(&roster);
		if (strcmp(s.text, want) != 0)
			fail_msg("%s: at %llu, time %d: '%s', not '%s'", name,
				 (unsigned long long)now, i + 1, s.text, want);
		if (!s.blind)
			take_over(&roster);
		ezlb_roster_clear(&roster);
	}
	EZLB_VEC_CLEAR(&desired);
}

static void do_line(char *line, const char *name)
{
	char *rest = strchr(line, ' ');
	unsigned long long now;
	int n;

	if (rest)
		*rest++ = '\0';
	else
		rest = line + strlen(line);
	if (strcmp(line, "file") == 0)
		set_file(rest);
	else if (strcmp(line, "gone") == 0) {
		ezlb_spec_free(s.specs[kind_of(rest)]);
		s.specs[kind_of(rest)] = NULL;
	} else if (strcmp(line, "up") == 0)
		set_verdict(rest, EZLB_UP);
	else if (strcmp(line, "dead") == 0)
		set_verdict(rest, EZLB_DOWN);
	else if (strcmp(line, "unknown") == 0)
		set_verdict(rest, EZLB_UNKNOWN);
	else if (strcmp(line, "flag") == 0)
		s.when = strcmp(rest, "serving") == 0 ? EZLB_VIP_SERVING : EZLB_VIP_ALWAYS;
	else if (strcmp(line, "hold") == 0)
		s.hold = (uint32_t)atoi(rest);
	else if (strcmp(line, "single") == 0)
		s.single = true;
	else if (strcmp(line, "dest") == 0)
		put_dest(&s.specs[kind_of(rest)]->listeners[0].key, 1);
	else if (strcmp(line, "blind") == 0 || strcmp(line, "sees") == 0)
		s.blind = line[0] == 'b';
	else if (strcmp(line, "restart") == 0)
		ezlb_lifecycle_clear(&s.life);
	else if (strcmp(line, "at") == 0 && sscanf(rest, "%llu:%n", &now, &n) == 1)
		step(now, rest + n + (rest[n] == ' '), name);
	else
		fail_msg("%s: '%s'", name, line);
}

static void forget(void)
{
	for (size_t i = 0; i < KINDS; i++)
		ezlb_spec_free(s.specs[i]);
	EZLB_VEC_CLEAR(&s.verdicts);
	EZLB_VEC_CLEAR(&s.dests);
	EZLB_VEC_CLEAR(&s.owned);
	ezlb_lifecycle_clear(&s.life);
	memset(&s, 0, sizeof(s));
}

static const struct {
	const char *name, *text;
} tales[] = {
	{ "always: whatever the backends do; also without the flag", "file a\n"
								     "dead a\n"
								     "at 0:\n"
								     "flag always\n"
								     "at 1:\n" },
	{ "the first time it needs no hold", "flag serving\n"
					     "hold 5000\n"
					     "file a\n"
					     "unknown a\n"
					     "at 0: 10.0.0.1\n"
					     "up a\n"
					     "at 10:; needs 10.0.0.1/a\n" },
	{ "nor after it was down from the beginning", "flag serving\n"
						      "hold 5000\n"
						      "file a\n"
						      "dead a\n"
						      "at 0: 10.0.0.1\n"
						      "up a\n"
						      "at 9000:; needs 10.0.0.1/a\n" },
	{ "it leaves at once, and returns after the hold", "flag serving\n"
							   "hold 5000\n"
							   "file a\n"
							   "at 0:; needs 10.0.0.1/a\n"
							   "dead a\n"
							   "at 100: 10.0.0.1\n"
							   "at 90000: 10.0.0.1\n"
							   "up a\n"
							   "at 100000: 10.0.0.1; due 105000\n"
							   "at 104999: 10.0.0.1; due 105000\n"
							   "at 105000:; needs 10.0.0.1/a\n"
							   "at 105001:; needs 10.0.0.1/a\n" },
	{ "a break begins the hold again", "flag serving\n"
					   "hold 5000\n"
					   "file a\n"
					   "at 0:; needs 10.0.0.1/a\n"
					   "dead a\n"
					   "at 100: 10.0.0.1\n"
					   "up a\n"
					   "at 200: 10.0.0.1; due 5200\n"
					   "dead a\n"
					   "at 5100: 10.0.0.1\n"
					   "up a\n"
					   "at 5150: 10.0.0.1; due 10150\n"
					   "at 10150:; needs 10.0.0.1/a\n" },
	{ "hold 0s", "flag serving\n"
		     "file a\n"
		     "at 0:; needs 10.0.0.1/a\n"
		     "dead a\n"
		     "at 100: 10.0.0.1\n"
		     "up a\n"
		     "at 100:; needs 10.0.0.1/a\n" },
	{ "a restart changes nothing: dests count until there are verdicts",
	  "flag serving\n"
	  "hold 5000\n"
	  "file a\n"
	  "at 0:; needs 10.0.0.1/a\n"
	  "restart\n"
	  "unknown a\n"
	  "at 10:; needs 10.0.0.1/a\n"
	  "up a\n"
	  "at 20:; needs 10.0.0.1/a\n"
	  "dead a\n"
	  "at 30: 10.0.0.1\n"
	  "restart\n"
	  "unknown a\n"
	  "at 40: 10.0.0.1\n" },
	{ "a kernel that cannot be read withdraws nothing", "flag serving\n"
							    "hold 5000\n"
							    "file a\n"
							    "unknown a\n"
							    "dest a\n"
							    "blind\n"
							    "at 0:; needs 10.0.0.1/a\n"
							    "sees\n"
							    "at 1:; needs 10.0.0.1/a\n"
							    "blind\n"
							    "at 2:; needs 10.0.0.1/a\n"
							    "dead a\n"
							    "at 3: 10.0.0.1\n" },
	{ "and ends no hold", "flag serving\n"
			      "hold 5000\n"
			      "file a\n"
			      "at 0:; needs 10.0.0.1/a\n"
			      "dead a\n"
			      "at 1: 10.0.0.1\n"
			      "up a\n"
			      "at 2: 10.0.0.1; due 5002\n"
			      "blind\n"
			      "at 3: 10.0.0.1; due 5002\n"
			      "at 5002:; needs 10.0.0.1/a\n" },
	{ "one of two services on it is enough", "flag serving\n"
						 "hold 5000\n"
						 "file a\n"
						 "file b\n"
						 "at 0:; needs 10.0.0.1/a 10.0.0.1/b\n"
						 "dead a\n"
						 "at 1:; needs 10.0.0.1/a 10.0.0.1/b\n"
						 "dead b\n"
						 "at 2: 10.0.0.1\n"
						 "up b\n"
						 "at 3: 10.0.0.1; due 5003\n"
						 "up a\n"
						 "dead b\n"
						 "at 4: 10.0.0.1; due 5003\n"
						 "at 5003:; needs 10.0.0.1/a 10.0.0.1/b\n" },
	{ "always wins, whoever says it", "flag serving\n"
					  "hold 5000\n"
					  "file a\n"
					  "file b always\n"
					  "dead a\n"
					  "dead b\n"
					  "at 0:\n"
					  "flag always\n"
					  "file b\n"
					  "file a serving\n"
					  "at 1:\n"
					  "file b serving\n"
					  "at 2: 10.0.0.1\n"
					  "file b always\n"
					  "at 3:\n" },
	{ "always ends a hold", "flag serving\n"
				"hold 5000\n"
				"file a\n"
				"at 0:; needs 10.0.0.1/a\n"
				"dead a\n"
				"at 1: 10.0.0.1\n"
				"up a\n"
				"at 2: 10.0.0.1; due 5002\n"
				"file a always\n"
				"at 3:\n"
				"file a serving\n"
				"at 4:; needs 10.0.0.1/a\n" },
	{ "each address for itself, also those of one file",
	  "flag serving\n"
	  "hold 5000\n"
	  "file two\n"
	  "file a\n"
	  "dead two\n"
	  "at 0: 10.0.0.2; needs 10.0.0.1/a 10.0.0.1/two\n"
	  "up two\n"
	  "dead a\n"
	  "at 1:; needs 10.0.0.1/a 10.0.0.1/two 10.0.0.2/two\n" },
	{ "a range has an address, and a mark of the file has none", "flag serving\n"
								     "hold 5000\n"
								     "file m\n"
								     "dead m\n"
								     "file r\n"
								     "at 0:; needs fd00::1/r\n"
								     "dead r\n"
								     "at 1: fd00::1\n" },
	{ "a fallback serves", "flag serving\n"
			       "file a fallback\n"
			       "at 0:; needs 10.0.0.1/a\n" },
	{ "fail open serves", "flag serving\n"
			      "file a min=1\n"
			      "at 0:; needs 10.0.0.1/a\n"
			      "dead a\n"
			      "at 1:; needs 10.0.0.1/a\n" },
	{ "weight 0 does not", "flag serving\n"
			       "file a weight=0\n"
			       "at 0: 10.0.0.1\n" },
	{ "nor does a drain", "flag serving\n"
			      "file a drain=30000\n"
			      "at 0:; needs 10.0.0.1/a\n"
			      "dead a\n"
			      "at 1: 10.0.0.1; due 1001\n" },
	{ "a file that comes back is new", "flag serving\n"
					   "hold 5000\n"
					   "file c\n"
					   "at 0:; needs 10.0.0.2/c\n"
					   "dead c\n"
					   "at 1: 10.0.0.2\n"
					   "gone c\n"
					   "at 2:\n"
					   "file c\n"
					   "up c\n"
					   "at 3:; needs 10.0.0.2/c\n" },
	{ "without a later step there is no hold", "flag serving\n"
						   "hold 5000\n"
						   "single\n"
						   "file a\n"
						   "at 0:; needs 10.0.0.1/a\n"
						   "dead a\n"
						   "at 1: 10.0.0.1\n"
						   "up a\n"
						   "at 2:; needs 10.0.0.1/a\n" },
};

static void test_tales(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(tales); i++) {
		char text[2048], *save, *line;

		assert_true(strlen(tales[i].text) < sizeof(text));
		ezlb_strcpy(text, sizeof(text), tales[i].text);
		for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
			do_line(line, tales[i].name);
		forget();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_tales) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
