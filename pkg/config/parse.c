// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/config.h>

#include <stdio.h>

#include <ezlb/suggest.h>
#include <ezlb/table.h>

#include "fields.h"
#include "node.h"
#include "reader.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define MAX_FIELDS 16

/* One key of a mapping. */
struct field {
	const char *name;
	void (*read)(struct reader *r, const struct node *node);
	const char *needed; /* the help text if a required key is missing; NULL: optional */
};

static const struct field *find_field(const struct field *fields, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

static void refuse_key(struct source *src, const struct node *node, const struct field *fields,
		       size_t n)
{
	const char *names[MAX_FIELDS], *near;
	char shown[SHOW_STRLEN], help[64];

	for (size_t i = 0; i < n; i++)
		names[i] = fields[i].name;
	near = ezlb_suggest(node->key, names, n);
	snprintf(help, sizeof(help), "did you mean '%s'?", near ? near : "");
	ezlb_source_refuse(src, node->key_at, EZLB_E_UNKNOWN_KEY, near ? help : NULL,
			   "unknown key '%s'", ezlb_source_show(node->key, shown));
}

static void read_fields(struct reader *r, const struct node *map, const struct field *fields,
			size_t n)
{
	bool seen[MAX_FIELDS] = { false };

	for (const struct node *node = map->first; node; node = node->next) {
		const struct field *field = find_field(fields, n, node->key);

		if (!field && strncmp(node->key, "x-", 2) != 0)
			refuse_key(r->src, node, fields, n);
		/* A duplicate has already been reported. */
		if (!field || seen[field - fields])
			continue;
		seen[field - fields] = true;
		field->read(r, node);
	}
	for (size_t i = 0; i < n; i++)
		if (fields[i].needed && !seen[i])
			ezlb_source_refuse(r->src, map->at, EZLB_E_MISSING, fields[i].needed,
					   "'%s' is missing", fields[i].name);
}

/* A DNS label, RFC 1035 2.3.1 with the leading digits of RFC 1123 2.1. */
static bool is_label(const char *text)
{
	static const char alnum[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t len = strlen(text);

	if (len == 0 || len > EZLB_NAME_MAX || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!memchr(alnum, text[i], sizeof(alnum) - 1) && text[i] != '-')
			return false;
	return true;
}

static void read_name(struct reader *r, const struct node *node)
{
	const char *text;
	char shown[SHOW_STRLEN];

	r->spec->name_at = node->at;
	if (!ezlb_field_text(r->src, node, &text))
		return;
	if (is_label(text))
		ezlb_strcpy(r->spec->name, sizeof(r->spec->name), text);
	else
		ezlb_source_refuse(r->src, node->at, EZLB_E_VALUE,
				   "use a-z, 0-9 and '-' inside, at most 63 characters",
				   "'%s' cannot be a service name", ezlb_source_show(text, shown));
}

/* Without `name` the base name of the file is the service name. */
static void default_name(struct reader *r, const struct node *root)
{
	const char *slash = strrchr(r->src->file, '/'), *base = slash ? slash + 1 : r->src->file;
	size_t len = strlen(base);
	EZLB_AUTO_FREE char *name = NULL;
	char shown[SHOW_STRLEN];

	if (r->spec->name_at.line > 0)
		return;
	r->spec->name_at = root->at;
	if (len >= 5 && strcmp(base + len - 5, ".yaml") == 0)
		len -= 5;
	else if (len >= 4 && strcmp(base + len - 4, ".yml") == 0)
		len -= 4;
	name = ezlb_strndup(base, len);
	if (is_label(name))
		ezlb_strcpy(r->spec->name, sizeof(r->spec->name), name);
	else
		ezlb_source_refuse(r->src, root->at, EZLB_E_VALUE,
				   "set name: to a-z, 0-9 and '-' inside, at most 63 characters",
				   "the file's name '%s' cannot be the service's name",
				   ezlb_source_show(name, shown));
}

static void read_listen(struct reader *r, const struct node *node)
{
	r->spec->listen_at = node->at;
	ezlb_field_endpoint(r->src, node, &r->spec->listen);
}

static void read_protocol(struct reader *r, const struct node *node)
{
	static const char *const words[] = { "tcp", "udp", "sctp", NULL };
	const char *word;

	if (ezlb_field_word(r->src, node, words, &word))
		ezlb_proto_parse(word, &r->spec->proto);
}

static void read_scheduler(struct reader *r, const struct node *node)
{
	static const char *const words[] = { "rr",  "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh",
					     "sed", "nq",  "fo", "ovf", "mh",	"twos",	 NULL };
	const char *word;

	if (ezlb_field_word(r->src, node, words, &word))
		ezlb_strcpy(r->spec->scheduler, sizeof(r->spec->scheduler), word);
}

static void read_forward(struct reader *r, const struct node *node)
{
	static const char *const words[] = { "masq", "direct", "tunnel", NULL };
	const char *word;

	r->forward_at = node->at;
	if (ezlb_field_word(r->src, node, words, &word))
		ezlb_forward_parse(word, &r->spec->forward);
}

static void read_full_nat(struct reader *r, const struct node *node)
{
	r->full_nat_unclear = !ezlb_field_bool(r->src, node, &r->spec->full_nat);
}

static void read_snat_ip(struct reader *r, const struct node *node)
{
	if (ezlb_node_empty(node)) /* same as missing: MASQUERADE */
		return;
	r->spec->snat_ip_at = node->at;
	ezlb_field_range(r->src, node, &r->spec->snat_ip);
}

static void read_traffic_log(struct reader *r, const struct node *node)
{
	ezlb_field_bool(r->src, node, &r->spec->traffic_log);
}

static void read_address(struct reader *r, const struct node *node)
{
	r->backend->at = node->at;
	ezlb_field_endpoint(r->src, node, &r->backend->endpoint);
}

static void read_weight(struct reader *r, const struct node *node)
{
	ezlb_field_uint(r->src, node, (struct bounds){ 0, 65535 }, &r->backend->weight);
}

static const struct field backend_fields[] = {
	{ "address", read_address, "write - address: IP:port" },
	{ "weight", read_weight, NULL },
};

static void read_backends(struct reader *r, const struct node *node)
{
	static const char one[] = "write at least one '- address: IP:port' below backends:";
	struct ezlb_spec *spec = r->spec;
	size_t n = 0;

	if (!ezlb_field_is(r->src, node, NODE_LIST, one))
		return;
	for (const struct node *item = node->first; item; item = item->next)
		n++;
	if (n == 0)
		ezlb_source_refuse(r->src, node->at, EZLB_E_MISSING, one,
				   "at least one backend is needed");
	if (n > EZLB_BACKENDS_MAX) {
		ezlb_source_refuse(r->src, node->at, EZLB_E_SIZE,
				   "put the others in another file with its own listener",
				   "%zu backends: a service may have at most %d", n,
				   EZLB_BACKENDS_MAX);
		return;
	}
	spec->backends = ezlb_calloc(n, sizeof(*spec->backends));
	for (const struct node *item = node->first; item; item = item->next) {
		if (!ezlb_field_is(r->src, item, NODE_MAP, "write - address: IP:port"))
			continue;
		r->backend = &spec->backends[spec->n_backends++];
		*r->backend = (struct ezlb_backend){ .weight = 1, .at = item->at };
		read_fields(r, item, backend_fields, COUNT(backend_fields));
	}
}

static void read_enabled(struct reader *r, const struct node *node)
{
	bool enabled = true;

	if (ezlb_field_bool(r->src, node, &enabled) && enabled)
		r->check_on_at = node->at;
	r->check_off = !enabled;
}

static void read_check_type(struct reader *r, const struct node *node)
{
	static const char *const words[] = { "tcp", "http", "https", NULL };
	const char *word;

	r->check_type_given = true;
	if (node->kind == NODE_SCALAR && strcmp(node->text, "udp") == 0)
		ezlb_source_refuse(r->src, node->at, EZLB_E_UNSUPPORTED,
				   "use tcp, http or https, or remove health_check: a udp service "
				   "then has no check",
				   "health checks of type udp are not supported yet");
	else if (ezlb_field_word(r->src, node, words, &word))
		ezlb_check_type_parse(word, &r->spec->check.type);
}

static void read_interval(struct reader *r, const struct node *node)
{
	ezlb_field_duration(r->src, node, (struct bounds){ 100, 3600 * 1000 },
			    &r->spec->check.interval_ms);
}

static void read_timeout(struct reader *r, const struct node *node)
{
	ezlb_field_duration(r->src, node, (struct bounds){ 10, 300 * 1000 },
			    &r->spec->check.timeout_ms);
}

static void read_fail_count(struct reader *r, const struct node *node)
{
	ezlb_field_uint(r->src, node, (struct bounds){ 1, 100 }, &r->spec->check.fail_count);
}

static void read_rise_count(struct reader *r, const struct node *node)
{
	ezlb_field_uint(r->src, node, (struct bounds){ 1, 100 }, &r->spec->check.rise_count);
}

/* The request contains the path verbatim: no line end, and no '#', which the client cuts off. */
static bool is_path(const char *text)
{
	size_t n = 0;

	while (text[n] > ' ' && text[n] < 0x7f && text[n] != '#')
		n++;
	return text[0] == '/' && text[n] == '\0';
}

static void set_text(char **to, const char *text)
{
	free(*to);
	*to = ezlb_strdup(text);
}

static void read_http_path(struct reader *r, const struct node *node)
{
	const char *text;
	char shown[SHOW_STRLEN];

	if (!ezlb_field_text(r->src, node, &text))
		return;
	if (!is_path(text))
		ezlb_source_refuse(r->src, node->at, EZLB_E_VALUE,
				   "begin with '/'; write spaces and other characters as %20 and "
				   "so on",
				   "'%s' is not a path", ezlb_source_show(text, shown));
	else if (strlen(text) > EZLB_PATH_MAX)
		ezlb_source_refuse(r->src, node->at, EZLB_E_VALUE, NULL,
				   "http_path is longer than %d bytes", EZLB_PATH_MAX);
	else
		set_text(&r->spec->check.request->path, text);
}

static void read_http_status(struct reader *r, const struct node *node)
{
	uint32_t status;

	if (ezlb_field_uint(r->src, node, (struct bounds){ 100, 599 }, &status))
		r->spec->check.request->statuses.items[0] =
			(struct ezlb_code_range){ (uint16_t)status, (uint16_t)status };
}

static const struct field check_fields[] = {
	{ "enabled", read_enabled, NULL },	 { "type", read_check_type, NULL },
	{ "interval", read_interval, NULL },	 { "timeout", read_timeout, NULL },
	{ "fail_count", read_fail_count, NULL }, { "rise_count", read_rise_count, NULL },
	{ "http_path", read_http_path, NULL },	 { "http_expected_status", read_http_status, NULL },
};

static void read_check(struct reader *r, const struct node *node)
{
	if (ezlb_field_is(r->src, node, NODE_MAP, "indent its keys below health_check:"))
		read_fields(r, node, check_fields, COUNT(check_fields));
}

static const struct field service_fields[] = {
	{ "name", read_name, NULL },
	{ "listen", read_listen, "write listen: IP:port" },
	{ "protocol", read_protocol, NULL },
	{ "scheduler", read_scheduler, NULL },
	{ "forward", read_forward, NULL },
	{ "full_nat", read_full_nat, NULL },
	{ "snat_ip", read_snat_ip, NULL },
	{ "backends", read_backends, "write backends: and below it '- address: IP:port'" },
	{ "health_check", read_check, NULL },
	{ "traffic_log", read_traffic_log, NULL },
};

_Static_assert(COUNT(service_fields) <= MAX_FIELDS, "raise MAX_FIELDS");

static struct ezlb_spec *new_spec(const char *file)
{
	struct ezlb_spec *spec = ezlb_spec_new();

	spec->file = ezlb_strdup(file);
	spec->proto = EZLB_TCP;
	ezlb_strcpy(spec->scheduler, sizeof(spec->scheduler), "wrr");
	spec->forward = EZLB_MASQ;
	spec->check = (struct ezlb_check){
		.type = EZLB_CHECK_TCP,
		.interval_ms = 5000,
		.fast_interval_ms = 1000,
		.timeout_ms = 3000,
		.fail_count = 3,
		.rise_count = 2,
		.request = ezlb_request_new(),
	};
	spec->check.request->method = ezlb_strdup("GET");
	spec->check.request->path = ezlb_strdup("/");
	*EZLB_PUSH(&spec->check.request->statuses) = (struct ezlb_code_range){ 200, 200 };
	spec->drain_ms = 30000;
	return spec;
}

static void read_service(struct reader *r, const struct node *root)
{
	if (ezlb_node_empty(root)) {
		ezlb_source_refuse(r->src, root->at, EZLB_E_MISSING,
				   "write at least listen: and backends:, or remove the file",
				   "the file is empty: it defines no service");
		return;
	}
	if (!ezlb_field_is(r->src, root, NODE_MAP,
			   "write 'key: value' lines, for one service in one file"))
		return;
	read_fields(r, root, service_fields, COUNT(service_fields));
	default_name(r, root);
	/* No probe fits all udp or sctp services, so their check needs a type. */
	if (r->check_on_at.line && !r->check_type_given && r->spec->proto != EZLB_TCP)
		ezlb_source_refuse(r->src, r->check_on_at, EZLB_E_MISSING,
				   "add type: tcp or type: http, or remove enabled",
				   "a %s service has no default health check that could be enabled",
				   ezlb_proto_str(r->spec->proto));
	if (r->check_off || (!r->check_type_given && r->spec->proto != EZLB_TCP))
		r->spec->check.type = EZLB_CHECK_NONE;
	if (r->spec->check.type != EZLB_CHECK_HTTP && r->spec->check.type != EZLB_CHECK_HTTPS)
		ezlb_check_clear(&r->spec->check);
	r->spec->listeners = ezlb_calloc(1, sizeof(*r->spec->listeners));
	r->spec->n_listeners = 1;
	r->spec->listeners[0] = (struct ezlb_listener){ .key = { .proto = r->spec->proto,
								 .listen = r->spec->listen },
							.proto = r->spec->proto,
							.listen = r->spec->listen,
							.at = r->spec->listen_at };
	ezlb_rules_check(r);
}

struct ezlb_spec *ezlb_config_parse(const char *file, const char *text, size_t len,
				    struct ezlb_diags *diags)
{
	struct source src;
	struct reader r = { .src = &src };
	struct node *root;

	if (!ezlb_source_open(&src, file, text, len, diags))
		return NULL;
	root = ezlb_node_parse(&src);
	if (!root)
		return NULL;
	r.spec = new_spec(file);
	read_service(&r, root);
	ezlb_node_free(root);
	if (src.n_errors == 0)
		return r.spec;
	ezlb_spec_free(r.spec);
	return NULL;
}
