// SPDX-License-Identifier: GPL-2.0-or-later
/* The objects of a stream of manifests, and which of them belong together. */
#include "kubernetes.h"

#include <string.h>

#include "formats.h"

#define DEPTH_MAX 4 /* lists in lists */

const char *k8s_namespace(const struct ezlb_node *object)
{
	const char *ns = ezlb_node_text(ezlb_node_get(object, "metadata"), "namespace");

	return ns ? ns : "default";
}

bool k8s_number(const char *text, unsigned long max, unsigned long *out)
{
	if (!text || text[0] == '\0' || strlen(text) > 10 ||
	    text[strspn(text, "0123456789")] != '\0')
		return false;
	*out = strtoul(text, NULL, 10);
	return *out <= max;
}

static void add_part(struct k8s *k, const struct ezlb_node *node, bool slice)
{
	const struct ezlb_node *metadata = ezlb_node_get(node, "metadata");
	const char *service = slice ? ezlb_node_text(ezlb_node_get(metadata, "labels"),
						     "kubernetes.io/service-name")
				    : ezlb_node_text(metadata, "name");
	struct k8s_part part = { k8s_namespace(node), service, node, 0 };

	part.order = slice ? k->slices.len : k->endpoints.len;
	const char *type = ezlb_node_text(node, "addressType");

	if (type && strcmp(type, "FQDN") == 0)
		import_notes_add(&k->notes, EZLB_IMPORT_DROPPED, k->file, node->at, NULL,
				 "EndpointSlice with addressType FQDN: names are not resolved");
	else if (!service)
		import_notes_add(&k->notes, EZLB_IMPORT_DROPPED, k->file, node->at, NULL,
				 "%s: it belongs to no Service",
				 slice ? "EndpointSlice" : "Endpoints");
	else if (slice)
		*EZLB_PUSH(&k->slices) = part;
	else
		*EZLB_PUSH(&k->endpoints) = part;
}

static void add_object(struct k8s *k, const struct ezlb_node *node, int depth)
{
	const char *kind = ezlb_node_text(node, "kind");
	const struct ezlb_node *items = ezlb_node_get(node, "items");

	if (items && items->kind == EZLB_NODE_LIST && depth < DEPTH_MAX) {
		for (const struct ezlb_node *item = items->first; item; item = item->next)
			add_object(k, item, depth + 1);
	} else if (kind && strcmp(kind, "Service") == 0) {
		*EZLB_PUSH(&k->services) = node;
	} else if (kind && strcmp(kind, "EndpointSlice") == 0) {
		add_part(k, node, true);
	} else if (kind && strcmp(kind, "Endpoints") == 0) {
		add_part(k, node, false);
	} else if (!ezlb_node_empty(node)) {
		if (k->others++ == 0)
			k->others_at = node->at;
	}
}

static int by_service(const void *pa, const void *pb)
{
	const struct k8s_part *a = pa, *b = pb;
	int rc = strcmp(a->ns, b->ns);

	if (rc == 0)
		rc = strcmp(a->service, b->service);
	return rc ? rc : (a->order > b->order) - (a->order < b->order);
}

static void note_rest(struct k8s *k)
{
	if (k->inner > 0)
		import_notes_add(&k->notes, EZLB_IMPORT_DROPPED, k->file, k->inner_at, NULL,
				 "%zu Service%s for clients inside of the cluster: type is not "
				 "LoadBalancer and there are no externalIPs",
				 k->inner, k->inner == 1 ? "" : "s");
	if (k->others > 0)
		import_notes_add(&k->notes, EZLB_IMPORT_DROPPED, k->file, k->others_at, NULL,
				 "%zu object%s of other kinds than Service, EndpointSlice and "
				 "Endpoints",
				 k->others, k->others == 1 ? "" : "s");
}

static void read_objects(struct k8s *k, const struct ezlb_node *documents)
{
	for (const struct ezlb_node *node = documents->first; node; node = node->next)
		add_object(k, node, 0);
	EZLB_SORT(&k->slices, by_service);
	EZLB_SORT(&k->endpoints, by_service);
	for (size_t i = 0; i < k->services.len && !k->import->full; i++)
		k8s_service(k, k->services.items[i]);
	note_rest(k);
	EZLB_VEC_CLEAR(&k->services);
	EZLB_VEC_CLEAR(&k->slices);
	EZLB_VEC_CLEAR(&k->endpoints);
}

void ezlb_import_kubernetes(struct ezlb_import *import, const char *file, const char *text,
			    size_t len)
{
	struct k8s k = { .import = import, .file = file };
	struct ezlb_source src;
	struct ezlb_node *documents;

	if (!ezlb_source_open(&src, file, text, len, &ezlb_yaml_stream, &import->diags))
		return;
	documents = ezlb_node_parse(&src);
	if (documents)
		read_objects(&k, documents);
	ezlb_node_free(documents);
	import_notes_flush(&k.notes, import);
}
