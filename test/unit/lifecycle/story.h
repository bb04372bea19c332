/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * story: what happens to one virtual service over time, as text. One event a line; a backend is a
 * letter.
 *
 *   file [OPTION...] BACKEND[*WEIGHT]... [| FALLBACK...]     options: drain=MS slow=MS min=N min%=N
 *                                                            initial_up remove drain udp mark
 *   no file
 *   up|unknown|unchecked|dead|says_no|rising BACKEND...      dead: down, refused. says_no: down,
 *                                                            with an answer. rising: down, and the
 *                                                            last probe was good
 *   active BACKEND N                                         connections of its dest
 *   dest BACKEND WEIGHT | no dest BACKEND                    another program changes the kernel
 *   ledger BACKEND UNTIL CAUSE                               a drain of an earlier process
 *   foreign                                                  the ledger does not have the service
 *   restart                                                  the process forgets; the ledger stays
 *   blind | sees                                             the kernel cannot be read, or can
 *   stuck | free                                             the kernel rejects changes, or not
 *   single                                                   there is no later step
 *   at MS: ROSTER                                            makes a step
 *
 * A roster is "a serving 1, b draining removed 0 until 30000 active 2; due 1000". Each step is made
 * three times, before and after the kernel is changed: nothing may flap.
 */
#pragma once

#include "cm.h"

#include <sys/socket.h>

#include <ezlb/lifecycle.h>

struct story {
	struct ezlb_spec *spec;
	struct ezlb_desired desired;
	struct ezlb_verdicts verdicts;
	struct ezlb_dests dests;
	struct ezlb_scope owned;
	struct ezlb_drains drains;
	struct ezlb_lifecycle life;
	struct ezlb_service_key key;
	uint32_t active[26];
	bool blind, stuck, single;
	unsigned writes; /* changes of dests */
	char text[1024];
};

static inline struct ezlb_endpoint story_backend(char letter)
{
	struct ezlb_endpoint ep = { .addr = { .family = AF_INET, .bytes = { 10, 1, 0 } },
				    .port = 80 };

	assert_in_range(letter, 'a', 'z');
	ep.addr.bytes[3] = (uint8_t)(letter - 'a' + 1);
	return ep;
}

static inline char story_letter(const struct ezlb_endpoint *ep)
{
	return (char)('a' + ep->addr.bytes[3] - 1);
}

static inline void story_option(struct story *s, const char *word, bool *fallback)
{
	unsigned n;

	if (strcmp(word, "|") == 0)
		*fallback = true;
	else if (sscanf(word, "drain=%u", &n) == 1)
		s->spec->drain_ms = n;
	else if (sscanf(word, "slow=%u", &n) == 1)
		s->spec->slow_start_ms = n;
	else if (sscanf(word, "min%%=%u", &n) == 1)
		s->spec->min_healthy = (struct ezlb_min_healthy){ n, true };
	else if (sscanf(word, "min=%u", &n) == 1)
		s->spec->min_healthy = (struct ezlb_min_healthy){ n, false };
	else if (strcmp(word, "initial_up") == 0)
		s->spec->check.initial_up = true;
	else if (strcmp(word, "remove") == 0)
		s->spec->on_failure = EZLB_ON_FAILURE_REMOVE;
	else if (strcmp(word, "drain") == 0)
		s->spec->on_failure = EZLB_ON_FAILURE_DRAIN;
	else if (strcmp(word, "udp") == 0)
		s->key.proto = EZLB_UDP;
	else if (strcmp(word, "mark") == 0)
		s->key.fwmark = 7;
	else
		fail_msg("no option '%s'", word);
}

static inline void story_file(struct story *s, char *words)
{
	bool fallback = false;
	char *save, *word;

	ezlb_spec_free(s->spec);
	s->spec = ezlb_spec_new();
	s->spec->backends = ezlb_calloc(32, sizeof(*s->spec->backends));
	strcpy(s->spec->name, "web");
	s->key.proto = EZLB_TCP;
	s->key.fwmark = 0;
	for (word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (word[1] == '\0' || word[1] == '*')
			if (word[0] != '|') {
				s->spec->backends[s->spec->n_backends++] = (struct ezlb_backend){
					.endpoint = story_backend(word[0]),
					.weight = word[1] ? (uint32_t)atoi(word + 2) : 1,
					.fallback = fallback
				};
				continue;
			}
		story_option(s, word, &fallback);
	}
	s->spec->listeners = ezlb_calloc(1, sizeof(*s->spec->listeners));
	s->spec->listeners[0] = (struct ezlb_listener){ .key = s->key, .proto = s->key.proto };
	s->spec->n_listeners = 1;
	s->desired.len = 0;
	*EZLB_PUSH(&s->desired) = s->spec;
	s->owned.len = 0;
	*EZLB_PUSH(&s->owned) = s->key;
}

