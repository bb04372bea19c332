// SPDX-License-Identifier: GPL-2.0-or-later
/* The output of `ipvsadm -S`, and scripts of such lines. */
#include "formats.h"

#include <arpa/inet.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <ezlb/config.h>
#include <ezlb/table.h>

#include "ipvsadm.h"

#define ERRORS_MAX 20
#define USE_SAVE   "use the output of `ipvsadm -Sn`"

/* The protocol and the address, or the mark, of a service. */
static bool read_key(struct parser *p, const struct args *args, struct ezlb_service_key *out)
{
	static const struct {
		enum option option;
		enum ezlb_proto proto;
	} kinds[] = { { OPT_TCP, EZLB_TCP }, { OPT_UDP, EZLB_UDP }, { OPT_SCTP, EZLB_SCTP } };

	*out = (struct ezlb_service_key){ .proto = EZLB_TCP };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (args->value[kinds[i].option]) {
			out->proto = kinds[i].proto;
			return ipvsadm_endpoint(p, args, kinds[i].option, &out->listen);
		}
	if (!args->value[OPT_FWMARK])
		return ipvsadm_refuse(p, args, OPT_ADD_SERVICE, NULL, "this line names no service:",
				      args->value[OPT_ADD_SERVICE] ? "-A" : "-a");
	out->listen.addr.family = args->value[OPT_IPV6] ? AF_INET6 : AF_INET;
	return ipvsadm_mark(p, args, &out->fwmark);
}

static size_t hash(const struct ezlb_service_key *key)
{
	unsigned char bytes[24] = { (unsigned char)key->proto, key->listen.addr.family,
				    (unsigned char)(key->listen.port >> 8),
				    (unsigned char)key->listen.port };

	memcpy(bytes + 4, &key->fwmark, sizeof(key->fwmark));
	memcpy(bytes + 8, key->listen.addr.bytes, sizeof(key->listen.addr.bytes));
	return ezlb_hash(bytes, sizeof(bytes)) % SLOTS;
}

/* The slot of a service, or the empty one for it. Half of the slots stay empty. */
static size_t *slot_of(struct parser *p, const struct ezlb_service_key *key)
{
	size_t i = hash(key);

	while (p->slots[i] &&
	       ezlb_service_key_cmp(&p->services.items[p->slots[i] - 1].key, key) != 0)
		i = (i + 1) % SLOTS;
	return &p->slots[i];
}

static const char *name_of(const struct ezlb_service_key *key, char *buf, size_t size)
{
	char text[EZLB_ENDPOINT_STRLEN];

	if (key->fwmark)
		snprintf(buf, size, "fwmark-%u%s", (unsigned)key->fwmark,
			 key->listen.addr.family == AF_INET6 ? "-ipv6" : "");
	else
		snprintf(buf, size, "%s-%s", ezlb_proto_str(key->proto),
			 ezlb_endpoint_format(&key->listen, text));
	return buf;
}

static void add_listener(struct parser *p, const struct service *service, const struct args *args)
{
	struct ezlb_endpoint first = service->key.listen;

	if (service->key.fwmark) {
		ezlb_config_add_mark(service->spec, first.addr.family, service->key.fwmark);
	} else if (first.port) {
		ezlb_config_add_listener(service->spec, service->key.proto, &first, 0);
	} else {
		first.port = 1;
		ezlb_config_add_listener(service->spec, service->key.proto, &first, UINT16_MAX);
		ipvsadm_note(p, service, args, OPT_ADD_SERVICE, EZLB_IMPORT_CHANGED,
			     "port 0: the service is the range 1-65535 now, with a firewall mark");
	}
}

