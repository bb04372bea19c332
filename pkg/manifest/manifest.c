// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/manifest.h>

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "base64.h"

struct reading {
	struct ezlb_manifest *out;
	struct ezlb_source src;
	const char *const *only;
	size_t n_only;
};

/* The rules of pkg/watch/scan.c: a mounted key is a file with its name. */
bool ezlb_manifest_reads(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && name[0] != '#' && dot &&
	       (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

/* --- is it a manifest --------------------------------------------------------------------------
 */

static bool is_object(const struct ezlb_node *node)
{
	return ezlb_node_text(node, "apiVersion") && ezlb_node_text(node, "kind");
}

static bool has_line(const char *text, size_t len, const char *word)
{
	const char *p = text, *end = text + len;

	while ((p = memmem(p, (size_t)(end - p), word, strlen(word)))) {
		if (p == text || p[-1] == '\n' || p[-1] == '\r')
			return true;
		p++;
	}
	return false;
}

/* Some programs write a list of objects in place of a List. */
static bool has_object(const struct ezlb_node *doc)
{
	if (doc->kind != EZLB_NODE_LIST)
		return is_object(doc);
	for (const struct ezlb_node *item = doc->first; item; item = item->next)
		if (is_object(item))
			return true;
	return false;
}

bool ezlb_manifest_is(const char *text, size_t len)
{
	struct ezlb_diags diags = { 0 };
	struct ezlb_source src;
	struct ezlb_node *root = NULL;
	bool found = false;

	/* Most service files can be told apart without reading them twice. */
	if (!memmem(text, len, "apiVersion", strlen("apiVersion")))
		return false;
	if (ezlb_source_open(&src, "", text, len, &ezlb_yaml_stream, &diags))
		root = ezlb_node_parse(&src);
	for (const struct ezlb_node *doc = root ? root->first : NULL; doc && !found;
	     doc = doc->next)
		found = has_object(doc);
	if (!root)
		found = has_line(text, len, "apiVersion:");
	ezlb_node_free(root);
	ezlb_diags_clear(&diags);
	return found;
}

/* --- a ConfigMap -------------------------------------------------------------------------------
 */

static char *id_of(const struct ezlb_node *object)
{
	const struct ezlb_node *metadata = ezlb_node_get(object, "metadata");
	const char *namespace = ezlb_node_text(metadata, "namespace");
	const char *name = ezlb_node_text(metadata, "name");

	return ezlb_asprintf("%s%s%s", namespace ? namespace : "", namespace ? "/" : "",
			     name ? name : "without a name");
}

bool ezlb_manifest_names_it(const char *wanted, const char *id)
{
	const char *slash = strrchr(id, '/'), *name = slash ? slash + 1 : id;

	return strcmp(wanted, strchr(wanted, '/') ? id : name) == 0;
}

/* Of an object that is passed over. With --configmap the user says what counts. */
__attribute__((format(printf, 4, 5))) static void
warn(struct reading *r, const struct ezlb_node *object, const char *help, const char *fmt, ...)
{
	const struct ezlb_node *name = ezlb_node_get(ezlb_node_get(object, "metadata"), "name");
	struct ezlb_mark at = name ? name->at : object->at;
	struct ezlb_diag *diag;
	EZLB_AUTO_FREE char *text = NULL;
	va_list ap;

	if (r->n_only > 0)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort(); /* out of memory, as everywhere */
	va_end(ap);
	diag = ezlb_diags_add(r->src.diags, r->src.file, at, EZLB_E_PASSED, "%s", text);
	diag->warning = true;
	diag->help = ezlb_strdup(help);
}

static bool is_asked_for(const struct reading *r, const char *id)
{
	for (size_t i = 0; i < r->n_only; i++)
		if (ezlb_manifest_names_it(r->only[i], id))
			return true;
	return false;
}

/* The fields that a service file has at its first level, as a word and a colon. */
static bool begins_field(const char *p)
{
	static const char *const fields[] = { "listen", "fwmark", "backends" };

	p += strspn(p, "{ \"'");
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		size_t n = strlen(fields[i]);

		if (strncmp(p, fields[i], n) != 0)
			continue;
		n += strspn(p + n, "\"' ");
		if (p[n] == ':')
			return true;
	}
	return false;
}

/* The indentation of the first line that is not empty, a comment or "---". */
static size_t indent_of(const char *text)
{
	for (const char *p = text; p; p = strpbrk(p, "\r\n")) {
		size_t n;

		p += strspn(p, "\r\n");
		n = strspn(p, " \t");
		if (p[n] && !strchr("#\r\n", p[n]) && strncmp(p, "---", 3) != 0)
			return n;
	}
	return 0;
}

/* By its lines and not by its tree: a broken service file must be found, too. */
static bool looks_like_service(const char *text)
{
	size_t first = indent_of(text);

	for (const char *p = text; p; p = strpbrk(p, "\r\n")) {
		size_t n;

		p += strspn(p, "\r\n");
		n = strspn(p, " \t");
		/* Deeper lines belong to other fields; "{" begins a mapping of JSON. */
		if (n > first && !strchr("{\"", p[n]))
			continue;
		if (begins_field(p + n))
			return true;
	}
	return false;
}

static char *bytes_of(const struct ezlb_node *value, bool binary, size_t *len)
{
	return binary && value->kind == EZLB_NODE_SCALAR ? base64_decode(value->text, len) : NULL;
}

static bool any_service(const struct ezlb_node *data, bool binary)
{
	for (const struct ezlb_node *value = data ? data->first : NULL; value;
	     value = value->next) {
		EZLB_AUTO_FREE char *bytes = NULL;
		size_t len;

		if (data->kind != EZLB_NODE_MAP || value->kind != EZLB_NODE_SCALAR ||
		    !ezlb_manifest_reads(value->key))
			continue;
		bytes = bytes_of(value, binary, &len);
		if (looks_like_service(bytes ? bytes : value->text))
			return true;
	}
	return false;
}

static void add_file(struct reading *r, const char *id, const struct ezlb_node *value, bool binary)
{
	struct ezlb_manifest_file *file;
	size_t len = 0;
	char *bytes;

	if (value->kind != EZLB_NODE_SCALAR) {
		ezlb_source_refuse(&r->src, value->at, EZLB_E_TYPE,
				   "write the service file as a text: 'web.yaml: |'",
				   "a key of a ConfigMap must be a text, not a list or a mapping");
		return;
	}
	if (r->out->files.len == EZLB_MANIFEST_FILES_MAX) {
		ezlb_source_refuse(&r->src, value->key_at, EZLB_E_SIZE, "check the files in parts",
				   "more than %d service files", EZLB_MANIFEST_FILES_MAX);
		return;
	}
	bytes = bytes_of(value, binary, &len);
	if (binary && !bytes) {
		ezlb_source_refuse(&r->src, value->at, EZLB_E_VALUE,
				   "move it to data:", "binaryData: this is not base64");
		return;
	}
	file = EZLB_PUSH(&r->out->files);
	*file = (struct ezlb_manifest_file){
		.name = value->key,
		.value = value,
		.where = ezlb_asprintf("ConfigMap %s, key %s", id, value->key),
		.bytes = bytes,
		.len = bytes ? len : strlen(value->text),
	};
}

static void add_keys(struct reading *r, const char *id, const struct ezlb_node *data, bool binary)
{
	if (!data || ezlb_node_empty(data))
		return;
	if (data->kind != EZLB_NODE_MAP) {
		ezlb_source_refuse(&r->src, data->at, EZLB_E_TYPE, NULL,
				   "%s of a ConfigMap must be a mapping", data->key);
		return;
	}
	for (const struct ezlb_node *value = data->first; value; value = value->next)
		if (ezlb_manifest_reads(value->key))
			add_file(r, id, value, binary);
		else
			*EZLB_PUSH(&r->out->ignored) = ezlb_asprintf("%s in %s", value->key, id);
}

static bool any_file(const struct ezlb_node *data)
{
	if (!data || data->kind != EZLB_NODE_MAP)
		return false;
	for (const struct ezlb_node *value = data->first; value; value = value->next)
		if (ezlb_manifest_reads(value->key))
			return true;
	return false;
}

static void read_configmap(struct reading *r, const struct ezlb_node *object)
{
	const struct ezlb_node *data = ezlb_node_get(object, "data");
	const struct ezlb_node *binary = ezlb_node_get(object, "binaryData");
	char *id = id_of(object);

	if (r->n_only > 0 ? is_asked_for(r, id)
			  : any_service(data, false) || any_service(binary, true)) {
		add_keys(r, id, data, false);
		add_keys(r, id, binary, true);
		*EZLB_PUSH(&r->out->taken) = id;
	} else {
		if (any_file(data) || any_file(binary))
			warn(r, object, "name it with --configmap if it is for ezlb",
			     "ConfigMap %s: none of its files looks like a service file", id);
		*EZLB_PUSH(&r->out->passed) = id;
	}
}

/* --- the objects -------------------------------------------------------------------------------
 */

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && strcmp(text + len - n, end) == 0;
}

