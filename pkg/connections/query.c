// SPDX-License-Identifier: GPL-2.0-or-later
/* query: what the user asks for, as a service, an address, or selects for the kernel. */
#include <ezlb/connections.h>

#include <errno.h>
#include <sys/socket.h>

#include <ezlb/suggest.h>

#include "who.h"

#define PROTOS 3

/* --- addresses ------------------------------------------------------------------------------- */

/* ::ffff:10.0.0.3 is 10.0.0.3: a socket of IPv6 shows a client of IPv4 so (RFC 4291 2.5.5.2). */
static void unmap(struct ezlb_addr *addr)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct ezlb_addr v4 = { .family = AF_INET };

	if (addr->family != AF_INET6 || memcmp(addr->bytes, mapped, sizeof(mapped)) != 0)
		return;
	memcpy(v4.bytes, addr->bytes + sizeof(mapped), 4);
	*addr = v4;
}

int ezlb_who_parse(const char *line, struct ezlb_endpoint *out, struct ezlb_err *err)
{
	static const char blanks[] = " \t\r\n";
	const char *start = line + strspn(line, blanks);
	EZLB_AUTO_FREE char *word = ezlb_strndup(start, strcspn(start, blanks));

	if (word[0] == '\0')
		return ezlb_err_set(err, ENODATA, "no address");
	if (ezlb_endpoint_parse(word, out, NULL) < 0)
		return ezlb_err_set(err, EINVAL,
				    "'%.60s' is no address with a port, like 10.0.0.3:40001 or "
				    "[fd00::3]:40001",
				    word);
	unmap(&out->addr);
	return 0;
}

static const struct ezlb_connections_service *find(const struct ezlb_connections_index *index,
						   const char *name)
{
	for (size_t i = 0; i < index->services.len; i++)
		if (strcmp(index->services.items[i].name, name) == 0)
			return &index->services.items[i];
	return NULL;
}

static int unknown(const struct ezlb_connections_index *index, const char *text,
		   struct ezlb_err *err)
{
	EZLB_AUTO_FREE const char **names = ezlb_calloc(index->services.len + 1, sizeof(*names));
	const char *near;

	for (size_t i = 0; i < index->services.len; i++)
		names[i] = index->services.items[i].name;
	near = ezlb_suggest(text, names, index->services.len);
	if (near)
		return ezlb_err_set(err, ENOENT, "no service '%.80s'; did you mean %s?", text,
				    near);
	return ezlb_err_set(err, ENOENT,
			    "'%.80s' is no service of the service files, and no address like "
			    "10.0.0.1, 10.0.0.1:80 or [fd00::1]:80",
			    text);
}

int ezlb_connections_query_parse(const struct ezlb_connections_index *index, const char *text,
				 struct ezlb_connections_query *out, struct ezlb_err *err)
{
	*out = (struct ezlb_connections_query){ .service = NULL };
	if (!text)
		return 0;
	if (ezlb_endpoint_parse(text, &out->at, NULL) == 0 ||
	    ezlb_addr_parse(text, &out->at.addr, NULL) == 0) {
		unmap(&out->at.addr);
		return 0;
	}
	out->service = find(index, text);
	return out->service ? 0 : unknown(index, text, err);
}

/* --- selects --------------------------------------------------------------------------------- */

/* One select has every connection, where there would be too many, or none would be exact. */
static void bound(struct ezlb_connection_selects *out, bool all)
{
	if (!all && out->len <= EZLB_CONNECTIONS_SELECTS_MAX)
		return;
	out->len = 0;
	*EZLB_PUSH(out) = (struct ezlb_connection_select){ .has_proto = false };
}

