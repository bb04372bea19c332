/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import: turns what another load balancer reads (or prints) into service files, and says for every
 * setting that has no counterpart what became of it. Pure: knows the bytes that it is given; an
 * include of keepalived.conf is asked for through a function.
 *
 *   bytes -> ezlb_import_read -> specs, notes -> ezlb_import_finish -> ezlb_import_text -> files
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ezlb/diag.h>
#include <ezlb/err.h>
#include <ezlb/spec.h>
#include <ezlb/text.h>

#define EZLB_IMPORT_SERVICES_MAX 4096
#define EZLB_IMPORT_BYTES_MAX	 (32 * 1024 * 1024) /* of one text */

enum ezlb_import_format {
	EZLB_IMPORT_UNKNOWN,
	EZLB_IMPORT_GO,		/* ezlb.yaml of the Go program of the same name: services: [...] */
	EZLB_IMPORT_IPVSADM,	/* the output of `ipvsadm -S` or `ipvsadm -Sn` */
	EZLB_IMPORT_KEEPALIVED, /* keepalived.conf: virtual_server, virtual_server_group */
	EZLB_IMPORT_KUBERNETES, /* Services of type LoadBalancer with their EndpointSlices */
	EZLB_IMPORT_FORMATS
};

/* "go", "ipvsadm", "keepalived", "kubernetes"; _parse returns 0 or -EINVAL. */
const char *ezlb_import_format_str(enum ezlb_import_format format);
int ezlb_import_format_parse(const char *text, enum ezlb_import_format *out);
/* What a text looks like, for `ezlb import` without --from, and for the hints of `ezlb check`. */
enum ezlb_import_format ezlb_import_guess(const char *text, size_t len);

/* What became of a setting. */
enum ezlb_import_fate {
	EZLB_IMPORT_CHANGED, /* there is something similar; `text` says what differs */
	EZLB_IMPORT_DROPPED, /* it has no effect any more; `text` says why, or what to do */
	EZLB_IMPORT_ADVICE,  /* nothing is lost; `text` is good to know. Of a service: only in its
				file */
};

struct ezlb_import_note {
	enum ezlb_import_fate fate;
	char *file; /* where the setting is; owned */
	struct ezlb_mark at;
	char service[EZLB_NAME_MAX + 1]; /* "": of the whole configuration */
	char *text;			 /* "SETTING: what became of it"; one line; owned */
};

/* The bytes of a file that keepalived.conf includes. */
struct ezlb_import_include {
	char *file;
	char *text;
	size_t len;
};
struct ezlb_import_includes EZLB_VEC(struct ezlb_import_include);
/*
 * Appends the files that match a pattern as it stands in `from`, in the order of their names.
 * -errno and err if one cannot be read. All texts are owned by the caller of this function.
 */
typedef int (*ezlb_import_include_fn)(void *ctx, const char *from, const char *pattern,
				      struct ezlb_import_includes *out, struct ezlb_err *err);

/*
 * A spec is made with ezlb_config_defaults (config.h). Its `file` and `name_at` are the place in
 * the input, for errors that are found later.
 */
struct ezlb_import {
	struct EZLB_VEC(struct ezlb_spec *) specs; /* owned; their names differ */
	struct EZLB_VEC(struct ezlb_import_note) notes;
	struct ezlb_diags diags; /* what cannot be read; no spec is made of that part */
	bool full;		 /* there were more than EZLB_IMPORT_SERVICES_MAX: read no more */
	ezlb_import_include_fn include;
	void *ctx; /* of include; borrowed */
};

/*
 * Adds the services of one text to a zeroed or used `import`; `format` must not be UNKNOWN. False:
 * there are errors among the diags. What could be read is there all the same.
 */
bool ezlb_import_read(struct ezlb_import *import, enum ezlb_import_format format, const char *file,
		      const char *text, size_t len);
/*
 * Takes the spec over. False: it is one too many, and is reported and freed.
 */
bool ezlb_import_add(struct ezlb_import *import, struct ezlb_spec *spec);
void ezlb_import_note(struct ezlb_import *import, enum ezlb_import_fate fate, const char *file,
		      struct ezlb_mark at, const char *service, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/*
 * Once, after all texts are read: sorts the notes and the specs, and parses what would be written.
 * A spec whose file `ezlb check` would refuse, also because of another one, becomes a diagnostic.
 * False: there are diagnostics, also of ezlb_import_read.
 */
bool ezlb_import_finish(struct ezlb_import *import);
/* The service file of a spec, with its notes as comments at the top. The caller frees. */
char *ezlb_import_text(const struct ezlb_import *import, const struct ezlb_spec *spec);
void ezlb_import_clear(struct ezlb_import *import);

/*
 * A name for a service that has none, or whose name is no valid one: lower case, other characters
 * replaced, at most EZLB_NAME_MAX characters, not one that `import` has already.
 */
void ezlb_import_name(const struct ezlb_import *import, const char *wanted,
		      char out[EZLB_NAME_MAX + 1]);
