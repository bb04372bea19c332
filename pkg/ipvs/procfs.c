// SPDX-License-Identifier: GPL-2.0-or-later
#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ezlb/ipvs.h>

/* The kernel's longest line has about 110 characters; one read returns about one page. */
#define BUFFER 16384

struct text {
	const char *at, *end;
};

/* The state of one call, with the service whose dests follow. */
struct reading {
	const struct ezlb_scope *scope;
	bool included;	  /* the service is in scope, or of unknown format */
	uint64_t service; /* the hash of the service, if included */
	uint64_t print;
	struct ezlb_traffic *dests; /* read these, and make no hash; NULL: make one */
	struct ezlb_service_key key;
};

/* --- words --------------------------------------------------------------------------------- */

static struct text take_word(struct text *rest)
{
	struct text word;

	while (rest->at < rest->end && *rest->at == ' ')
		rest->at++;
	word.at = rest->at;
	while (rest->at < rest->end && *rest->at != ' ' && *rest->at != '\n')
		rest->at++;
	word.end = rest->at;
	return word;
}

static bool is(struct text word, const char *want)
{
	size_t len = strlen(want);

	return (size_t)(word.end - word.at) == len && memcmp(word.at, want, len) == 0;
}

static bool is_number(struct text word)
{
	if (word.at == word.end)
		return false;
	while (word.at < word.end && *word.at >= '0' && *word.at <= '9')
		word.at++;
	return word.at == word.end;
}

