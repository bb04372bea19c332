// SPDX-License-Identifier: GPL-2.0-or-later
/* The fields of health_check that are not of one type of probe. */
#include <netinet/in.h>

#include "reader.h"

void ezlb_read_enabled(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	bool enabled = true;

	(void)field;
	r->check_on = ezlb_field_bool(r->src, node, &enabled) && enabled && node->at.line > 0;
	r->check_off = !enabled;
}

void ezlb_read_check_type(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	const char *word;

	if (ezlb_field_word(r->src, node, field->words, field->aliases, &word))
		ezlb_check_type_parse(word, &r->spec->check.type);
}

void ezlb_read_initial(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	const char *word;

	if (ezlb_field_word(r->src, node, field->words, field->aliases, &word))
		r->spec->check.initial_up = strcmp(word, "up") == 0;
}

void ezlb_read_check_port(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	uint32_t port;

	if (ezlb_field_uint(r->src, node, field->limits, &port))
		r->spec->check.port = (uint16_t)port;
}

void ezlb_read_source(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	struct ezlb_addr_range *source = &r->spec->check.source;
	const char *text;
	char shown[EZLB_SHOW_STRLEN];

	(void)field;
	if (!ezlb_field_text(r->src, node, &text))
		return;
	r->source_auto = strcmp(text, "auto") == 0;
	if (r->source_auto || strcmp(text, "none") == 0)
		return;
	if (!strpbrk(text, ".:"))
		ezlb_source_refuse(r->src, node->at, EZLB_E_ADDRESS,
				   "write an IP address of this host, auto or none",
				   "'%s' is not a source of probes", ezlb_source_show(text, shown));
	else if (ezlb_field_addr(r->src, node, &source->first))
		source->last = source->first;
}
