// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules about health_check. */
#include <arpa/inet.h>

#include "reader.h"

/* "http or https" */
static const char *types_str(unsigned types, char *buf, size_t size)
{
	const char *sep = "";

	buf[0] = '\0';
	for (int type = EZLB_CHECK_HTTP; type < EZLB_CHECK_TYPES; type++) {
		if (!(types & 1u << type))
			continue;
		ezlb_strcatf(buf, size, "%s%s", sep,
			     ezlb_check_type_str((enum ezlb_check_type)type));
		sep = " or ";
	}
	return buf;
}

/* Fields that mean nothing for this type of probe. */
static void check_types(struct reader *r)
{
	enum ezlb_check_type type = r->spec->check.type;
	char types[40], help[80];

	for (size_t i = 0; i < check_table.n; i++) {
		const struct field *field = &check_table.fields[i];
		struct ezlb_mark at = r->at[TABLE_CHECK][i];

		if (at.line == 0 || !field->types || (field->types & 1u << type))
			continue;
		types_str(field->types, types, sizeof(types));
		help[0] = '\0';
		ezlb_strcatf(help, sizeof(help), "set type: %s, or remove %s", types, field->name);
		ezlb_source_refuse(r->src, at, EZLB_E_COMBINATION, help,
				   "%s needs type: %s, not %s", field->name, types,
				   ezlb_check_type_str(type));
	}
}

/* With a file of certificates, or without the word `insecure`, the certificate is verified. */
static void check_tls(struct reader *r)
{
	struct ezlb_request *request = r->spec->check.request;
	struct ezlb_mark insecure_at = ezlb_read_at(r, &check_table, "tls_insecure");

	if (!request->ca_file)
		return;
	if (insecure_at.line > 0 && !request->verify)
		ezlb_source_refuse(r->src, insecure_at, EZLB_E_COMBINATION, "remove one of the two",
				   "tls_ca_file is to verify the certificate, but tls_insecure is "
				   "true");
	request->verify = true;
}

/* The name to verify is most often that of the request. */
char *ezlb_default_server_name(const struct ezlb_request *request)
{
	EZLB_AUTO_FREE char *name = NULL;
	unsigned char addr[16];

	if (!request->host || request->host[0] == '[')
		return NULL;
	name = ezlb_strndup(request->host, strcspn(request->host, ":"));
	if (!ezlb_is_server_name(name) || inet_pton(AF_INET, name, addr) == 1)
		return NULL;
	return ezlb_strdup(name);
}

static void default_server_name(struct reader *r)
{
	struct ezlb_request *request = r->spec->check.request;

	if (r->spec->check.type == EZLB_CHECK_HTTPS && !request->server_name)
		request->server_name = ezlb_default_server_name(request);
}

static void check_body(struct reader *r)
{
	const struct ezlb_request *request = r->spec->check.request;
	enum ezlb_check_type type = r->spec->check.type;

	if ((type == EZLB_CHECK_HTTP || type == EZLB_CHECK_HTTPS) && request->body &&
	    strcmp(request->method, "HEAD") == 0)
		ezlb_source_refuse(r->src, ezlb_read_at(r, &check_table, "http_expected_body"),
				   EZLB_E_COMBINATION, "use http_method: GET",
				   "the answer to a HEAD request has no body");
}

/* A probe needs a port. */
static void check_port(struct reader *r)
{
	const struct ezlb_spec *spec = r->spec;
	const struct ezlb_backend *backend = NULL;
	char addr[EZLB_ADDR_STRLEN];

	if (r->check_off || spec->check.type == EZLB_CHECK_NONE || spec->check.port || !r->fwmark ||
	    r->listen.len > 0)
		return;
	for (size_t i = 0; i < spec->n_backends && !backend; i++)
		if (spec->backends[i].endpoint.addr.family && !spec->backends[i].endpoint.port)
			backend = &spec->backends[i];
	if (backend)
		ezlb_source_refuse(r->src, backend->at, EZLB_E_MISSING,
				   "set health_check.port, or write IP:port",
				   "the health check has no port for backend %s",
				   ezlb_addr_format(&backend->endpoint.addr, addr));
}

/* No probe fits all udp or sctp services, so their check needs a type. */
static void check_default(struct reader *r)
{
	bool mark = r->fwmark && r->listen.len == 0;

	if (!r->check_on || r->spec->check.type != EZLB_CHECK_NONE)
		return;
	ezlb_source_refuse(r->src, ezlb_read_at(r, &check_table, "enabled"), EZLB_E_MISSING,
			   "add type: tcp or type: http, or remove enabled",
			   "a %s service has no default health check that could be enabled",
			   mark ? "fwmark" : ezlb_proto_str(r->protos[0]));
}

void ezlb_rules_health(struct reader *r)
{
	check_types(r);
	check_tls(r);
	default_server_name(r);
	check_body(r);
	check_port(r);
	check_default(r);
}
