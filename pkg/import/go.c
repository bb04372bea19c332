// SPDX-License-Identifier: GPL-2.0-or-later
/* ezlb.yaml of the Go program: services: [...], and global: with what are flags here. */
#include "formats.h"

#include <string.h>
#include <strings.h>

#include <ezlb/config.h>

#include "go_global.h"
#include "go_value.h"

/* One entry of `services`. */
struct entry {
	struct ezlb_import *import;
	struct ezlb_source *src;
	struct ezlb_spec *spec;
	const struct ezlb_node *map;
};

static const char *const top_keys[] = { "services", "global", NULL };
static const char *const service_keys[] = { "name",	    "listen",	"protocol", "scheduler",
					    "forward_mode", "full_nat", "snat_ip",  "health_check",
					    "backends",	    NULL };
static const char *const check_keys[] = { "enabled",	"type",
					  "interval",	"timeout",
					  "fail_count", "rise_count",
					  "http_path",	"http_expected_status",
					  NULL };
static const char *const backend_keys[] = { "address", "weight", NULL };

static void note(const struct entry *e, const struct ezlb_node *node, enum ezlb_import_fate fate,
		 const char *text)
{
	ezlb_import_note(e->import, fate, e->src->file, node->key ? node->key_at : node->at,
			 e->spec->name, "%s", text);
}

static bool missing(struct ezlb_source *src, const struct ezlb_node *map, const char *key)
{
	ezlb_source_refuse(src, map->at, EZLB_E_MISSING, NULL, "'%s' is missing", key);
	return false;
}

static bool word(struct ezlb_source *src, const struct ezlb_node *node, const char *const *words,
		 size_t *index)
{
	char shown[EZLB_SHOW_STRLEN];
	const char *text = NULL;

	if (!go_text(src, node, &text))
		return false;
	for (size_t i = 0; words[i]; i++)
		if (strcasecmp(words[i], text) == 0) {
			*index = i;
			return true;
		}
	ezlb_source_refuse(src, node->at, EZLB_E_VALUE, NULL, "unknown %s '%s'", node->key,
			   ezlb_source_show(text, shown));
	return false;
}

static bool read_listener(const struct entry *e)
{
	static const char *const protos[] = { "tcp", "udp", NULL };
	const struct ezlb_node *listen = go_get(e->map, "listen"),
			       *protocol = go_get(e->map, "protocol");
	struct ezlb_endpoint ep;
	size_t proto = 0;

	if (!listen)
		return missing(e->src, e->map, "listen");
	if (!go_endpoint(e->src, listen, &ep) ||
	    (protocol && !word(e->src, protocol, protos, &proto)))
		return false;
	ezlb_config_add_listener(e->spec, proto ? EZLB_UDP : EZLB_TCP, &ep, 0);
	return true;
}

static bool read_forward(const struct entry *e)
{
	static const char *const modes[] = { "nat", "dr", "tun", NULL };
	static const enum ezlb_forward forwards[] = { EZLB_MASQ, EZLB_DIRECT, EZLB_TUNNEL };
	const struct ezlb_node *mode = go_get(e->map, "forward_mode");
	const struct ezlb_node *full_nat = go_get(e->map, "full_nat");
	const struct ezlb_node *snat_ip = go_get(e->map, "snat_ip");
	const struct ezlb_node *scheduler = go_get(e->map, "scheduler");
	const char *name = NULL;
	size_t i = 0;

	if ((mode && !word(e->src, mode, modes, &i)) ||
	    (full_nat && !go_bool(e->src, full_nat, &e->spec->full_nat)) ||
	    (snat_ip && !go_range(e->src, snat_ip, &e->spec->snat_ip)) ||
	    (scheduler && !go_text(e->src, scheduler, &name)))
		return false;
	e->spec->forward = forwards[i];
	if (snat_ip && !e->spec->full_nat) {
		ezlb_source_refuse(e->src, snat_ip->at, EZLB_E_SNAT_ALONE,
				   "set full_nat: true, or remove snat_ip",
				   "snat_ip needs full_nat: true");
		return false;
	}
	e->spec->check.source = e->spec->snat_ip;
	/* The parser of service files knows the names. */
	if (name)
		ezlb_strcpy(e->spec->scheduler, sizeof(e->spec->scheduler), name);
	return true;
}

static bool read_backend(const struct entry *e, const struct ezlb_node *item)
{
	const struct ezlb_node *address = go_get(item, "address"), *weight = go_get(item, "weight");
	struct ezlb_endpoint ep;
	uint32_t n = 1;

	if (!address)
		return missing(e->src, item, "address");
	if (!go_endpoint(e->src, address, &ep) || (weight && !go_number(e->src, weight, &n)))
		return false;
	ezlb_config_add_backend(e->spec, &ep)->weight = n;
	go_unknown_keys(e->import, e->src->file, e->spec->name, item, backend_keys);
	return true;
}

static bool read_backends(const struct entry *e)
{
	const struct ezlb_node *list = go_get(e->map, "backends");
	bool ok = true;

	if (!list || list->kind != EZLB_NODE_LIST || !list->first)
		return missing(e->src, e->map, "backends");
	for (const struct ezlb_node *item = list->first; item; item = item->next)
		ok = read_backend(e, item) && ok;
	return ok;
}

static bool read_times(const struct entry *e, const struct ezlb_node *map)
{
	struct ezlb_check *check = &e->spec->check;
	const struct {
		const char *key;
		uint32_t *to;
	} times[] = { { "interval", &check->interval_ms }, { "timeout", &check->timeout_ms } };
	bool exact = true;

	for (size_t i = 0; i < 2; i++) {
		const struct ezlb_node *node = go_get(map, times[i].key);

		if (node && !go_duration(e->src, node, times[i].to, &exact))
			return false;
		if (node && !exact)
			note(e, node, EZLB_IMPORT_CHANGED,
			     i ? "timeout: rounded to milliseconds"
			       : "interval: rounded to milliseconds");
	}
	if (check->fast_interval_ms > check->interval_ms)
		check->fast_interval_ms = check->interval_ms;
	return true;
}

