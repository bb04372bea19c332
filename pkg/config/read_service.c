// SPDX-License-Identifier: GPL-2.0-or-later
/* The fields of a service and of its backends. */
#include <errno.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include <ezlb/config.h>

#include "reader.h"

/* A DNS label, RFC 1035 2.3.1 with the leading digits of RFC 1123 2.1. */
static bool is_label(const char *text)
{
	static const char alnum[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t len = strlen(text);

	if (len == 0 || len > EZLB_NAME_MAX || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!memchr(alnum, text[i], sizeof(alnum) - 1) && text[i] != '-')
			return false;
	return true;
}

void ezlb_read_name(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	const char *text;
	char shown[EZLB_SHOW_STRLEN];

	(void)field;
	r->spec->name_at = node->at;
	if (!ezlb_field_text(r->src, node, &text))
		return;
	if (is_label(text))
		ezlb_strcpy(r->spec->name, sizeof(r->spec->name), text);
	else
		ezlb_source_refuse(r->src, node->at, EZLB_E_VALUE,
				   "use a-z, 0-9 and '-' inside, at most 63 characters",
				   "'%s' cannot be a service name", ezlb_source_show(text, shown));
}

/* Without `name` the base name of the file is the service name. */
void ezlb_read_default_name(struct reader *r, const struct ezlb_node *root)
{
	const char *file = r->spec->file;
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
	size_t len = strlen(base);
	EZLB_AUTO_FREE char *name = NULL;
	char shown[EZLB_SHOW_STRLEN];

	if (r->spec->name_at.line > 0)
		return;
	r->spec->name_at = root->at;
	if (len >= 5 && strcmp(base + len - 5, ".yaml") == 0)
		len -= 5;
	else if (len >= 4 && strcmp(base + len - 4, ".yml") == 0)
		len -= 4;
	name = ezlb_strndup(base, len);
	if (is_label(name))
		ezlb_strcpy(r->spec->name, sizeof(r->spec->name), name);
	else
		ezlb_source_refuse(r->src, root->at, EZLB_E_VALUE,
				   "set name: to a-z, 0-9 and '-' inside, at most 63 characters",
				   "the file's name '%s' cannot be the service's name",
				   ezlb_source_show(name, shown));
}

static void read_listen_item(struct reader *r, const struct field *field,
			     const struct ezlb_node *node)
{
	struct listen_item item = { .at = node->at };

	(void)field;
	ezlb_field_listen(r->src, node, &item.first, &item.last_port);
	*EZLB_PUSH(&r->listen) = item;
}

void ezlb_read_listen(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	r->listen_list = node->kind == EZLB_NODE_LIST;
	r->spec->listen_at = node->at;
	ezlb_read_each(r, field, node, LISTEN_MAX, read_listen_item);
}

static void read_protocol_item(struct reader *r, const struct field *field,
			       const struct ezlb_node *node)
{
	const char *word;
	enum ezlb_proto proto;

	if (!ezlb_field_word(r->src, node, field->words, field->aliases, &word) ||
	    ezlb_proto_parse(word, &proto) < 0)
		return;
	for (size_t i = 0; i < r->n_protos; i++)
		if (r->protos[i] == proto) {
			ezlb_source_refuse(r->src, node->at, EZLB_E_LISTENER_TWICE, "remove one",
					   "protocol %s is listed twice", word);
			return;
		}
	r->protos[r->n_protos++] = proto;
}

void ezlb_read_protocol(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	enum ezlb_proto by_default = r->protos[0];

	r->n_protos = 0;
	ezlb_read_each(r, field, node, PROTOS, read_protocol_item);
	if (r->n_protos == 0) { /* reported */
		r->protos[0] = by_default;
		r->n_protos = 1;
	}
}

void ezlb_read_fwmark(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	ezlb_field_uint(r->src, node, field->limits, &r->fwmark);
}

void ezlb_read_scheduler(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	const char *word;

	if (ezlb_field_word(r->src, node, field->words, field->aliases, &word))
		ezlb_strcpy(r->spec->scheduler, sizeof(r->spec->scheduler), word);
}

/* linux/ip_vs.h: IP_VS_SVC_F_SCHED_SH_FALLBACK and so on, which are the same bits for mh. */
static void read_flag(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	const char *word;

	if (!ezlb_field_word(r->src, node, field->words, field->aliases, &word))
		return;
	r->spec->flags |= strcmp(word + 2, "-fallback") == 0 ? IP_VS_SVC_F_SCHED1
							     : IP_VS_SVC_F_SCHED2;
	r->flag_scheduler[word[0] == 'm'] = node->at;
}

void ezlb_read_scheduler_flags(struct reader *r, const struct field *field,
			       const struct ezlb_node *node)
{
	ezlb_read_each(r, field, node, 2, read_flag);
}

void ezlb_read_one_packet(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	bool on = false;

	(void)field;
	if (ezlb_field_bool(r->src, node, &on) && on)
		r->spec->flags |= IP_VS_SVC_F_ONEPACKET;
}

void ezlb_read_forward(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	const char *word;

	if (ezlb_field_word(r->src, node, field->words, field->aliases, &word))
		ezlb_forward_parse(word, &r->spec->forward);
}

void ezlb_read_full_nat(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	(void)field;
	r->full_nat_unclear = !ezlb_field_bool(r->src, node, &r->spec->full_nat);
}

void ezlb_read_snat_ip(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	(void)field;
	r->spec->snat_ip_at = node->at;
	ezlb_field_range(r->src, node, &r->spec->snat_ip);
}

void ezlb_read_client_address(struct reader *r, const struct field *field,
			      const struct ezlb_node *node)
{
	const char *word;

	r->spec->client_address_at = node->at;
	if (ezlb_field_word(r->src, node, field->words, field->aliases, &word))
		ezlb_client_address_parse(word, &r->spec->client_address);
}

void ezlb_read_vip(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	const char *word;

	if (ezlb_field_word(r->src, node, field->words, field->aliases, &word))
		ezlb_vip_when_parse(word, &r->spec->vip);
}

void ezlb_read_on_failure(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	const char *word;

	if (ezlb_field_word(r->src, node, field->words, field->aliases, &word))
		ezlb_on_failure_parse(word, &r->spec->on_failure);
}

/* "50%", or a number of backends. */
void ezlb_read_min_healthy(struct reader *r, const struct field *field,
			   const struct ezlb_node *node)
{
	struct ezlb_min_healthy *out = &r->spec->min_healthy;
	EZLB_AUTO_FREE char *digits = NULL;
	struct ezlb_node number = *node;
	size_t len = node->kind == EZLB_NODE_SCALAR ? strlen(node->text) : 0;
	char shown[EZLB_SHOW_STRLEN];
	uint32_t n;

	if (len > 0 && node->text[len - 1] == '%')
		number.text = digits = ezlb_strndup(node->text, len - 1);
	if (number.text && !ezlb_node_empty(node) && !ezlb_field_is_decimal(number.text)) {
		ezlb_source_refuse(r->src, node->at, EZLB_E_TYPE,
				   "write the number of backends, or a share like 50%",
				   "%s must be a number or a share, not '%s'", field->name,
				   ezlb_source_show(node->text, shown));
		return;
	}
	if (digits && (strlen(digits) > 3 || atoi(digits) > 100))
		ezlb_source_refuse(r->src, node->at, EZLB_E_RANGE, NULL,
				   "%s %s is out of range: 0%%-100%%", field->name,
				   ezlb_source_show(node->text, shown));
	else if (ezlb_field_uint(r->src, &number, field->limits, &n))
		*out = (struct ezlb_min_healthy){ .count = n, .percent = digits && n > 0 };
}
