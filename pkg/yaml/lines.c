// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/yaml.h>

#define STEP 512 /* bytes between two points of one line */

static bool is_break(const struct ezlb_lines *lines, size_t i)
{
	return lines->text[i] == '\n' || lines->text[i] == '\r';
}

static size_t after_char(const struct ezlb_lines *lines, size_t i)
{
	for (i++; i < lines->len && ((unsigned char)lines->text[i] & 0xc0) == 0x80;)
		i++;
	return i;
}

static void push(struct ezlb_lines *lines, size_t offset, struct ezlb_mark at)
{
	struct ezlb_lines_point *point = EZLB_PUSH(&lines->points);

	point->offset = offset;
	point->at = at;
}

void ezlb_lines_make(struct ezlb_lines *lines, const char *text, size_t len)
{
	struct ezlb_mark at = { 1, 1 };
	size_t last = 0;

	*lines = (struct ezlb_lines){ .text = text, .len = len };
	push(lines, 0, at);
	for (size_t i = 0; i < len;) {
		bool ends = is_break(lines, i);

		if (text[i] == '\r' && i + 1 < len && text[i + 1] == '\n')
			i++;
		i = after_char(lines, i);
		at.col++;
		if (ends)
			at = (struct ezlb_mark){ at.line + 1, 1 };
		if (!ends && i - last < STEP)
			continue;
		push(lines, i, at);
		last = i;
	}
}

/* The last point at or before the place; there is one. */
static struct ezlb_lines_point before(const struct ezlb_lines *lines, struct ezlb_mark at)
{
	size_t low = 1, high = lines->points.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct ezlb_mark there = lines->points.items[middle].at;

		if (there.line < at.line || (there.line == at.line && there.col <= at.col))
			low = middle + 1;
		else
			high = middle;
	}
	return lines->points.items[low - 1];
}

size_t ezlb_lines_find(const struct ezlb_lines *lines, struct ezlb_mark at)
{
	struct ezlb_lines_point point = before(lines, at);

	if (point.at.line < at.line)
		return lines->len;
	while (point.at.col < at.col && point.offset < lines->len &&
	       !is_break(lines, point.offset)) {
		point.offset = after_char(lines, point.offset);
		point.at.col++;
	}
	return point.offset;
}

void ezlb_lines_clear(struct ezlb_lines *lines)
{
	EZLB_VEC_CLEAR(&lines->points);
}
