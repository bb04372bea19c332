// SPDX-License-Identifier: GPL-2.0-or-later
#include "own.h"

#include <sys/socket.h>

#include <ezlb/duration.h>

/* "0A000001 0050" or "fd00:0010:...:0001 0050" */
static bool parse_endpoint(struct words *rest, struct ezlb_endpoint *out)
{
	struct words addr = word_next(rest), port = word_next(rest);
	uint8_t bytes[2];

	*out = (struct ezlb_endpoint){ .addr.family = AF_INET };
	if (addr.end - addr.at == 8 ? !word_hex(&addr, out->addr.bytes, 4)
				    : !word_ipv6(&addr, &out->addr))
		return false;
	if (addr.at != addr.end || !word_hex(&port, bytes, 2) || port.at != port.end)
		return false;
	out->port = (uint16_t)(bytes[0] << 8 | bytes[1]);
	return true;
}

/* "TCP AC100002 D431 0A000001 0050 C0A80A0B 0050 ESTABLISHED LOCAL      899" */
bool own_parse(struct words line, struct ezlb_service_key *key)
{
	struct ezlb_endpoint client, backend;

	*key = (struct ezlb_service_key){ .proto = EZLB_TCP };
	return word_proto(word_next(&line), &key->proto) && parse_endpoint(&line, &client) &&
	       parse_endpoint(&line, &key->listen) && parse_endpoint(&line, &backend) &&
	       word_is(word_next(&line), "ESTABLISHED") && word_is(word_next(&line), "LOCAL");
}

struct reading {
	ezlb_ipvs_own_fn fn;
	void *arg;
};

static void on_line(void *arg, struct words line)
{
	const struct reading *reading = arg;
	struct ezlb_service_key key;

	if (own_parse(line, &key))
		reading->fn(reading->arg, &key);
}

int ezlb_ipvs_own_connections_of(const char *path, uint32_t most_ms, ezlb_ipvs_own_fn fn, void *arg)
{
	struct reading reading = { fn, arg };

	return words_read(path, ezlb_now_ms() + most_ms, on_line, &reading);
}

int ezlb_ipvs_own_connections(uint32_t most_ms, ezlb_ipvs_own_fn fn, void *arg)
{
	return ezlb_ipvs_own_connections_of(EZLB_IPVS_PROCFS_CONNS, most_ms, fn, arg);
}
