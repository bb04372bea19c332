// SPDX-License-Identifier: GPL-2.0-or-later
/* backends, fallback, persistence and tunnel. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include <ezlb/config.h>

#include "reader.h"

void ezlb_read_address(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	(void)field;
	r->backend->at = node->at;
	ezlb_field_backend(r->src, node, &r->backend->endpoint);
}

static void check_thresholds(struct reader *r)
{
	const struct ezlb_backend *backend = r->backend;

	if (backend->lower <= backend->upper)
		return;
	ezlb_source_refuse(
		r->src, ezlb_read_at(r, &backend_table, "lower_threshold"), EZLB_E_RANGE,
		"a backend that has reached upper_threshold gets new connections again when it "
		"has fewer than lower_threshold",
		"lower_threshold %u is above upper_threshold %u", (unsigned)backend->lower,
		(unsigned)backend->upper);
}

static void read_backend(struct reader *r, const struct field *field, const struct ezlb_node *item,
			 const struct ezlb_backend *defaults)
{
	struct ezlb_spec *spec = r->spec;

	if (!ezlb_field_is(r->src, item, EZLB_NODE_MAP, "write - address: IP:port"))
		return;
	r->backend = &spec->backends[spec->n_backends++];
	*r->backend = *defaults;
	r->backend->at = item->at;
	ezlb_read_map(r, item, field->table);
	check_thresholds(r);
}

static void read_list(struct reader *r, const struct field *field, const struct ezlb_node *node,
		      bool fallback)
{
	static const char one[] = "write at least one '- address: IP:port' below %s:";
	struct ezlb_backend defaults = { .fallback = fallback };
	struct ezlb_spec *spec = r->spec;
	char help[80];
	size_t n = 0;

	snprintf(help, sizeof(help), one, field->name);
	if (!ezlb_field_is(r->src, node, EZLB_NODE_LIST, help))
		return;
	for (const struct ezlb_node *item = node->first; item; item = item->next)
		n++;
	if (n == 0)
		ezlb_source_refuse(r->src, node->at, EZLB_E_MISSING, help,
				   fallback ? "the list of fallback has no backends"
					    : "at least one backend is needed");
	if (n + spec->n_backends > EZLB_BACKENDS_MAX) {
		ezlb_source_refuse(r->src, node->at, EZLB_E_SIZE,
				   "put the others in another file with its own listener",
				   "%zu backends: a service may have at most %d",
				   n + spec->n_backends, EZLB_BACKENDS_MAX);
		return;
	}
	if (n == 0)
		return;
	spec->backends = ezlb_realloc(spec->backends, spec->n_backends + n,
				      sizeof(*spec->backends));
	r->backend = &defaults;
	ezlb_read_defaults(r, field->table);
	for (const struct ezlb_node *item = node->first; item; item = item->next)
		read_backend(r, field, item, &defaults);
	r->backend = NULL;
}

void ezlb_read_backends(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	read_list(r, field, node, false);
}

void ezlb_read_fallback(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	read_list(r, field, node, true);
}

void ezlb_read_persistence(struct reader *r, const struct field *field,
			   const struct ezlb_node *node)
{
	ezlb_read_defaults(r, field->table);
	if (node->kind == EZLB_NODE_SCALAR && !ezlb_node_empty(node))
		ezlb_read_persistence_timeout(r, field, node);
	else if (ezlb_field_is(r->src, node, EZLB_NODE_MAP,
			       "write a duration, or timeout: and netmask: below persistence:"))
		ezlb_read_map(r, node, field->table);
}

/* The kernel counts in seconds. */
void ezlb_read_persistence_timeout(struct reader *r, const struct field *field,
				   const struct ezlb_node *node)
{
	uint32_t ms;

	if (!ezlb_field_duration(r->src, node, field->limits, &ms))
		return;
	if (ms % 1000 != 0)
		ezlb_source_refuse(r->src, node->at, EZLB_E_VALUE, NULL,
				   "%s %s must be whole seconds", field->name, node->text);
	r->spec->persistence.timeout_s = ms / 1000;
}

/* The length of the prefix that a mask like 255.255.255.0 has; 0: it is no such mask. */
static uint32_t prefix_of(const struct ezlb_addr *mask)
{
	uint32_t bits;
	uint32_t n = 0;

	memcpy(&bits, mask->bytes, sizeof(bits));
	for (bits = ntohl(bits); bits & 0x80000000u; bits <<= 1)
		n++;
	return bits ? 0 : n;
}

void ezlb_read_netmask(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	struct ezlb_addr mask;
	uint32_t prefix = 0;

	r->netmask_mask = node->kind == EZLB_NODE_SCALAR && strchr(node->text, '.') &&
			  ezlb_addr_parse(node->text, &mask, NULL) == 0;
	if (r->netmask_mask)
		prefix = prefix_of(&mask);
	else if (!ezlb_field_uint(r->src, node, field->limits, &prefix))
		return;
	if (prefix == 0)
		ezlb_source_refuse(r->src, node->at, EZLB_E_VALUE,
				   "write the length of the prefix, for example 24",
				   "netmask %s is not the mask of a network", node->text);
	r->spec->persistence.prefix = (uint8_t)prefix;
}

void ezlb_read_engine(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	struct ezlb_persistence *to = &r->spec->persistence;
	const char *word;

	if (ezlb_field_word(r->src, node, field->words, field->aliases, &word))
		ezlb_strcpy(to->engine, sizeof(to->engine), word);
}

void ezlb_read_tunnel_type(struct reader *r, const struct field *field,
			   const struct ezlb_node *node)
{
	const char *word;

	if (ezlb_field_word(r->src, node, field->words, field->aliases, &word))
		ezlb_tunnel_type_parse(word, &r->spec->tunnel.type);
}

void ezlb_read_tunnel_port(struct reader *r, const struct field *field,
			   const struct ezlb_node *node)
{
	uint32_t port;

	if (ezlb_field_uint(r->src, node, field->limits, &port))
		r->spec->tunnel.port = (uint16_t)port;
}

void ezlb_read_tunnel_checksum(struct reader *r, const struct field *field,
			       const struct ezlb_node *node)
{
	const char *word;

	if (ezlb_field_word(r->src, node, field->words, field->aliases, &word))
		ezlb_tunnel_checksum_parse(word, &r->spec->tunnel.checksum);
}