static inline void story_verdict(struct story *s, const char *word, char letter)
{
	struct ezlb_verdict_row key = { .service = "web", .backend = story_backend(letter) };
	struct ezlb_verdicts *rows = &s->verdicts;

	EZLB_VEC_KEEP(rows, i, ezlb_verdict_row_cmp(&rows->items[i], &key) != 0);
	if (strcmp(word, "unchecked") == 0)
		return;
	key.outcome = EZLB_PROBE_OK;
	key.verdict = strcmp(word, "up") == 0	     ? EZLB_UP
		      : strcmp(word, "unknown") == 0 ? EZLB_UNKNOWN
						     : EZLB_DOWN;
	if (strcmp(word, "dead") == 0)
		key.outcome = EZLB_PROBE_CONNECT_REFUSED;
	else if (strcmp(word, "says_no") == 0)
		key.outcome = EZLB_PROBE_HTTP_STATUS;
	*EZLB_PUSH(rows) = key;
	EZLB_SORT(rows, ezlb_verdict_row_cmp);
}

static inline void story_dest(struct story *s, const struct ezlb_endpoint *backend, bool there,
			      uint32_t weight)
{
	struct ezlb_dest_row key = { .service = s->key, .endpoint = *backend, .weight = weight };
	struct ezlb_dest_row *old = EZLB_FIND(&s->dests, &key, ezlb_dest_row_cmp);

	if (old ? there && old->weight == weight : !there)
		return;
	s->writes++;
	EZLB_VEC_KEEP(&s->dests, i, ezlb_dest_row_cmp(&s->dests.items[i], &key) != 0);
	if (there)
		*EZLB_PUSH(&s->dests) = key;
	EZLB_SORT(&s->dests, ezlb_dest_row_cmp);
}

/* What the pass does with the roster: the dests, and the ledger. */
static inline void story_apply(struct story *s, const struct ezlb_roster *roster)
{
	struct ezlb_dests was = { 0 };

	s->drains.len = 0;
	ezlb_roster_drains(roster, &s->drains);
	if (s->stuck || s->blind)
		return;
	EZLB_VEC_COPY(&was, &s->dests);
	for (size_t i = 0; i < was.len; i++)
		if (!ezlb_roster_find(roster, &s->key, &was.items[i].endpoint))
			story_dest(s, &was.items[i].endpoint, false, 0);
	EZLB_VEC_CLEAR(&was);
	for (size_t i = 0; i < roster->rows.len; i++) {
		const struct ezlb_roster_row *row = &roster->rows.items[i];

		story_dest(s, &row->backend, ezlb_role_has_dest(row->role), row->weight);
	}
}

static inline void story_print(struct story *s, const struct ezlb_roster *roster)
{
	s->text[0] = '\0';
	for (size_t i = 0; i < roster->rows.len; i++) {
		const struct ezlb_roster_row *row = &roster->rows.items[i];
		bool draining = row->role == EZLB_ROLE_DRAINING;

		ezlb_strcatf(s->text, sizeof(s->text), "%s%c %s", i ? ", " : "",
			     story_letter(&row->backend), ezlb_role_str(row->role));
		if (draining)
			ezlb_strcatf(s->text, sizeof(s->text), " %s",
				     ezlb_drain_cause_str(row->cause));
		if (ezlb_role_has_dest(row->role))
			ezlb_strcatf(s->text, sizeof(s->text), " %u", row->weight);
		if (row->until_ms)
			ezlb_strcatf(s->text, sizeof(s->text), " until %llu",
				     (unsigned long long)row->until_ms);
		if (row->active)
			ezlb_strcatf(s->text, sizeof(s->text), " active %u", row->active);
		assert_true(row->index == EZLB_NOT_IN_FILE ||
			    ezlb_endpoint_cmp(&s->spec->backends[row->index].endpoint,
					      &row->backend) == 0);
	}
	if (roster->due_ms != UINT64_MAX)
		ezlb_strcatf(s->text, sizeof(s->text), "; due %llu",
			     (unsigned long long)roster->due_ms);
}

