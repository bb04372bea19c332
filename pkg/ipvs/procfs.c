// SPDX-License-Identifier: GPL-2.0-or-later
#include "procfs.h"

#include <errno.h>
#include <sys/socket.h>

#include <ezlb/ipvs.h>

#include "words.h"

/* The state of one call, with the service whose dests follow. */
struct reading {
	const struct ezlb_scope *scope;
	bool included;	  /* the service is in scope, or of unknown format */
	uint64_t service; /* the hash of the service, if included */
	uint64_t print;
	struct ezlb_traffic *dests; /* read these, and make no hash; NULL: make one */
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

/*
 * Row hashes are added, so that the kernel's order does not matter. FNV is too linear for a sum:
 * two dests that swap their weights could give the same sum. Hence the splitmix64 finalizer.
 */
static uint64_t row_print(uint64_t service, struct words row)
{
	uint64_t h = ezlb_hash(row.at, (size_t)(row.end - row.at)) ^ service;

	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
	h = (h ^ h >> 27) * 0x94d049bb133111ebu;
	return h ^ h >> 31;
}

/* The line of a mark does not say its family. */
static bool in_scope(const struct ezlb_scope *scope, const struct ezlb_service_key *key)
{
	struct ezlb_service_key mark = *key;

	if (key->fwmark == 0)
		return ezlb_scope_has(scope, key);
	mark.listen.addr.family = AF_INET;
	if (ezlb_scope_has(scope, &mark))
		return true;
	mark.listen.addr.family = AF_INET6;
	return ezlb_scope_has(scope, &mark);
}

/* Hashes the whole line: the scheduler, "ops" and the persistence follow the key. */
static void on_service(struct reading *reading, struct words line)
{
	struct ezlb_service_key key = { .proto = EZLB_TCP };
	int rc = parse_service(line, &key);

	reading->included = rc == 0 ? in_scope(reading->scope, &key)
				    : rc == -EBADMSG && !reading->dests;
	reading->key = key;
	if (!reading->included || reading->dests)
		return;
	reading->service = row_print(0, line);
	reading->print += reading->service;
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

/* True for two numbers and the end of the line. */
static bool are_counts(struct words rest)
{
	for (int i = 0; i < 2; i++) {
		if (!word_is_number(word_next(&rest)))
			return false;
	}
	return word_is(word_next(&rest), "") && word_char(&rest, '\n');
}

/* "  -> C0A80A0B:0050      Masq    1      0          3": hashed without the last two columns. */
static void on_dest(struct reading *reading, struct words line)
{
	struct words row = line, rest = line;

	if (!reading->included)
		return;
	if (reading->dests) {
		read_dest(reading, line);
		return;
	}
	for (int i = 0; i < 4; i++)
		row.end = word_next(&rest).end;
	if (are_counts(rest))
		reading->print += row_print(reading->service, row);
	else /* unknown format, or cut: the hash must differ from that of a line with counts */
		reading->print += row_print(~reading->service, line);
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

int ezlb_ipvs_procfs_print(const char *path, const struct ezlb_scope *scope, uint64_t *print)
{
	struct reading reading = { .scope = scope };
	int rc = read_all(path, &reading);

	if (rc == 0)
		*print = reading.print;
	return rc;
}

int ezlb_ipvs_procfs_dests(const char *path, const struct ezlb_scope *scope,
			   struct ezlb_traffic *out)
{
	struct reading reading = { .scope = scope, .dests = out };
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
