/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parts: the parts of the output. All of their lines fit into the look's width. */
#pragma once

#include <ezlb/console.h>

#include "doc.h"
#include "grid.h"

/* Whether ezlb is ready, and problems of ezlb itself. */
void part_head(const json_t *doc, const struct ezlb_console_look *look, struct ezlb_text *out);
/* The files that are refused or cannot be read, and why; no text if there are none. */
void part_refused(const json_t *doc, const struct ezlb_console_look *look, struct ezlb_text *out);
/* The diagnostics of one file. */
void part_diagnostics(const json_t *file, const struct ezlb_console_look *look,
		      struct ezlb_text *out);

/* Of how many backends those that serve are. */
long long part_serving_of(const json_t *service);
/* A service's row, and below it the reasons of its problems. */
void part_service_row(const json_t *service, const struct ezlb_console_look *look,
		      struct grid *grid);
/* "tcp 10.0.0.1:53, udp 10.0.0.1:53 and 2 more", at most so many. The caller frees it. */
char *part_listeners(const json_t *service, size_t most);
/*
 * Where its addresses are: "10.0.0.1 is on ezlb0; 10.0.0.2 is not on ezlb0: ..."; with `away` only
 * those that wait for a backend. NULL: none, or no --vip-device. The caller frees it.
 */
char *part_addresses(const json_t *service, bool away);
/* A row for each backend of the service, those that are not up first. */
void part_backend_rows(const json_t *service, const struct ezlb_console_look *look,
		       struct grid *grid);

/* What a backend does, or its verdict if that says more: "draining", "up". Borrowed. */
const char *part_state(const json_t *backend);
/* Slow start: how much of its weight it has. */
int part_percent(const json_t *backend);
/* What to tell of the role in a column: "18s left, 12 open"; NULL: nothing. The caller frees it. */
char *part_role_detail(const json_t *backend, const struct ezlb_console_look *look);
/* The role in words; NULL: not known. The caller frees it. */
char *part_role(const json_t *backend, const struct ezlb_console_look *look);

/* The outcome of the last probe: "http_status 503"; "-": none yet. The caller frees it. */
char *part_outcome(const json_t *backend);