static inline void story_step(struct story *s, uint64_t now, const char *want)
{
	for (int i = 0; i < 3; i++) {
		struct ezlb_dests none = { 0 };
		const struct ezlb_lifecycle_in in = { .desired = &s->desired,
						      .verdicts = &s->verdicts,
						      .dests = s->blind ? &none : &s->dests,
						      .unreadable = s->blind,
						      .owned = &s->owned,
						      .drains = &s->drains,
						      .single = s->single,
						      .now_ms = now };
		struct ezlb_roster roster;

		for (size_t k = 0; k < s->dests.len; k++)
			s->dests.items[k].active =
				s->active[story_letter(&s->dests.items[k].endpoint) - 'a'];
		ezlb_lifecycle_step(&s->life, &in, &roster);
		assert_true(roster.due_ms > now);
		story_print(s, &roster);
		if (strcmp(s->text, want) != 0)
			fail_msg("at %llu, time %d: '%s', not '%s'", (unsigned long long)now, i + 1,
				 s->text, want);
		if (i > 0)
			story_apply(s, &roster);
		ezlb_roster_clear(&roster);
	}
}

static inline void story_each(struct story *s, const char *word, const char *letters)
{
	for (; *letters; letters++)
		if (*letters != ' ')
			story_verdict(s, word, *letters);
}

static inline void story_kernel(struct story *s, const char *line)
{
	struct ezlb_drain drain = { .service = s->key };
	unsigned long long until;
	char letter, cause[16];
	struct ezlb_endpoint ep;
	unsigned n;

	if (sscanf(line, "active %c %u", &letter, &n) == 2) {
		s->active[letter - 'a'] = n;
	} else if (sscanf(line, "dest %c %u", &letter, &n) == 2) {
		ep = story_backend(letter);
		story_dest(s, &ep, true, n);
	} else if (sscanf(line, "no dest %c", &letter) == 1) {
		ep = story_backend(letter);
		story_dest(s, &ep, false, 0);
	} else if (sscanf(line, "ledger %c %llu %15s", &letter, &until, cause) == 3) {
		drain.backend = story_backend(letter);
		drain.until_ms = until;
		assert_int_equal(ezlb_drain_cause_parse(cause, &drain.cause), 0);
		*EZLB_PUSH(&s->drains) = drain;
		EZLB_SORT(&s->drains, ezlb_drain_cmp);
	} else {
		fail_msg("no event '%s'", line);
	}
}

static inline bool story_flag(struct story *s, const char *line)
{
	if (strcmp(line, "restart") == 0)
		ezlb_lifecycle_clear(&s->life);
	else if (strcmp(line, "foreign") == 0)
		s->owned.len = 0;
	else if (strcmp(line, "no file") == 0)
		s->desired.len = 0;
	else if (strcmp(line, "blind") == 0 || strcmp(line, "sees") == 0)
		s->blind = line[0] == 'b';
	else if (strcmp(line, "stuck") == 0 || strcmp(line, "free") == 0)
		s->stuck = line[0] == 's';
	else if (strcmp(line, "single") == 0)
		s->single = true;
	else
		return false;
	return true;
}

static inline void story_line(struct story *s, char *line)
{
	char word[16] = "";
	unsigned long long at;
	int n = 0;

	if (story_flag(s, line))
		return;
	sscanf(line, "%15s %n", word, &n);
	if (strcmp(word, "file") == 0) {
		story_file(s, line + n);
	} else if (sscanf(line, "at %llu:%n", &at, &n) == 1) {
		story_step(s, at, line[n] ? line + n + 1 : "");
	} else if (strcmp(word, "up") == 0 || strcmp(word, "unknown") == 0 ||
		   strcmp(word, "unchecked") == 0 || strcmp(word, "dead") == 0 ||
		   strcmp(word, "says_no") == 0 || strcmp(word, "rising") == 0) {
		story_each(s, word, line + n);
	} else {
		story_kernel(s, line);
	}
}

/* Returns the number of changes of dests. */
static inline unsigned story_tell(const char *text)
{
	struct story s = { .key = { .listen = {
					    .addr = { .family = AF_INET, .bytes = { 10, 0, 0, 1 } },
					    .port = 80 } } };
	EZLB_AUTO_FREE char *copy = ezlb_strdup(text);
	char *save, *line = strtok_r(copy, "\n", &save);

	for (; line; line = strtok_r(NULL, "\n", &save))
		story_line(&s, line);
	ezlb_lifecycle_clear(&s.life);
	ezlb_spec_free(s.spec);
	EZLB_VEC_CLEAR(&s.desired);
	EZLB_VEC_CLEAR(&s.verdicts);
	EZLB_VEC_CLEAR(&s.dests);
	EZLB_VEC_CLEAR(&s.owned);
	EZLB_VEC_CLEAR(&s.drains);
	return s.writes;
}

#define TELL(stories)                                     \
	for (size_t i = 0; i < COUNT_OF(stories); i++) {  \
		print_message("%s\n", (stories)[i].name); \
		story_tell((stories)[i].text);            \
	}
