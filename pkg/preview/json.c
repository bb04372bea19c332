// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/preview.h>

#include <jansson.h>

#include "what.h"

static const char *const words[ACTIONS] = {
	[ACTION_ADD] = "add",
	[ACTION_CHANGE] = "change",
	[ACTION_REMOVE] = "remove",
};

/* A file's name may be no UTF-8, which JSON has to be: then what is not ASCII is shown as '?'. */
static json_t *string_of(const char *s)
{
	json_t *string = json_string(s);
	EZLB_AUTO_FREE char *ascii = NULL;

	if (string)
		return string;
	ascii = ezlb_strdup(s);
	for (char *p = ascii; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	return json_string(ascii);
}

static void set(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, text ? string_of(text) : json_null());
}

static const char *outcome_of(const struct ezlb_op *op)
{
	if (op->rc == 0)
		return "done";
	return op->rc == EZLB_HELD ? "held" : "failed";
}

static void set_outcome(json_t *object, const struct ezlb_op *op, bool outcome)
{
	char why[EZLB_OP_STRLEN];

	set(object, "outcome", outcome ? outcome_of(op) : NULL);
	set(object, "error", outcome && op->rc != 0 ? ezlb_op_explain(op, why) : NULL);
}

static json_t *op_of(const struct sheet *sheet, const struct item *item)
{
	const struct ezlb_op *op = item->op;
	char key[EZLB_SERVICE_KEY_STRLEN], text[EZLB_OP_STRLEN], why[REASON_STRLEN];
	struct ezlb_service_key listen;
	json_t *object = json_object();

	set(object, "op", ezlb_op_kind_str(op->kind));
	set(object, "action", words[what_action(op)]);
	set(object, "service", item->owner ? item->owner->spec->name : NULL);
	set(object, "listen",
	    what_listener(item, &listen) ? ezlb_service_key_format(&listen, key) : NULL);
	set(object, "object", what_object(op));
	set(object, "what", what_format(sheet, item, text));
	set(object, "text", ezlb_op_format(op, text));
	set(object, "reason", reason_format(item, why));
	set(object, "file", item->owner ? item->owner->spec->file : NULL);
	json_object_set_new(object, "line",
			    item->line > 0 ? json_integer(item->line) : json_null());
	set_outcome(object, op, sheet->preview->outcome);
	return object;
}

static json_t *summary_of(const struct sheet *sheet)
{
	size_t n[ACTIONS] = { 0 }, failed = 0;
	json_t *object = json_object();

	for (size_t i = 0; i < sheet->items.len; i++) {
		const struct ezlb_op *op = sheet->items.items[i].op;

		n[what_action(op)]++;
		failed += sheet->preview->outcome && op->rc != 0;
	}
	for (int i = 0; i < ACTIONS; i++)
		json_object_set_new(object, words[i], json_integer((json_int_t)n[i]));
	json_object_set_new(object, "failed", json_integer((json_int_t)failed));
	return object;
}

static int take(const char *bytes, size_t len, void *arg)
{
	ezlb_text_put(arg, bytes, len);
	return 0;
}

void ezlb_preview_json(const struct ezlb_preview *preview, struct ezlb_text *out)
{
	json_t *root = json_object(), *ops = json_array();
	struct sheet sheet;

	sheet_open(&sheet, preview);
	for (size_t i = 0; i < sheet.items.len; i++)
		json_array_append_new(ops, op_of(&sheet, &sheet.items.items[i]));
	json_object_set_new(root, "summary", summary_of(&sheet));
	json_object_set_new(root, "ops", ops);
	json_dump_callback(root, take, out, JSON_INDENT(2));
	ezlb_text_puts(out, "\n");
	json_decref(root);
	sheet_close(&sheet);
}