/* What looks as if it were for ezlb, and is not read. */
static void read_other(struct reading *r, const struct ezlb_node *object, const char *kind)
{
	EZLB_AUTO_FREE char *id = id_of(object);
	char shown[EZLB_SHOW_STRLEN];

	r->out->n_others++;
	if (!kind && (ezlb_node_get(object, "listen") || ezlb_node_get(object, "backends") ||
		      ezlb_node_get(object, "fwmark")))
		warn(r, object, "put it into a ConfigMap, or into a file of its own",
		     "this is a service file among manifests: it is not checked");
	else if (kind && strcasecmp(kind, "ConfigMap") == 0)
		warn(r, object, "write kind: ConfigMap", "%s %s: Kubernetes has no such kind",
		     ezlb_source_show(kind, shown), id);
	else if (kind && strcmp(kind, "Secret") == 0 &&
		 (any_service(ezlb_node_get(object, "data"), true) ||
		  any_service(ezlb_node_get(object, "stringData"), false)))
		warn(r, object, "put the service files into a ConfigMap, or check them as files",
		     "Secret %s: its service files are not checked: only ConfigMaps are read", id);
}

/* Recursive: a list in a list is as deep as the tree, which is limited. */
static void read_object(struct reading *r, const struct ezlb_node *object, const char *implied)
{
	const char *kind = ezlb_node_text(object, "kind");
	const struct ezlb_node *items = ezlb_node_get(object, "items");

	if (object->kind != EZLB_NODE_MAP)
		return;
	/* The items of a ConfigMapList may be without a kind. */
	if (!kind)
		kind = implied;
	if (kind && strcmp(kind, "ConfigMap") == 0) {
		read_configmap(r, object);
	} else if (kind && ends_with(kind, "List") && items && items->kind == EZLB_NODE_LIST) {
		implied = strcmp(kind, "ConfigMapList") == 0 ? "ConfigMap"
			  : strcmp(kind, "SecretList") == 0  ? "Secret"
							     : NULL;
		for (const struct ezlb_node *item = items->first; item; item = item->next)
			read_object(r, item, implied);
	} else {
		read_other(r, object, kind);
	}
}

