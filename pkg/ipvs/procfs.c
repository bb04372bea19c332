// SPDX-License-Identifier: GPL-2.0-or-later
#include "procfs.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <ezlb/ipvs.h>

#include "words.h"

#define STRANGE (EZLB_IPVS_NO_SUM - 1) /* the place of a line of unknown format */

/* The state of one call, with the service whose dests follow. */
struct reading {
	const struct ezlb_scope *scope;
	struct ezlb_ipvs_sums *sums; /* add to these; NULL: read dests */
	size_t services;	     /* how many lines of services there were */
	size_t at;		     /* the service's place in scope, NO_SUM or STRANGE */
	uint64_t service;	     /* the hash of the service */
	struct ezlb_traffic *dests;
	struct ezlb_service_key key;
};

/* --- lines --------------------------------------------------------------------------------- */

/* "0A000001:0050" or "[fd00:...]:0050" */
static bool parse_endpoint(struct words word, struct ezlb_endpoint *out)
{
	uint8_t port[2];

	*out = (struct ezlb_endpoint){ .addr.family = AF_INET };
	if (word_char(&word, '[') ? !word_ipv6(&word, &out->addr) || !word_char(&word, ']')
				  : !word_hex(&word, out->addr.bytes, 4))
		return false;
	if (!word_char(&word, ':') || !word_hex(&word, port, 2))
		return false;
	out->port = (uint16_t)(port[0] << 8 | port[1]);
	return word.at == word.end;
}

/* "00000007" */
static int parse_mark(struct words word, uint32_t *out)
{
	uint8_t bytes[4];

	if (!word_hex(&word, bytes, sizeof(bytes)) || word.at != word.end)
		return -EBADMSG;
	*out = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
	return 0;
}

/* As in the codec, -EPROTONOSUPPORT: a valid line, but not a service that ezlb can have. */
static int parse_service(struct words line, struct ezlb_service_key *key)
{
	struct words word = word_next(&line);

	/* A heading: "IP Virtual Server", "Prot LocalAddress". */
	if (word_is(word, "IP") || word_is(word, "Prot"))
		return -EPROTONOSUPPORT;
	if (word_is(word, "FWM"))
		return parse_mark(word_next(&line), &key->fwmark);
	if (!word_proto(word, &key->proto) || !parse_endpoint(word_next(&line), &key->listen))
		return -EBADMSG;
	return 0;
}

static uint64_t mix(uint64_t h)
{
	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
	h = (h ^ h >> 27) * 0x94d049bb133111ebu;
	return h ^ h >> 31;
}

/*
 * Row hashes are added, so that the kernel's order does not matter. A sum needs hashes that are far
 * from linear: two dests that swap their weights must not give the same sum. Hence the splitmix64
 * finalizer. Eight bytes at a time: a row has 40.
 */