/* ipvsadm probes nothing: neither does the file, so that everything is as before. */
static void no_check(struct parser *p, const struct service *service, const struct args *args)
{
	bool tcp = !service->key.fwmark && service->key.proto == EZLB_TCP;

	service->spec->check.type = EZLB_CHECK_NONE;
	ipvsadm_note(
		p, service, args, OPT_ADD_SERVICE, EZLB_IMPORT_ADVICE,
		tcp ? "health_check: off, because ipvsadm has none. Remove `enabled: false` to have "
		      "each backend probed by TCP."
		    : "health_check: none, as with ipvsadm. Write one with type and port to have the "
		      "backends probed.");
}

static void add_service(struct parser *p, const struct args *args)
{
	struct service service = { .spec = NULL };
	char wanted[EZLB_ENDPOINT_STRLEN + 16], name[EZLB_NAME_MAX + 1];
	size_t *slot;

	if (!read_key(p, args, &service.key))
		return;
	slot = slot_of(p, &service.key);
	name_of(&service.key, wanted, sizeof(wanted));
	if (*slot) {
		ipvsadm_refuse(p, args, OPT_ADD_SERVICE, "remove one",
			       "this service is there twice:", wanted);
		return;
	}
	ezlb_import_name(p->import, wanted, name);
	service.spec = ezlb_config_defaults(name);
	service.spec->file = ezlb_strdup(p->src.file);
	service.spec->name_at = args->start;
	add_listener(p, &service, args);
	service.broken = !ipvsadm_scheduler(p, &service, args) ||
			 !ipvsadm_persistence(p, &service, args);
	no_check(p, &service, args);
	/* The import has it from now on, so that the next name is another one. */
	if (!ezlb_import_add(p->import, service.spec))
		return;
	*EZLB_PUSH(&p->services) = service;
	*slot = p->services.len;
}

static bool read_tunnel(struct parser *p, const struct args *args, struct ezlb_tunnel *out)
{
	const char *type = args->value[OPT_TUN_TYPE];
	uint32_t port = 0;

	*out = (struct ezlb_tunnel){ .type = EZLB_TUNNEL_IPIP };
	if (type && ezlb_tunnel_type_parse(type, &out->type) < 0)
		return ipvsadm_refuse(p, args, OPT_TUN_TYPE, "one of: ipip gue gre",
				      "unknown tunnel type", type);
	if (args->value[OPT_TUN_PORT] && !ipvsadm_number(p, args, OPT_TUN_PORT, UINT16_MAX, &port))
		return false;
	out->port = (uint16_t)port;
	if (args->value[OPT_TUN_CSUM])
		out->checksum = EZLB_TUNNEL_CSUM;
	else if (args->value[OPT_TUN_REMCSUM])
		out->checksum = EZLB_TUNNEL_REMCSUM;
	return true;
}

static bool same_tunnel(const struct ezlb_tunnel *a, const struct ezlb_tunnel *b)
{
	return a->type == b->type && a->port == b->port && a->checksum == b->checksum;
}

/* A service file has one way to its backends. */
static bool read_forward(struct parser *p, struct service *service, const struct args *args)
{
	struct ezlb_spec *spec = service->spec;
	enum ezlb_forward forward = args->value[OPT_MASQ]     ? EZLB_MASQ
				    : args->value[OPT_TUNNEL] ? EZLB_TUNNEL
							      : EZLB_DIRECT;
	struct ezlb_tunnel tunnel = { .type = EZLB_TUNNEL_IPIP };

	if (forward == EZLB_TUNNEL && !read_tunnel(p, args, &tunnel))
		return false;
	if (spec->n_backends == 0) {
		spec->forward = forward;
		spec->tunnel = tunnel;
		if (forward == EZLB_MASQ)
			ipvsadm_note(
				p, service, args, OPT_ADD_SERVER, EZLB_IMPORT_ADVICE,
				"full_nat: false, as with ipvsadm: the backends answer through this "
				"host. With `full_nat: true` they need not.");
		return true;
	}
	if (spec->forward == forward && same_tunnel(&spec->tunnel, &tunnel))
		return true;
	return ipvsadm_refuse(
		p, args, OPT_SERVER, "all backends of a service file have the same forward",
		"another forwarding method than the backends above:", args->value[OPT_SERVER]);
}

