// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/preview.h>

#include <ezlb/utf8.h>

#include "what.h"

#define WIDTH_MAX 56 /* longer texts move their reason to the right */

#define BOLD   "\033[1m"
#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

struct page {
	const struct sheet *sheet;
	struct ezlb_text *out;
	bool colour;
	int width; /* of the texts of ops, to align the reasons */
};

/* Removes control characters, which names of files and devices may contain. */
static void put_clean(struct ezlb_text *out, const char *s)
{
	EZLB_AUTO_FREE char *clean = ezlb_strdup(s);

	ezlb_utf8_plain(clean, false);
	ezlb_text_puts(out, clean);
}

static void paint(const struct page *page, const char *colour)
{
	if (page->colour)
		ezlb_text_puts(page->out, colour);
}

static int width_of(const struct sheet *sheet)
{
	char what[EZLB_OP_STRLEN];
	size_t width = 0;

	for (size_t i = 0; i < sheet->items.len; i++) {
		const struct item *item = &sheet->items.items[i];
		size_t len = item->op ? strlen(what_format(sheet, item, what)) : 0;

		if (len > width && len <= WIDTH_MAX)
			width = len;
	}
	return (int)width;
}

static void put_listeners(const struct page *page, const struct ezlb_spec *spec)
{
	char text[EZLB_LISTENER_TEXT_STRLEN];

	for (size_t i = 0; i < spec->n_listeners; i++)
		ezlb_text_printf(page->out, "%s%s", i ? ", " : "  ",
				 ezlb_listener_text(&spec->listeners[i], text));
}

static void put_title(const struct page *page, const struct item *item)
{
	paint(page, BOLD);
	switch (item->group) {
	case GROUP_SERVICE:
		ezlb_text_puts(page->out, item->owner->spec->name);
		break;
	case GROUP_HOST:
		ezlb_text_puts(page->out, "host");
		break;
	case GROUP_UNWANTED:
		ezlb_text_puts(page->out, "not in any file");
		break;
	case GROUP_REFUSED:
		ezlb_text_puts(page->out, "refused files");
		break;
	}
	paint(page, PLAIN);
	if (item->group == GROUP_SERVICE)
		put_listeners(page, item->owner->spec);
	ezlb_text_puts(page->out, "\n");
}

static void put_outcome(const struct page *page, const struct ezlb_op *op)
{
	char why[EZLB_OP_STRLEN];

	if (!page->sheet->preview->outcome || op->rc == 0)
		return;
	paint(page, RED);
	ezlb_text_puts(page->out, op->rc == EZLB_HELD ? "    held: " : "    failed: ");
	put_clean(page->out, ezlb_op_explain(op, why));
	paint(page, PLAIN);
	ezlb_text_puts(page->out, "\n");
}

static void put_item(const struct page *page, const struct item *item)
{
	static const struct {
		const char *sign, *colour;
	} looks[ACTIONS + 1] = {
		[ACTION_ADD] = { "+", GREEN },
		[ACTION_CHANGE] = { "~", YELLOW },
		[ACTION_REMOVE] = { "-", RED },
		[ACTIONS] = { "!", YELLOW }, /* a warning */
	};
	enum action action = item->op ? what_action(item->op) : ACTIONS;
	char what[EZLB_OP_STRLEN], why[REASON_STRLEN];
	int len;

	what_format(page->sheet, item, what);
	len = (int)strlen(what);
	paint(page, looks[action].colour);
	ezlb_text_printf(page->out, "  %s ", looks[action].sign);
	put_clean(page->out, what);
	paint(page, PLAIN);
	ezlb_text_printf(page->out, "%*s  ", len < page->width ? page->width - len : 0, "");
	put_clean(page->out, reason_format(item, why));
	ezlb_text_puts(page->out, "\n");
	if (item->op)
		put_outcome(page, item->op);
}

static bool same_title(const struct item *a, const struct item *b)
{
	return a->group == b->group && a->owner == b->owner;
}

static void put_count(const struct page *page)
{
	const struct items *items = &page->sheet->items;
	bool outcome = page->sheet->preview->outcome;
	size_t n[ACTIONS] = { 0 }, failed = 0, held = 0, warnings = 0;

	for (size_t i = 0; i < items->len; i++) {
		const struct ezlb_op *op = items->items[i].op;

		if (!op)
			warnings++;
		else if (!outcome || op->rc == 0)
			n[what_action(op)]++;
		else if (op->rc == EZLB_HELD)
			held++;
		else
			failed++;
	}
	ezlb_text_printf(page->out,
			 outcome ? "\nDone: %zu added, %zu changed, %zu removed"
				 : "\nPlan: %zu to add, %zu to change, %zu to remove",
			 n[ACTION_ADD], n[ACTION_CHANGE], n[ACTION_REMOVE]);
	if (failed + held > 0)
		ezlb_text_printf(page->out, "; %zu failed, %zu held", failed, held);
	if (warnings > 0)
		ezlb_text_printf(page->out, "; %zu warning%s", warnings, warnings == 1 ? "" : "s");
	ezlb_text_puts(page->out, ".\n");
}

static bool has_ops(const struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->items.len; i++)
		if (sheet->items.items[i].op)
			return true;
	return false;
}

void ezlb_preview_text(const struct ezlb_preview *preview, bool colour, struct ezlb_text *out)
{
	struct sheet sheet;
	struct page page = { .sheet = &sheet, .out = out, .colour = colour };

	sheet_open(&sheet, preview);
	page.width = width_of(&sheet);
	for (size_t i = 0; i < sheet.items.len; i++) {
		const struct item *item = &sheet.items.items[i];

		if (i == 0 || !same_title(item - 1, item)) {
			if (i > 0)
				ezlb_text_puts(out, "\n");
			put_title(&page, item);
		}
		put_item(&page, item);
	}
	if (has_ops(&sheet))
		put_count(&page);
	sheet_close(&sheet);
}
