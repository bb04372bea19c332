// SPDX-License-Identifier: GPL-2.0-or-later
#include "grid.h"

#include "colour.h"
#include "plain.h"

#define GAP 2

/*
 * What to leave out of a narrow table: first columns in the order of `spare`, until no name or
 * address has to be cut below `comfort`; then columns in the order of `drop`, until all fit with
 * names cut to `least`. SIZE_MAX: never cut.
 */
static const struct {
	const char *title;
	bool right;
	unsigned spare, drop; /* 0: never; 1: first */
	size_t least, comfort;
} columns[COLUMNS] = {
	[COLUMN_NAME] = { "SERVICE, BACKEND", false, 0, 0, 30, 48 },
	[COLUMN_STATE] = { "STATE", false, 0, 0, SIZE_MAX, SIZE_MAX },
	[COLUMN_UP] = { "UP", true, 0, 4, SIZE_MAX, SIZE_MAX },
	[COLUMN_DETAIL] = { "DETAIL", false, 0, 5, 16, 24 },
	[COLUMN_SINCE] = { "SINCE", true, 0, 2, SIZE_MAX, SIZE_MAX },
	[COLUMN_WEIGHT] = { "WEIGHT", true, 3, 0, SIZE_MAX, SIZE_MAX },
	[COLUMN_ACTIVE] = { "ACTIVE", true, 0, 3, SIZE_MAX, SIZE_MAX },
	[COLUMN_NEW] = { "NEW", true, 0, 1, SIZE_MAX, SIZE_MAX },
	[COLUMN_IN] = { "IN", true, 1, 0, SIZE_MAX, SIZE_MAX },
	[COLUMN_OUT] = { "OUT", true, 2, 0, SIZE_MAX, SIZE_MAX },
};

struct widths {
	size_t given[COLUMNS]; /* 0: left out */
};

void grid_heads(struct grid *grid)
{
	struct grid_row *row = grid_row(grid);

	for (int i = 0; i < COLUMNS; i++)
		row->cells[i] = ezlb_strdup(columns[i].title);
}

struct grid_row *grid_row(struct grid *grid)
{
	return EZLB_PUSH(grid);
}

void grid_line(struct grid *grid, struct ezlb_text *text)
{
	grid_row(grid)->line = ezlb_text_take(text, NULL);
}

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static struct widths measure(const struct grid *grid)
{
	struct widths widths = { 0 };

	for (size_t i = 0; i < grid->len; i++) {
		for (int c = 0; c < COLUMNS; c++) {
			const char *cell = grid->items[i].cells[c];
			size_t n = cell ? plain_columns(cell) : 0;

			if (n > widths.given[c])
				widths.given[c] = n;
		}
	}
	return widths;
}

/* The width of the table if each column is at most as wide as its limit. */
static size_t total(const struct widths *widths, bool comfort)
{
	size_t sum = 0;

	for (int c = 0; c < COLUMNS; c++) {
		size_t limit = comfort ? columns[c].comfort : columns[c].least;

		if (widths->given[c] > 0)
			sum += min(widths->given[c], limit) + (sum > 0 ? GAP : 0);
	}
	return sum;
}

static void leave_out(struct widths *widths, size_t width)
{
	for (unsigned rank = 1; rank <= COLUMNS && total(widths, true) > width; rank++)
		for (int c = 0; c < COLUMNS; c++)
			if (columns[c].spare == rank)
				widths->given[c] = 0;
	for (unsigned rank = 1; rank <= COLUMNS && total(widths, false) > width; rank++)
		for (int c = 0; c < COLUMNS; c++)
			if (columns[c].drop == rank)
				widths->given[c] = 0;
}

/* The column gets as much of *left as it can use, up to the limit. */
static void widen(size_t *given, size_t limit, size_t *left)
{
	size_t more = limit > *given ? min(limit - *given, *left) : 0;

	*given += more;
	*left -= more;
}

/* Name and detail get their least width, then what is left, names and addresses first. */
static void cut(struct widths *widths, size_t width)
{
	size_t least = total(widths, false);
	size_t left = width > least ? width - least : 0;
	size_t *name = &widths->given[COLUMN_NAME], *detail = &widths->given[COLUMN_DETAIL];
	size_t natural_name = *name, natural_detail = *detail;

	*name = min(*name, columns[COLUMN_NAME].least);
	*detail = min(*detail, columns[COLUMN_DETAIL].least);
	widen(name, min(natural_name, columns[COLUMN_NAME].comfort), &left);
	widen(detail, natural_detail, &left);
	widen(name, natural_name, &left);
	/* A screen narrower than that: cut the name further. */
	if (least > width)
		*name -= min(*name - 1, least - width);
}

static void put_cell(struct ezlb_text *out, const char *cell, enum column c, size_t width)
{
	size_t pad = width - min(width, plain_columns(cell));

	if (columns[c].right)
		ezlb_text_printf(out, "%*s", (int)pad, "");
	plain_put_middle_cut(out, cell, width);
	if (!columns[c].right)
		ezlb_text_printf(out, "%*s", (int)pad, "");
}

static void put_row(struct ezlb_text *out, const struct grid_row *row, const struct widths *widths,
		    const struct ezlb_console_look *look)
{
	for (int i = 0; i < COLUMNS; i++) {
		enum column c = (enum column)i;
		const char *cell = row->cells[c] ? row->cells[c] : "";
		bool coloured = look->colour && c == COLUMN_STATE;

		if (widths->given[c] == 0)
			continue;
		if (c != COLUMN_NAME)
			ezlb_text_printf(out, "%*s", GAP, "");
		if (coloured)
			ezlb_text_puts(out, colour_of(look, cell));
		put_cell(out, cell, c, widths->given[c]);
		if (coloured)
			ezlb_text_puts(out, colour_end(look));
	}
	while (out->len > 0 && out->items[out->len - 1] == ' ')
		out->len--;
	ezlb_text_puts(out, "\n");
}

void grid_put(const struct grid *grid, const struct ezlb_console_look *look, struct ezlb_text *out)
{
	struct widths widths = measure(grid);

	if (look->width > 0) {
		leave_out(&widths, look->width);
		cut(&widths, look->width);
	}
	for (size_t i = 0; i < grid->len; i++) {
		if (grid->items[i].line)
			ezlb_text_puts(out, grid->items[i].line);
		else
			put_row(out, &grid->items[i], &widths, look);
	}
}

void grid_clear(struct grid *grid)
{
	for (size_t i = 0; i < grid->len; i++) {
		free(grid->items[i].line);
		for (int c = 0; c < COLUMNS; c++)
			free(grid->items[i].cells[c]);
	}
	EZLB_VEC_CLEAR(grid);
}