/* The Go program takes 0 for the default. */
static bool read_count(const struct entry *e, const struct ezlb_node *map, const char *key,
		       uint32_t *to)
{
	const struct ezlb_node *node = go_get(map, key);
	uint32_t n = 0;

	if (node && !go_number(e->src, node, &n))
		return false;
	if (n > 0)
		*to = n;
	return true;
}

static bool read_http(const struct entry *e, const struct ezlb_node *map)
{
	struct ezlb_request *request = e->spec->check.request;
	const struct ezlb_node *path = go_get(map, "http_path");
	uint32_t status = 200;
	const char *text = NULL;

	if (!read_count(e, map, "http_expected_status", &status))
		return false;
	if (status > UINT16_MAX)
		status = UINT16_MAX; /* which the parser of service files refuses */
	request->statuses.items[0] = (struct ezlb_code_range){ (uint16_t)status, (uint16_t)status };
	if (!path)
		return true;
	if (!go_text(e->src, path, &text))
		return false;
	free(request->path);
	request->path = ezlb_strdup(text);
	return true;
}

/* Without `enabled` the Go program probes, also a udp service: its port by TCP. */
static bool read_check(const struct entry *e)
{
	static const char *const types[] = { "tcp", "http", NULL };
	const struct ezlb_node *map = go_get(e->map, "health_check");
	const struct ezlb_node *on = go_get(map, "enabled"), *type = go_get(map, "type");
	struct ezlb_check *check = &e->spec->check;
	bool enabled = true;
	size_t i = 0;

	if ((on && !go_bool(e->src, on, &enabled)) || (type && !word(e->src, type, types, &i)) ||
	    !read_times(e, map) || !read_count(e, map, "fail_count", &check->fail_count) ||
	    !read_count(e, map, "rise_count", &check->rise_count) || !read_http(e, map))
		return false;
	check->type = !enabled ? EZLB_CHECK_NONE : i ? EZLB_CHECK_HTTP : EZLB_CHECK_TCP;
	if (enabled && e->spec->proto == EZLB_UDP)
		note(e, map ? map : e->map, EZLB_IMPORT_ADVICE,
		     "health_check: by TCP, as with the Go program. For a udp service there are "
		     "`type: udp` and `type: dns`.");
	if (map && map->kind == EZLB_NODE_MAP)
		go_unknown_keys(e->import, e->src->file, e->spec->name, map, check_keys);
	return true;
}

static void make_name(const struct entry *e, const struct ezlb_node *node)
{
	const char *wanted = node && node->kind == EZLB_NODE_SCALAR ? node->text : "";
	char shown[EZLB_SHOW_STRLEN];

	ezlb_import_name(e->import, wanted, e->spec->name);
	if (strcmp(e->spec->name, wanted) != 0)
		ezlb_import_note(e->import, EZLB_IMPORT_CHANGED, e->src->file, e->spec->name_at,
				 e->spec->name,
				 "name: '%s' is %s here: a name has a-z, 0-9 and '-', and no two "
				 "services have the same",
				 ezlb_source_show(wanted, shown), e->spec->name);
}

static void read_service(struct ezlb_import *import, struct ezlb_source *src,
			 const struct ezlb_node *map)
{
	struct entry e = { .import = import, .src = src, .map = map };
	bool ok;

	if (map->kind != EZLB_NODE_MAP) {
		ezlb_source_refuse(src, map->at, EZLB_E_TYPE, NULL,
				   "an entry of services must be a mapping");
		return;
	}
	e.spec = ezlb_config_defaults("service");
	e.spec->file = ezlb_strdup(src->file);
	e.spec->name_at = map->at;
	make_name(&e, go_get(map, "name"));
	ok = read_listener(&e);
	ok = read_forward(&e) && ok;
	ok = read_backends(&e) && ok;
	ok = ok && read_check(&e);
	go_unknown_keys(import, src->file, e.spec->name, map, service_keys);
	if (ok)
		ezlb_import_add(import, e.spec);
	else
		ezlb_spec_free(e.spec);
}

static void read_file(struct ezlb_import *import, struct ezlb_source *src,
		      const struct ezlb_node *root)
{
	const struct ezlb_node *list = go_get(root, "services"), *global = go_get(root, "global");

	if (!list || list->kind != EZLB_NODE_LIST) {
		ezlb_source_refuse(
			src, list ? list->at : root->at, EZLB_E_MISSING,
			"it has a list: 'services:' and below it '- name: web' and so on",
			"this is no configuration of the Go program: it has no services");
		return;
	}
	if (global)
		go_global_notes(import, src->file, global);
	go_unknown_keys(import, src->file, "", root, top_keys);
	for (const struct ezlb_node *item = list->first; item && !import->full; item = item->next)
		read_service(import, src, item);
}

void ezlb_import_go(struct ezlb_import *import, const char *file, const char *text, size_t len)
{
	static const struct ezlb_yaml_limits limits = { .bytes = EZLB_IMPORT_BYTES_MAX,
							.depth = 16,
							.nodes = 2000000 };
	struct ezlb_source src;
	struct ezlb_node *root;

	if (!ezlb_source_open(&src, file, text, len, &limits, &import->diags))
		return;
	root = ezlb_node_parse(&src);
	if (!root)
		return;
	read_file(import, &src, root);
	ezlb_node_free(root);
}