static void add_places(const struct ezlb_connections_places *places, const size_t *service,
		       struct ezlb_connection_selects *out)
{
	for (size_t i = 0; i < places->len && out->len <= EZLB_CONNECTIONS_SELECTS_MAX; i++) {
		const struct ezlb_connections_place *place = &places->items[i];

		if (!service || place->service == *service)
			*EZLB_PUSH(out) =
				(struct ezlb_connection_select){ .has_proto = true,
								 .proto = place->proto,
								 .listen = place->at,
								 .last_port = place->last_port };
	}
}

static bool has_mark(const struct ezlb_connections_index *index, const size_t *service)
{
	for (size_t i = 0; i < index->marks.len; i++)
		if (!service || index->marks.items[i].service == *service)
			return true;
	return false;
}

static void add_listeners(const struct ezlb_connections_index *index,
			  const struct ezlb_connections_service *service,
			  struct ezlb_connection_selects *out)
{
	size_t at = service ? (size_t)(service - index->services.items) : 0;
	const size_t *of = service ? &at : NULL;

	add_places(&index->listeners, of, out);
	add_places(&index->ranges, of, out);
	/* conntrack does not know the mark of the packets. */
	bound(out, has_mark(index, of));
}

/* The protocols of all services. */
static size_t protos_of(const struct ezlb_connections_index *index, enum ezlb_proto out[PROTOS])
{
	bool used[PROTOS] = { false };
	size_t n = 0;

	for (size_t i = 0; i < index->listeners.len; i++)
		used[index->listeners.items[i].proto] = true;
	for (size_t i = 0; i < index->ranges.len; i++)
		used[index->ranges.items[i].proto] = true;
	for (int proto = EZLB_TCP; proto <= EZLB_SCTP; proto++)
		if (used[proto] || index->marks.len > 0)
			out[n++] = (enum ezlb_proto)proto;
	return n;
}

static void add_roles(const struct ezlb_endpoint *at, struct ezlb_connection_select base,
		      struct ezlb_connection_selects *out)
{
	struct ezlb_connection_select select = base;

	select.client = *at;
	*EZLB_PUSH(out) = select;
	select = base;
	select.listen = *at;
	*EZLB_PUSH(out) = select;
	select = base;
	select.backend = *at;
	*EZLB_PUSH(out) = select;
}

static void add_address(const struct ezlb_connections_index *index, const struct ezlb_endpoint *at,
			struct ezlb_connection_selects *out)
{
	enum ezlb_proto protos[PROTOS];
	size_t n = protos_of(index, protos);

	if (at->port == 0) {
		add_roles(at, (struct ezlb_connection_select){ .has_proto = false }, out);
		return;
	}
	for (size_t i = 0; i < n; i++)
		add_roles(at,
			  (struct ezlb_connection_select){ .has_proto = true, .proto = protos[i] },
			  out);
}

void ezlb_connections_query_selects(const struct ezlb_connections_index *index,
				    const struct ezlb_connections_query *query,
				    struct ezlb_connection_selects *out)
{
	if (query->at.addr.family)
		add_address(index, &query->at, out);
	else
		add_listeners(index, query->service, out);
}

/* --- what the query means -------------------------------------------------------------------- */

static bool is_at(const struct ezlb_endpoint *want, const struct ezlb_endpoint *have)
{
	return ezlb_addr_cmp(&want->addr, &have->addr) == 0 &&
	       (want->port == 0 || want->port == have->port);
}

bool ezlb_connections_query_has(const struct ezlb_connections_query *query,
				const struct ezlb_connections_service *service,
				const struct ezlb_connection *connection, unsigned *roles)
{
	const struct ezlb_endpoint *at = &query->at;

	*roles = 0;
	if (query->service && query->service != service)
		return false;
	if (at->addr.family == 0)
		return true;
	*roles = (is_at(at, &connection->client) ? EZLB_ROLE_CLIENT : 0) |
		 (is_at(at, &connection->listen) ? EZLB_ROLE_LISTENER : 0);
	if (ezlb_connections_knows_backend(service, connection) && is_at(at, &connection->backend))
		*roles |= EZLB_ROLE_BACKEND;
	return *roles != 0;
}