static void read_document(struct reading *r, const struct ezlb_node *doc)
{
	if (doc->kind != EZLB_NODE_LIST)
		read_object(r, doc, NULL);
	for (const struct ezlb_node *item = doc->kind == EZLB_NODE_LIST ? doc->first : NULL; item;
	     item = item->next)
		read_object(r, item, NULL);
}

static int by_name(const void *pa, const void *pb)
{
	const struct ezlb_manifest_file *a = pa, *b = pb;
	int rc = strcmp(a->name, b->name);

	return rc ? rc : ezlb_mark_cmp(a->value->at, b->value->at);
}

bool ezlb_manifest_read(struct ezlb_manifest *out, const char *file, const char *text, size_t len,
			const char *const *only, size_t n_only, struct ezlb_diags *diags)
{
	struct reading r = { .out = out, .only = only, .n_only = n_only };

	*out = (struct ezlb_manifest){ .root = NULL };
	if (!ezlb_source_open(&r.src, file, text, len, &ezlb_yaml_stream, diags))
		return false;
	out->root = ezlb_node_parse(&r.src);
	if (!out->root)
		return false;
	ezlb_lines_make(&out->lines, r.src.text, r.src.len);
	for (const struct ezlb_node *doc = out->root->first; doc; doc = doc->next)
		read_document(&r, doc);
	EZLB_SORT(&out->files, by_name);
	return r.src.n_errors == 0;
}

static void clear_names(struct ezlb_manifest_names *names)
{
	for (size_t i = 0; i < names->len; i++)
		free(names->items[i]);
	EZLB_VEC_CLEAR(names);
}

void ezlb_manifest_clear(struct ezlb_manifest *manifest)
{
	for (size_t i = 0; i < manifest->files.len; i++) {
		free(manifest->files.items[i].where);
		free(manifest->files.items[i].bytes);
	}
	EZLB_VEC_CLEAR(&manifest->files);
	clear_names(&manifest->taken);
	clear_names(&manifest->passed);
	clear_names(&manifest->ignored);
	ezlb_lines_clear(&manifest->lines);
	ezlb_node_free(manifest->root);
	*manifest = (struct ezlb_manifest){ .root = NULL };
}