static bool read_numbers(struct parser *p, const struct args *args, struct ezlb_backend *to)
{
	p->thresholds = p->thresholds || args->value[OPT_UPPER] || args->value[OPT_LOWER];
	return (!args->value[OPT_WEIGHT] ||
		ipvsadm_number(p, args, OPT_WEIGHT, INT32_MAX, &to->weight)) &&
	       (!args->value[OPT_UPPER] ||
		ipvsadm_number(p, args, OPT_UPPER, UINT32_MAX, &to->upper)) &&
	       (!args->value[OPT_LOWER] ||
		ipvsadm_number(p, args, OPT_LOWER, UINT32_MAX, &to->lower));
}

/* IPVS does not look at it: with a mark the packet keeps the port that the client used. */
static void drop_port(struct parser *p, struct service *service, const struct args *args,
		      struct ezlb_endpoint *to)
{
	if (!to->port || !service->key.fwmark || service->spec->forward == EZLB_MASQ)
		return;
	ezlb_import_note(p->import, EZLB_IMPORT_CHANGED, p->src.file, args->at[OPT_SERVER],
			 service->spec->name,
			 "-r: without the port %u: with a mark and -g or -i IPVS ignores it, and "
			 "packets keep the port that the client used",
			 (unsigned)to->port);
	to->port = 0;
}

static bool read_server(struct parser *p, struct service *service, const struct args *args)
{
	struct ezlb_backend backend = { .weight = 1 };

	if (!args->value[OPT_SERVER])
		return ipvsadm_refuse(p, args, OPT_ADD_SERVER, NULL,
				      "this line names no server:", "-a");
	if (!ipvsadm_endpoint(p, args, OPT_SERVER, &backend.endpoint) ||
	    !read_forward(p, service, args) || !read_numbers(p, args, &backend))
		return false;
	drop_port(p, service, args, &backend.endpoint);
	if (!backend.endpoint.port)
		backend.endpoint.port = service->key.listen.port;
	if (backend.weight == 0 && !service->key.fwmark && service->key.proto == EZLB_UDP)
		ipvsadm_note(
			p, service, args, OPT_SERVER, EZLB_IMPORT_CHANGED,
			"-w 0: a udp backend of weight 0 is not in IPVS, so that its flows move to "
			"other backends");
	*ezlb_config_add_backend(service->spec, &backend.endpoint) = backend;
	return true;
}

static void add_server(struct parser *p, const struct args *args)
{
	struct ezlb_service_key key;
	size_t *slot;

	if (!read_key(p, args, &key))
		return;
	slot = slot_of(p, &key);
	if (!*slot)
		ipvsadm_refuse(p, args, OPT_ADD_SERVER, "a line with -A comes first",
			       "there is no such service for",
			       args->value[OPT_SERVER] ? args->value[OPT_SERVER] : "-a");
	else if (!read_server(p, &p->services.items[*slot - 1], args))
		p->services.items[*slot - 1].broken = true;
}

static void note_timeouts(struct parser *p, const struct args *args)
{
	const char *tcp = args->value[OPT_SET], *fin = args->rest[0], *udp = args->rest[1];

	ezlb_import_note(p->import, EZLB_IMPORT_CHANGED, p->src.file, args->start, "",
			 "--set: give `ezlb run` the flags --ipvs-timeout-tcp=%ss "
			 "--ipvs-timeout-tcpfin=%ss --ipvs-timeout-udp=%ss; leave out those of 0",
			 tcp, fin ? fin : "0", udp ? udp : "0");
}

