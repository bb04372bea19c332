/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parts: what tables are made of. All of it is lines that fit the look's width. */
#pragma once

#include <ezlb/console.h>

#include "doc.h"
#include "grid.h"

/* Is it ready, and what is wrong with ezlb itself. */
void part_head(const json_t *doc, const struct ezlb_console_look *look, struct ezlb_text *out);
/* The files that are refused or cannot be read, and why; nothing where there is none. */
void part_refused(const json_t *doc, const struct ezlb_console_look *look, struct ezlb_text *out);
/* What is wrong with the file of that path. */
void part_diagnostics(const json_t *file, const struct ezlb_console_look *look,
		      struct ezlb_text *out);

/* A service's row; where something is wrong with it, the reasons below. */
void part_service_row(const json_t *service, const struct ezlb_console_look *look,
		      struct grid *grid);
/* A row for each of its backends, those that are not up first. */
void part_backend_rows(const json_t *service, const struct ezlb_console_look *look,
		       struct grid *grid);

/* How the last probe of a backend ended: "http_status 503"; "-" where there was none. */
char *part_outcome(const json_t *backend);

void part_event_line(const json_t *event, const struct ezlb_console_look *look,
		     struct ezlb_text *out);
