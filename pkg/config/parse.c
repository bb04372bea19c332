// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/config.h>

#include "reader.h"

/* The path as it is for the name of the service; see ezlb_read_default_name. */
static struct ezlb_spec *new_spec(const char *file)
{
	struct ezlb_spec *spec = ezlb_spec_new();

	spec->file = ezlb_strdup(file);
	spec->check.request = ezlb_request_new();
	return spec;
}

static bool has_request(enum ezlb_check_type type)
{
	return type != EZLB_CHECK_NONE && type != EZLB_CHECK_TCP;
}

/* A probe by TCP, where that can tell something. */
enum ezlb_check_type ezlb_default_check_type(const struct ezlb_spec *spec)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (!ezlb_listener_is_mark(&spec->listeners[i]) &&
		    spec->listeners[i].proto == EZLB_TCP)
			return EZLB_CHECK_TCP;
	return EZLB_CHECK_NONE;
}

/* What depends on several fields. The rules have seen the fields as they are in the file. */
static void finish_check(struct reader *r)
{
	struct ezlb_spec *spec = r->spec;
	struct ezlb_check *check = &spec->check;

	if (r->check_off)
		check->type = EZLB_CHECK_NONE;
	spec->timeout_at = ezlb_read_at(r, &check_table, "timeout");
	if (spec->timeout_at.line == 0)
		spec->timeout_at = ezlb_read_at(r, &check_table, "interval");
	if (check->fast_interval_ms > check->interval_ms)
		check->fast_interval_ms = check->interval_ms;
	if (r->source_auto && spec->full_nat)
		check->source = spec->snat_ip;
	if (check->type == EZLB_CHECK_NONE)
		check->source.first.family = 0;
	if (!has_request(check->type))
		ezlb_check_clear(check);
}

static void read_service(struct reader *r, const struct ezlb_node *root)
{
	ezlb_read_defaults(r, &service_table);
	ezlb_read_defaults(r, &check_table);
	ezlb_read_map(r, root, &service_table);
	ezlb_read_default_name(r, root);
	ezlb_listeners_make(r);
	if (!ezlb_read_given(r, &check_table, "type"))
		r->spec->check.type = ezlb_default_check_type(r->spec);
	ezlb_rules_listeners(r);
	ezlb_rules_check(r);
	ezlb_rules_words(r);
	ezlb_rules_health(r);
	finish_check(r);
}

static bool is_service(struct ezlb_source *src, const struct ezlb_node *root)
{
	if (ezlb_node_empty(root)) {
		ezlb_source_refuse(src, root->at, EZLB_E_MISSING,
				   "write at least listen: and backends:, or remove the file",
				   "the file is empty: it defines no service");
		return false;
	}
	return ezlb_field_is(src, root, EZLB_NODE_MAP,
			     "write 'key: value' lines, for one service in one file");
}

/* One error that says what the file is, in place of many that do not. */
static void refuse_other(struct ezlb_source *src, const struct ezlb_node *root, size_t n_before)
{
	struct other_file other;

	if (!ezlb_other_guess(src, n_before, root, &other))
		return;
	ezlb_diags_cut(src->diags, n_before);
	src->n_errors = 0;
	ezlb_source_refuse(src, other.at, EZLB_E_OTHER, other.help, "%s", other.message);
}

static struct ezlb_spec *parse(struct ezlb_source *src, const char *name)
{
	size_t n_before = src->diags->len;
	struct reader r = { .src = src };
	struct ezlb_node *root = ezlb_node_parse(src);

	if (root) {
		r.spec = new_spec(name);
		if (is_service(src, root))
			read_service(&r, root);
	}
	if (src->n_errors > 0)
		refuse_other(src, root, n_before);
	ezlb_node_free(root);
	EZLB_VEC_CLEAR(&r.listen);
	if (root && src->n_errors == 0)
		return r.spec;
	ezlb_spec_free(r.spec);
	return NULL;
}

struct ezlb_spec *ezlb_config_parse(const char *file, const char *text, size_t len,
				    struct ezlb_diags *diags)
{
	return ezlb_config_parse_inset(file, file, text, len, NULL, diags);
}

struct ezlb_spec *ezlb_config_parse_inset(const char *file, const char *name, const char *text,
					  size_t len, const struct ezlb_inset *inset,
					  struct ezlb_diags *diags)
{
	struct ezlb_source src;
	struct ezlb_spec *spec;

	if (!ezlb_source_open_inset(&src, file, text, len, &ezlb_yaml_service, inset, diags))
		return NULL;
	spec = parse(&src, name);
	if (spec && name != file) {
		free(spec->file);
		spec->file = ezlb_strdup(file);
	}
	return spec;
}

struct ezlb_spec *ezlb_config_defaults(const char *name)
{
	struct ezlb_source src = { .file = name };
	struct reader r = { .src = &src, .spec = new_spec(name) };

	ezlb_read_defaults(&r, &service_table);
	ezlb_read_defaults(&r, &check_table);
	free(r.spec->file);
	r.spec->file = NULL;
	ezlb_strcpy(r.spec->name, sizeof(r.spec->name), name);
	r.spec->check.type = EZLB_CHECK_TCP;
	return r.spec;
}

static void push_listener(struct ezlb_spec *spec, const struct ezlb_listener *listener)
{
	spec->listeners = ezlb_realloc(spec->listeners, spec->n_listeners + 1,
				       sizeof(*spec->listeners));
	spec->listeners[spec->n_listeners++] = *listener;
	spec->listen = spec->listeners[0].listen;
	spec->proto = spec->listeners[0].proto;
}

void ezlb_config_add_listener(struct ezlb_spec *spec, enum ezlb_proto proto,
			      const struct ezlb_endpoint *first, uint16_t last_port)
{
	struct ezlb_listener listener = ezlb_listener_of(proto, first, last_port, 0);

	push_listener(spec, &listener);
}

void ezlb_config_add_mark(struct ezlb_spec *spec, uint8_t family, uint32_t fwmark)
{
	struct ezlb_endpoint any = { .addr.family = family };
	struct ezlb_listener listener = ezlb_listener_of(EZLB_TCP, &any, 0, fwmark);

	push_listener(spec, &listener);
}

struct ezlb_backend *ezlb_config_add_backend(struct ezlb_spec *spec,
					     const struct ezlb_endpoint *endpoint)
{
	struct ezlb_backend *backend;

	spec->backends = ezlb_realloc(spec->backends, spec->n_backends + 1,
				      sizeof(*spec->backends));
	backend = &spec->backends[spec->n_backends++];
	*backend = (struct ezlb_backend){ .endpoint = *endpoint, .weight = 1 };
	return backend;
}
