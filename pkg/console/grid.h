/* SPDX-License-Identifier: GPL-2.0-or-later */
/* grid: rows under each other in as many columns as there is room for, with lines between them. */
#pragma once

#include <ezlb/console.h>

enum column {
	COLUMN_NAME, /* of a service, or the address of a backend */
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
	char *line;	      /* instead of the cells, ends in a newline; owned */
};

struct grid EZLB_VEC(struct grid_row);

void grid_heads(struct grid *grid);			   /* the row of the columns' names */
struct grid_row *grid_row(struct grid *grid);		   /* valid until the next one */
void grid_line(struct grid *grid, struct ezlb_text *text); /* takes the text */
void grid_put(const struct grid *grid, const struct ezlb_console_look *look, struct ezlb_text *out);
void grid_clear(struct grid *grid);
