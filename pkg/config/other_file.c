// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a file is that is no service file: an object of Kubernetes, a template, or a configuration
 * of another program. Looked at only if the file has errors, so a guess can never refuse a valid
 * file.
 */
#include <stdio.h>

#include "reader.h"

#define IMPORT "`ezlb import FILE` makes service files of it"

/* --- YAML: by its keys ------------------------------------------------------------------------ */

struct object {
	const char *kind, *help;
};

#define OWN_CONFIGMAP                                                                              \
	"`ezlb run` reads the files of a mounted ConfigMap; `ezlb check FILE` checks them in the " \
	"manifest"
#define HTTP_ROUTES                                                                               \
	"ezlb forwards TCP, UDP and SCTP and knows no HTTP routes: it can balance to an ingress " \
	"controller"
#define KUBERNETES "ezlb reads service files, also from a ConfigMap volume"

static const struct object objects[] = {
	{ "ConfigMap", OWN_CONFIGMAP },
	{ "ConfigMapList", OWN_CONFIGMAP },
	{ "Service", IMPORT },
	{ "ServiceList", IMPORT },
	{ "Endpoints", "`ezlb import` takes the Service together with its EndpointSlices" },
	{ "EndpointSlice", "`ezlb import` takes the Service together with its EndpointSlices" },
	{ "Ingress", HTTP_ROUTES },
	{ "Gateway", HTTP_ROUTES },
	{ "HTTPRoute", HTTP_ROUTES },
	{ "List", "`ezlb check FILE` checks the ConfigMaps in it" },
};

static bool guess_object(const struct ezlb_node *root, struct other_file *out)
{
	const struct ezlb_node *kind = ezlb_node_get(root, "kind");
	const char *word = ezlb_node_text(root, "kind");
	char shown[EZLB_SHOW_STRLEN];

	if (!word || !ezlb_node_text(root, "apiVersion"))
		return false;
	out->at = kind->key_at;
	out->help = KUBERNETES;
	snprintf(out->message, sizeof(out->message),
		 "this is an object of Kubernetes (%.60s), not a service file",
		 ezlb_source_show(word, shown));
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (strcmp(objects[i].kind, word) == 0)
			out->help = objects[i].help;
	return true;
}

static bool say(struct other_file *out, const char *what, const char *help)
{
	out->help = help;
	snprintf(out->message, sizeof(out->message), "this is %s, not a service file", what);
	return true;
}

static bool is_service(const struct ezlb_node *root)
{
	return ezlb_node_get(root, "listen") || ezlb_node_get(root, "backends") ||
	       ezlb_node_get(root, "fwmark");
}

/* A text, or the fields of a service file: `services` of a Helm chart. So is an empty one. */
static bool has_service(const struct ezlb_node *services)
{
	for (const struct ezlb_node *item = services->first; item; item = item->next)
		if (item->kind != EZLB_NODE_MAP || is_service(item))
			return true;
	return !services->first;
}

/*
 * `services`: a list in the Go program of the same name, a mapping in Docker Compose and in the
 * values of a Helm chart.
 */
static bool guess_services(const struct ezlb_node *root, struct other_file *out)
{
	const struct ezlb_node *services = ezlb_node_get(root, "services");

	if (!services)
		return false;
	out->at = services->key_at;
	if (services->kind == EZLB_NODE_MAP && has_service(services))
		return say(out, "a file with the values of a Helm chart",
			   "check what it renders: `helm template CHART -f FILE | ezlb check -`");
	if (services->kind == EZLB_NODE_MAP)
		return say(out, "a file of Docker Compose",
			   "write 'key: value' lines, for one service in one file");
	if (services->kind == EZLB_NODE_LIST)
		return say(out, "an ezlb.yaml with a list of services",
			   "one file is one service: " IMPORT);
	return false;
}

/* --- text: by the words with which lines begin ------------------------------------------------ */

enum program { KEEPALIVED, IPVSADM, IPVSADM_LIST, HAPROXY, NGINX, PROGRAMS };

