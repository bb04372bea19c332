/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manifest: finds the service files in manifests of Kubernetes: the keys of ConfigMaps, in a file
 * of one object, of many documents, or of lists; YAML or JSON. Pure: reads no file, and does not
 * know what is right in a service file.
 */
#pragma once

#include <ezlb/yaml.h>

/* At most so many in one stream, as in one directory. */
#define EZLB_MANIFEST_FILES_MAX 10000

/* One key of a ConfigMap that ezlb reads from a mounted volume. */
struct ezlb_manifest_file {
	const char *name;	       /* the key, as "web.yaml"; borrowed from the tree */
	const struct ezlb_node *value; /* borrowed from the tree */
	char *where;		       /* "ConfigMap lb/services, key web.yaml"; owned */
	char *bytes;		       /* of binaryData, decoded; NULL: value->text; owned */
	size_t len;
};

struct ezlb_manifest_names EZLB_VEC(char *);

struct ezlb_manifest {
	struct ezlb_lines lines; /* of the whole text, which the caller owns */
	struct ezlb_node *root;
	/* In the order in which ezlb reads them if one volume has them all: by key. */
	struct EZLB_VEC(struct ezlb_manifest_file) files;
	struct ezlb_manifest_names taken;  /* ConfigMaps that count: "lb/services" */
	size_t n_others;		   /* objects that are no ConfigMap */
	struct ezlb_manifest_names passed; /* ConfigMaps without service files: "lb/other" */
	struct ezlb_manifest_names
		ignored; /* keys that ezlb does not read: "lb/services key a.conf" */
};

/*
 * Whether a text is to be read as a manifest: one of its documents has apiVersion and kind, or it
 * cannot be read as YAML and has a line that begins with apiVersion. A document may be a list of
 * objects.
 */
bool ezlb_manifest_is(const char *text, size_t len);

/*
 * A ConfigMap counts if it is one of `only`: "NAME" or "NAMESPACE/NAME". Without `only` it counts
 * if a value of a key *.yaml or *.yml has `listen`, `fwmark` or `backends` at the start of a line.
 * Then all its keys *.yaml and *.yml are service files. A warning is added for what is passed over
 * and looks as if it were for ezlb, not with `only`. False: diagnostics were added; `out` has
 * what could be read. The caller clears it in both cases; `text` must live as long.
 */
bool ezlb_manifest_read(struct ezlb_manifest *out, const char *file, const char *text, size_t len,
			const char *const *only, size_t n_only, struct ezlb_diags *diags);
void ezlb_manifest_clear(struct ezlb_manifest *manifest);

/* Whether a ConfigMap, "NAMESPACE/NAME" or "NAME", is meant by "NAME" or "NAMESPACE/NAME". */
bool ezlb_manifest_names_it(const char *wanted, const char *id);

/* Whether ezlb reads a file with this name from a directory. */
bool ezlb_manifest_reads(const char *name);