static void read_line(struct parser *p, const struct args *args)
{
	if (args->value[OPT_ADD_SERVICE])
		add_service(p, args);
	else if (args->value[OPT_ADD_SERVER])
		add_server(p, args);
	else if (args->value[OPT_SET])
		note_timeouts(p, args);
	else if (args->value[OPT_DAEMON])
		ezlb_import_note(p->import, EZLB_IMPORT_DROPPED, p->src.file, args->start, "",
				 "the synchronization of connections: the flags --sync-interface "
				 "and --sync-id of `ezlb run` do it");
	else if (args->value[OPT_CHANGE] || args->value[OPT_LIST])
		ipvsadm_refuse(p, args, args->value[OPT_CHANGE] ? OPT_CHANGE : OPT_LIST, USE_SAVE,
			       "only services and servers that are added can be read:",
			       args->value[OPT_CHANGE] ? "-E, -e, -D or -d" : "-L");
}

/* A server that cannot be read is one that its service has not; its key comes first in the line. */
static void lose_server(struct parser *p, const struct args *args)
{
	struct ezlb_service_key key;
	size_t *slot;

	if (!args->value[OPT_ADD_SERVER] ||
	    (!args->value[OPT_TCP] && !args->value[OPT_UDP] && !args->value[OPT_SCTP] &&
	     !args->value[OPT_FWMARK]) ||
	    !read_key(p, args, &key))
		return;
	slot = slot_of(p, &key);
	if (*slot)
		p->services.items[*slot - 1].broken = true;
}

/* Where reading ends early, any service may have more servers. */
static void read_lines(struct parser *p)
{
	const char *line = p->src.text, *end = line + p->src.len;

	for (int n = 1; line < end && p->src.n_errors < ERRORS_MAX && !p->import->full; n++) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));
		struct args args;

		if (!eol)
			eol = end;
		if (ipvsadm_args_read(&p->src, line, (size_t)(eol - line), n, &args))
			read_line(p, &args);
		else
			lose_server(p, &args);
		ipvsadm_args_clear(&args);
		line = eol + 1;
	}
	for (size_t i = 0; i < p->services.len && line < end && !p->import->full; i++)
		p->services.items[i].broken = true;
}

/* A part of a service would not be the service. */
static void drop_broken(struct parser *p)
{
	struct ezlb_import *import = p->import;
	size_t kept = import->specs.len - p->services.len;

	for (size_t i = 0; i < p->services.len; i++) {
		struct service *service = &p->services.items[i];

		if (service->broken)
			ezlb_spec_free(service->spec);
		else
			import->specs.items[kept++] = service->spec;
	}
	import->specs.len = kept;
}

static bool is_list(const struct ezlb_source *src)
{
	static const char head[] = "IP Virtual Server version";

	return src->len >= sizeof(head) - 1 && memcmp(src->text, head, sizeof(head) - 1) == 0;
}

static void read_text(struct parser *p)
{
	if (is_list(&p->src)) {
		ezlb_source_refuse(&p->src, (struct ezlb_mark){ 1, 1 }, EZLB_E_SYNTAX, USE_SAVE,
				   "this is the output of `ipvsadm -L`");
		return;
	}
	read_lines(p);
	if (p->services.len > 0 && !p->thresholds)
		ezlb_import_note(p->import, EZLB_IMPORT_ADVICE, p->src.file,
				 (struct ezlb_mark){ 0 }, "",
				 "thresholds: `ipvsadm -S` does not print them. If `ipvsadm -Ln "
				 "--thresholds` shows some, write upper_threshold and "
				 "lower_threshold yourself");
	drop_broken(p);
}

void ezlb_import_ipvsadm(struct ezlb_import *import, const char *file, const char *text, size_t len)
{
	static const struct ezlb_yaml_limits limits = { .bytes = EZLB_IMPORT_BYTES_MAX };
	struct parser *p = ezlb_calloc(1, sizeof(*p));

	p->import = import;
	if (ezlb_source_open(&p->src, file, text, len, &limits, &import->diags))
		read_text(p);
	EZLB_VEC_CLEAR(&p->services);
	free(p);
}
