// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/preview.h>

#include <ezlb/json.h>

#include "what.h"

static const char *const words[ACTIONS] = {
	[ACTION_ADD] = "add",
	[ACTION_CHANGE] = "change",
	[ACTION_REMOVE] = "remove",
};

static const char *outcome_of(const struct ezlb_op *op)
{
	if (op->rc == 0)
		return "done";
	return op->rc == EZLB_HELD ? "held" : "failed";
}

static void set_outcome(json_t *object, const struct ezlb_op *op, bool outcome)
{
	char why[EZLB_OP_STRLEN];

	ezlb_json_put_text(object, "outcome", outcome ? outcome_of(op) : NULL);
	ezlb_json_put_text(object, "error",
			   outcome && op->rc != 0 ? ezlb_op_explain(op, why) : NULL);
}

static json_t *op_of(const struct sheet *sheet, const struct item *item)
{
	const struct ezlb_op *op = item->op;
	char key[EZLB_SERVICE_KEY_STRLEN], text[EZLB_OP_STRLEN], why[REASON_STRLEN];
	struct ezlb_service_key listen;
	json_t *object = ezlb_json_object();

	ezlb_json_put_text(object, "op", ezlb_op_kind_str(op->kind));
	ezlb_json_put_text(object, "action", words[what_action(op)]);
	ezlb_json_put_text(object, "service", item->owner ? item->owner->spec->name : NULL);
	ezlb_json_put_text(object, "listen",
			   what_listener(item, &listen) ? ezlb_service_key_format(&listen, key)
							: NULL);
	ezlb_json_put_text(object, "object", what_object(op));
	ezlb_json_put_text(object, "what", what_format(sheet, item, text));
	ezlb_json_put_text(object, "text", ezlb_op_format(op, text));
	ezlb_json_put_text(object, "reason", reason_format(item, why));
	ezlb_json_put_text(object, "file", item->owner ? item->owner->spec->file : NULL);
	ezlb_json_put_known(object, "line", item->line > 0 ? (int64_t)item->line : -1);
	set_outcome(object, op, sheet->preview->outcome);
	return object;
}

static json_t *warning_of(const struct item *item)
{
	const char *file = item->owner ? item->owner->spec->file : item->refused;
	char key[EZLB_SERVICE_KEY_STRLEN], why[REASON_STRLEN];
	struct ezlb_service_key listen;
	json_t *object = ezlb_json_object();

	ezlb_json_put_text(object, "service", item->owner ? item->owner->spec->name : NULL);
	ezlb_json_put_text(object, "listen",
			   item->owner && what_listener(item, &listen)
				   ? ezlb_service_key_format(&listen, key)
				   : NULL);
	ezlb_json_put_text(object, "object", item->object);
	ezlb_json_put_text(object, "text", item->warning);
	ezlb_json_put_text(object, "reason", reason_format(item, why));
	ezlb_json_put_text(object, "file", file);
	ezlb_json_put_known(object, "line", item->line > 0 ? (int64_t)item->line : -1);
	return object;
}

static json_t *summary_of(const struct sheet *sheet)
{
	size_t n[ACTIONS] = { 0 }, failed = 0;
	json_t *object = ezlb_json_object();

	for (size_t i = 0; i < sheet->items.len; i++) {
		const struct ezlb_op *op = sheet->items.items[i].op;

		if (!op)
			continue;
		n[what_action(op)]++;
		failed += sheet->preview->outcome && op->rc != 0;
	}
	for (int i = 0; i < ACTIONS; i++)
		ezlb_json_put_count(object, words[i], n[i]);
	ezlb_json_put_count(object, "failed", failed);
	return object;
}

void ezlb_preview_json(const struct ezlb_preview *preview, struct ezlb_text *out)
{
	json_t *root = ezlb_json_object(), *ops = ezlb_json_array(), *warnings = ezlb_json_array();
	struct sheet sheet;

	sheet_open(&sheet, preview);
	for (size_t i = 0; i < sheet.items.len; i++) {
		const struct item *item = &sheet.items.items[i];

		if (item->op)
			ezlb_json_add(ops, op_of(&sheet, item));
		else
			ezlb_json_add(warnings, warning_of(item));
	}
	ezlb_json_put(root, "summary", summary_of(&sheet));
	ezlb_json_put(root, "ops", ops);
	ezlb_json_put(root, "warnings", warnings);
	ezlb_json_print(root, out);
	sheet_close(&sheet);
}
