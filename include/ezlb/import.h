/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import: turns what another load balancer reads (or prints) into service files, and says for every
 * setting that has no counterpart what became of it. Pure: knows the bytes that it is given; an
 * include of keepalived.conf is asked for through a function.
 *
 *   bytes -> ezlb_import_read -> specs, notes -> ezlb_import_text -> one service file each
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ezlb/diag.h>
#include <ezlb/err.h>
#include <ezlb/spec.h>
#include <ezlb/text.h>

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

struct ezlb_import {
	struct EZLB_VEC(struct ezlb_spec *) specs; /* owned; their names differ */
	struct EZLB_VEC(struct ezlb_import_note) notes;
	struct ezlb_diags diags; /* what cannot be read; no spec is made of that part */
	ezlb_import_include_fn include;
	void *ctx; /* of include; borrowed */
};

/*
 * Adds the services of one text to a zeroed or used `import`; `format` must not be UNKNOWN. False:
 * there are errors among the diags. What could be read is there all the same.
 */
bool ezlb_import_read(struct ezlb_import *import, enum ezlb_import_format format, const char *file,
		      const char *text, size_t len);
void ezlb_import_note(struct ezlb_import *import, enum ezlb_import_fate fate, const char *file,
		      struct ezlb_mark at, const char *service, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/* The service file of a spec, with its notes as comments at the top. The caller frees. */
char *ezlb_import_text(const struct ezlb_import *import, const struct ezlb_spec *spec);
void ezlb_import_clear(struct ezlb_import *import);

/*
 * A name for a service that has none, or whose name is no valid one: lower case, other characters
 * replaced, at most EZLB_NAME_MAX characters, not one that `import` has already.
 */
void ezlb_import_name(const struct ezlb_import *import, const char *wanted,
		      char out[EZLB_NAME_MAX + 1]);
