// SPDX-License-Identifier: GPL-2.0-or-later
/* address: where the addresses of a service are, with --vip-device. */
#include "parts.h"

/* Several listeners may have one address: only the first tells of it. */
static bool is_again(const json_t *listeners, size_t i)
{
	const char *own = doc_text(json_array_get(listeners, i), "where");

	for (size_t k = 0; k < i; k++)
		if (doc_is(json_array_get(listeners, k), "where", own))
			return true;
	return false;
}

static bool is_away(const json_t *listener)
{
	return doc_is(listener, "vip", "withdrawn") || doc_is(listener, "vip", "held");
}

char *part_addresses(const json_t *service, bool away)
{
	const json_t *listeners = json_object_get(service, "listeners");
	struct ezlb_text text = { 0 };
	json_t *listener;
	size_t i;

	json_array_foreach(listeners, i, listener)
	{
		const char *where = doc_text(listener, "where");

		if (where[0] && (!away || is_away(listener)) && !is_again(listeners, i))
			ezlb_text_printf(&text, "%s%s", text.len ? "; " : "", where);
	}
	return text.len ? ezlb_text_take(&text, NULL) : NULL;
}