static bool take_char(struct text *rest, char want)
{
	if (rest->at == rest->end || *rest->at != want)
		return false;
	rest->at++;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Reads n bytes of two digits each. */
static bool take_hex(struct text *rest, uint8_t *bytes, size_t n)
{
	if ((size_t)(rest->end - rest->at) < 2 * n)
		return false;
	for (size_t i = 0; i < n; i++, rest->at += 2) {
		int high = hex_digit(rest->at[0]), low = hex_digit(rest->at[1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* --- lines --------------------------------------------------------------------------------- */

/* "fd00:0010:0000:0000:0000:0000:0000:0001]": the kernel's %pI6 writes all zeros. */
static bool take_ipv6(struct text *rest, struct ezlb_addr *out)
{
	out->family = AF_INET6;
	for (size_t i = 0; i < 8; i++) {
		if ((i > 0 && !take_char(rest, ':')) || !take_hex(rest, &out->bytes[2 * i], 2))
			return false;
	}
	return take_char(rest, ']');
}

/* "0A000001:0050" or "[fd00:...]:0050" */
static bool parse_endpoint(struct text word, struct ezlb_endpoint *out)
{
	uint8_t port[2];

	*out = (struct ezlb_endpoint){ .addr.family = AF_INET };
	if (take_char(&word, '[') ? !take_ipv6(&word, &out->addr)
				  : !take_hex(&word, out->addr.bytes, 4))
		return false;
	if (!take_char(&word, ':') || !take_hex(&word, port, 2))
		return false;
	out->port = (uint16_t)(port[0] << 8 | port[1]);
	return word.at == word.end;
}

static bool parse_proto(struct text word, enum ezlb_proto *out)
{
	static const char *const words[] = {
		[EZLB_TCP] = "TCP",
		[EZLB_UDP] = "UDP",
		[EZLB_SCTP] = "SCTP",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (is(word, words[i])) {
			*out = (enum ezlb_proto)i;
			return true;
		}
	}
	return false;
}

/* "00000007" */
static int parse_mark(struct text word, uint32_t *out)
{
	uint8_t bytes[4];

	if (!take_hex(&word, bytes, sizeof(bytes)) || word.at != word.end)
		return -EBADMSG;
	*out = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
	return 0;
}

/* As in the codec, -EPROTONOSUPPORT: a valid line, but not a service that ezlb can have. */
static int parse_service(struct text line, struct ezlb_service_key *key)
{
	struct text word = take_word(&line);

	/* A heading: "IP Virtual Server", "Prot LocalAddress". */
	if (is(word, "IP") || is(word, "Prot"))
		return -EPROTONOSUPPORT;
	if (is(word, "FWM"))
		return parse_mark(take_word(&line), &key->fwmark);
	if (!parse_proto(word, &key->proto) || !parse_endpoint(take_word(&line), &key->listen))
		return -EBADMSG;
	return 0;
}

/*
 * Row hashes are added, so that the kernel's order does not matter. FNV is too linear for a sum:
 * two dests that swap their weights could give the same sum. Hence the splitmix64 finalizer.
 */
static uint64_t row_print(uint64_t service, struct text row)
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
static void on_service(struct reading *reading, struct text line)
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

static bool take_number(struct text *rest, uint32_t *out)
{
	struct text word = take_word(rest);
	uint64_t n = 0;

	if (!is_number(word) || word.end - word.at > 10)
		return false;
	for (; word.at < word.end; word.at++)
		n = 10 * n + (uint64_t)(*word.at - '0');
	*out = (uint32_t)n;
	return n <= UINT32_MAX;
}

/* "  -> C0A80A0B:0050      Masq    1      0          3" */
static void read_dest(struct reading *reading, struct text line)
{
	struct ezlb_traffic_row row = { .service = reading->key, .of_dest = true };

	if (!is(take_word(&line), "->") || !parse_endpoint(take_word(&line), &row.backend))
		return;
	if (row.service.fwmark)
		row.service.listen.addr.family = row.backend.addr.family;
	take_word(&line); /* how it forwards */
	if (take_number(&line, &row.weight) && take_number(&line, &row.active) &&
	    take_number(&line, &row.inactive) && ezlb_scope_has(reading->scope, &row.service))
		*EZLB_PUSH(reading->dests) = row;
}

/* True for two numbers and the end of the line. */
static bool are_counts(struct text rest)
{
	for (int i = 0; i < 2; i++) {
		if (!is_number(take_word(&rest)))
			return false;
	}
	return is(take_word(&rest), "") && take_char(&rest, '\n');
}

/* "  -> C0A80A0B:0050      Masq    1      0          3": hashed without the last two columns. */
static void on_dest(struct reading *reading, struct text line)
{
	struct text row = line, rest = line;

	if (!reading->included)
		return;
	if (reading->dests) {
		read_dest(reading, line);
		return;
	}
	for (int i = 0; i < 4; i++)
		row.end = take_word(&rest).end;
	if (are_counts(rest))
		reading->print += row_print(reading->service, row);
	else /* unknown format, or cut: the hash must differ from that of a line with counts */
		reading->print += row_print(~reading->service, line);
}

/* `line` includes its newline, which the last line may lack. */
static void on_line(struct reading *reading, struct text line)
{
	if (*line.at == ' ')
		on_dest(reading, line);
	else
		on_service(reading, line);
}

/* Moves an incomplete last line to the front of buf and returns its length. */
static size_t on_text(struct reading *reading, char *buf, size_t len)
{
	struct text rest = { buf, buf + len };
	const char *newline;

	while ((newline = memchr(rest.at, '\n', (size_t)(rest.end - rest.at)))) {
		on_line(reading, (struct text){ rest.at, newline + 1 });
		rest.at = newline + 1;
	}
	len = (size_t)(rest.end - rest.at);
	if (len == BUFFER) { /* longer than any line of the kernel: treat this part as a line */
		on_line(reading, rest);
		return 0;
	}
	memmove(buf, rest.at, len);
	return len;
}

static int read_all(const char *path, struct reading *reading)
{
	EZLB_AUTO_CLOSE int fd = -1;
	char buf[BUFFER];
	size_t left = 0;
	ssize_t n;

	if (reading->scope->len == 0)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf + left, sizeof(buf) - left)) > 0)
		left = on_text(reading, buf, left + (size_t)n);
	if (n < 0)
		return -errno;
	if (left > 0)
		on_line(reading, (struct text){ buf, buf + left });
	return 0;
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