static const struct {
	const char *what, *help;
	int lines; /* so many lines make it sure */
} programs[PROGRAMS] = {
	[KEEPALIVED] = { "a configuration of keepalived", IMPORT, 1 },
	[IPVSADM] = { "the output of `ipvsadm -S`", IMPORT, 1 },
	[IPVSADM_LIST] = { "the output of `ipvsadm -L`",
			   "`ipvsadm -Sn >FILE` writes what `ezlb import FILE` takes", 1 },
	[HAPROXY] = { "a configuration of HAProxy",
		      "write a service file for each listen or backend section with mode tcp", 2 },
	[NGINX] = { "a configuration of nginx",
		    "write a service file for each server of its stream section", 2 },
};

/* A word at the start of a line, and what follows it. */
static const struct {
	const char *word;
	enum program program;
} words[] = {
	{ "virtual_server ", KEEPALIVED },
	{ "virtual_server_group ", KEEPALIVED },
	{ "global_defs", KEEPALIVED },
	{ "vrrp_instance ", KEEPALIVED },
	{ "vrrp_sync_group ", KEEPALIVED },
	{ "-A -", IPVSADM },
	{ "-a -", IPVSADM },
	{ "IP Virtual Server version", IPVSADM_LIST },
	{ "global", HAPROXY },
	{ "defaults", HAPROXY },
	{ "frontend ", HAPROXY },
	{ "backend ", HAPROXY },
	{ "listen ", HAPROXY },
	{ "mode tcp", HAPROXY },
	{ "mode http", HAPROXY },
	{ "bind ", HAPROXY },
	{ "balance ", HAPROXY },
	{ "events {", NGINX },
	{ "http {", NGINX },
	{ "stream {", NGINX },
	{ "server {", NGINX },
	{ "upstream ", NGINX },
	{ "proxy_pass ", NGINX },
	{ "worker_processes ", NGINX },
};

/* PROGRAMS: none. In YAML a word has a ':' after it. */
static enum program program_of(const char *line, size_t len)
{
	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i].word);
		bool whole = words[i].word[n - 1] == ' ' || words[i].word[n - 1] == '-';

		if (len < n || memcmp(line, words[i].word, n) != 0)
			continue;
		if (whole || len == n || line[n] == ' ' || line[n] == '{')
			return words[i].program;
	}
	return PROGRAMS;
}

static bool guess_program(const struct ezlb_source *src, struct other_file *out)
{
	const char *p = src->text, *end = p + src->len, *eol;
	int seen[PROGRAMS + 1] = { 0 };

	for (; p < end; p = eol + 1) {
		enum program program;

		for (eol = p; eol < end && *eol != '\n' && *eol != '\r';)
			eol++;
		program = program_of(p, (size_t)(eol - p));
		if (program == PROGRAMS || ++seen[program] < programs[program].lines)
			continue;
		return say(out, programs[program].what, programs[program].help);
	}
	return false;
}

/* "{{ .Values.vip }}", "{% for %}" on a line with an error. Elsewhere it may be part of a value. */
static bool guess_template(const struct ezlb_source *src, size_t first, struct other_file *out)
{
	for (size_t i = first; i < src->diags->len; i++) {
		const struct ezlb_diag *diag = &src->diags->items[i];

		if (!diag->source || (!strstr(diag->source, "{{") && !strstr(diag->source, "{%")))
			continue;
		out->at = diag->at;
		return say(out, "a template",
			   "check what it renders, for example "
			   "`helm template CHART | ezlb check -`");
	}
	return false;
}

bool ezlb_other_guess(const struct ezlb_source *src, size_t first, const struct ezlb_node *root,
		      struct other_file *out)
{
	static const struct ezlb_mark start = { 1, 1 };

	*out = (struct other_file){ .at = src->inset ? ezlb_inset_place(src->inset, start)
						     : start };
	if (!root || root->kind != EZLB_NODE_MAP)
		return guess_program(src, out) || guess_template(src, first, out);
	if (!is_service(root) && (guess_object(root, out) || guess_services(root, out)))
		return true;
	return guess_template(src, first, out);
}
