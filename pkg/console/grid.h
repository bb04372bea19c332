/* SPDX-License-Identifier: GPL-2.0-or-later */
/* grid: a table with as many columns as fit, and lines of text between its rows. */
#pragma once

#include <ezlb/console.h>

enum column {
	COLUMN_NAME, /* name of a service, or address of a backend */
	COLUMN_STATE,
	COLUMN_UP,
	COLUMN_DETAIL,
	COLUMN_SINCE,
	COLUMN_WEIGHT,
	COLUMN_ACTIVE,
	COLUMN_NEW,
	COLUMN_IN,
	COLUMN_OUT,
	COLUMNS
};

struct grid_row {
	char *cells[COLUMNS]; /* NULL: empty; owned */
	char *line;	      /* a line of text instead of cells, ends in a newline; owned */
};

struct grid EZLB_VEC(struct grid_row);

void grid_heads(struct grid *grid);	      /* adds the row of column titles */
struct grid_row *grid_row(struct grid *grid); /* adds a row; valid until the next one */
void grid_line(struct grid *grid, struct ezlb_text *text); /* takes ownership of the text */
void grid_put(const struct grid *grid, const struct ezlb_console_look *look, struct ezlb_text *out);
void grid_clear(struct grid *grid);