static uint64_t row_print(uint64_t service, struct words row)
{
	size_t len = (size_t)(row.end - row.at), at = 0;
	uint64_t h = service ^ len, word;

	for (; at + sizeof(word) <= len; at += sizeof(word)) {
		memcpy(&word, row.at + at, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32; /* a multiplication changes higher bits only */
	}
	word = 0;
	memcpy(&word, row.at + at, len - at);
	return mix(h ^ word);
}

size_t ezlb_ipvs_sums_index(const struct ezlb_scope *scope, const struct ezlb_service_key *key)
{
	struct ezlb_service_key mark = *key;
	const struct ezlb_service_key *found;

	if (key->fwmark)
		mark.listen.addr.family = AF_INET;
	found = EZLB_FIND(scope, &mark, ezlb_service_key_cmp);
	if (!found && key->fwmark) {
		mark.listen.addr.family = AF_INET6;
		found = EZLB_FIND(scope, &mark, ezlb_service_key_cmp);
	}
	return found ? (size_t)(found - scope->items) : EZLB_IPVS_NO_SUM;
}

static size_t find_place(struct reading *reading, struct words line)
{
	struct ezlb_service_key key = { .proto = EZLB_TCP };
	int rc = parse_service(line, &key);

	reading->key = key;
	if (rc == 0)
		return ezlb_ipvs_sums_index(reading->scope, &key);
	return rc == -EBADMSG ? STRANGE : EZLB_IPVS_NO_SUM;
}

static void add(struct reading *reading, uint64_t print)
{
	if (reading->at == STRANGE)
		reading->sums->strange += print;
	else
		reading->sums->of.items[reading->at] += print;
}

/*
 * Hashes the whole line: the scheduler, "ops" and the persistence follow the key. If the line is
 * the same as in the last read, so is its place.
 */
static void on_service(struct reading *reading, struct words line)
{
	struct ezlb_ipvs_sums *sums = reading->sums;
	size_t i = reading->services++;

	if (!sums) {
		reading->at = find_place(reading, line);
		return;
	}
	reading->service = row_print(0, line);
	if (i >= sums->seen.len || sums->seen.items[i].line != reading->service) {
		const struct ezlb_ipvs_seen seen = { reading->service, find_place(reading, line) };

		if (i >= sums->seen.len)
			*EZLB_PUSH(&sums->seen) = seen;
		sums->seen.items[i] = seen;
	}
	reading->at = sums->seen.items[i].at;
	if (reading->at != EZLB_IPVS_NO_SUM)
		add(reading, reading->service);
}

static bool take_number(struct words *rest, uint32_t *out)
{
	struct words word = word_next(rest);
	uint64_t n = 0;

	if (!word_is_number(word) || word.end - word.at > 10)
		return false;
	for (; word.at < word.end; word.at++)
		n = 10 * n + (uint64_t)(*word.at - '0');
	*out = (uint32_t)n;
	return n <= UINT32_MAX;
}

/* "  -> C0A80A0B:0050      Masq    1      0          3" */
static void read_dest(struct reading *reading, struct words line)
{
	struct ezlb_traffic_row row = { .service = reading->key, .of_dest = true };

	if (!word_is(word_next(&line), "->") || !parse_endpoint(word_next(&line), &row.backend))
		return;
	if (row.service.fwmark)
		row.service.listen.addr.family = row.backend.addr.family;
	word_next(&line); /* how it forwards */
	if (take_number(&line, &row.weight) && take_number(&line, &row.active) &&
	    take_number(&line, &row.inactive) && ezlb_scope_has(reading->scope, &row.service))
		*EZLB_PUSH(reading->dests) = row;
}

/* Skips spaces, and then what is no space. */
static const char *skip_word(const char *at, const char *end)
{
	while (at < end && *at == ' ')
		at++;
	while (at < end && *at != ' ' && *at != '\n')
		at++;
	return at;
}

/* Skips spaces and a number; NULL if there is none. */
static const char *skip_number(const char *at, const char *end)
{
	const char *begin;

	while (at < end && *at == ' ')
		at++;
	for (begin = at; at < end && *at >= '0' && *at <= '9'; at++)
		;
	return at > begin && at < end ? at : NULL;
}

/* Two numbers and the end of the line. */
static bool are_counts(const char *at, const char *end)
{
	at = skip_number(at, end);
	if (at && *at == ' ')
		at = skip_number(at, end);
	while (at && at < end && *at == ' ')
		at++;
	return at && at + 1 == end && *at == '\n';
}

/* "  -> C0A80A0B:0050      Masq    1      0          3": hashed without the last two columns. */
static void on_dest(struct reading *reading, struct words line)
{
	struct words row = { line.at, line.at };

	if (reading->at == EZLB_IPVS_NO_SUM)
		return;
	if (!reading->sums) {
		if (reading->at != STRANGE)
			read_dest(reading, line);
		return;
	}
	for (int i = 0; i < 4; i++)
		row.end = skip_word(row.end, line.end);
	if (are_counts(row.end, line.end))
		add(reading, row_print(reading->service, row));
	else /* unknown format, or cut: the hash must differ from that of a line with counts */
		add(reading, row_print(~reading->service, line));
}

static void on_line(void *arg, struct words line)
{
	struct reading *reading = arg;

	if (*line.at == ' ')
		on_dest(reading, line);
	else
		on_service(reading, line);
}

static int read_all(const char *path, struct reading *reading)
{
	return reading->scope->len == 0 ? 0 : words_read(path, 0, on_line, reading);
}

int ezlb_ipvs_procfs_sums(const char *path, const struct ezlb_scope *scope,
			  struct ezlb_ipvs_sums *sums)
{
	struct reading reading = { .scope = scope, .sums = sums, .at = EZLB_IPVS_NO_SUM };
	int rc;

	sums->of.len = 0;
	sums->strange = 0;

	for (size_t i = 0; i < scope->len; i++)
		*EZLB_PUSH(&sums->of) = 0;
	rc = read_all(path, &reading);
	if (rc == 0 && sums->seen.len > reading.services)
		sums->seen.len = reading.services;
	return rc;
}

uint64_t ezlb_ipvs_sums_total(const struct ezlb_ipvs_sums *sums)
{
	uint64_t total = sums->strange;

	for (size_t i = 0; i < sums->of.len; i++)
		total += sums->of.items[i];
	return total;
}

void ezlb_ipvs_sums_clear(struct ezlb_ipvs_sums *sums)
{
	EZLB_VEC_CLEAR(&sums->of);
	EZLB_VEC_CLEAR(&sums->seen);
	sums->strange = 0;
}

int ezlb_ipvs_procfs_print(const char *path, const struct ezlb_scope *scope, uint64_t *print)
{
	struct ezlb_ipvs_sums sums = { .strange = 0 };
	int rc = ezlb_ipvs_procfs_sums(path, scope, &sums);

	if (rc == 0)
		*print = ezlb_ipvs_sums_total(&sums);
	ezlb_ipvs_sums_clear(&sums);
	return rc;
}

int ezlb_ipvs_procfs_dests(const char *path, const struct ezlb_scope *scope,
			   struct ezlb_traffic *out)
{
	struct reading reading = { .scope = scope, .dests = out, .at = EZLB_IPVS_NO_SUM };
	int rc;

	out->len = 0;
	rc = read_all(path, &reading);
	if (rc < 0)
		out->len = 0;
	EZLB_SORT(out, ezlb_traffic_row_cmp);
	EZLB_UNIQUE(out, ezlb_traffic_row_cmp);
	return rc;
}

int ezlb_ipvs_connections(const struct ezlb_scope *scope, struct ezlb_traffic *out,
			  struct ezlb_err *err)
{
	int rc = ezlb_ipvs_procfs_dests(EZLB_IPVS_PROCFS, scope, out);

	return rc < 0 ? ezlb_err_sys(err, -rc, "cannot read " EZLB_IPVS_PROCFS) : 0;
}
