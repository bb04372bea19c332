// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "from.h"

#define SEPARATORS   ", \t\r\n"
#define KEY_PREFIX   32 /* the bits of the generation */
#define MAPPED_BITS  96
#define MAPPED_BYTES 12

static const uint8_t mapped[MAPPED_BYTES] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static unsigned width(const struct ezlb_addr *addr)
{
	return addr->family == AF_INET ? 32 : 128;
}

static void clear_host_bits(struct from *from)
{
	for (unsigned bit = from->bits; bit < width(&from->addr); bit++)
		from->addr.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
}

static int add(struct from_list *list, const struct from *from, struct ezlb_err *err)
{
	if (list->len >= TOA_FROM_MAX)
		return ezlb_err_set(err, EINVAL,
				    "more than %d addresses; write networks (10.0.0.0/24)",
				    TOA_FROM_MAX);
	*EZLB_PUSH(list) = *from;
	return 0;
}

/* The programs compare IPv4 addresses as v4-mapped ones, so a network of IPv6 can have all of them.
 */
static bool has_all_ipv4(const struct from *from)
{
	struct from all = { .addr.family = AF_INET6, .bits = from->bits };

	if (from->addr.family != AF_INET6 || from->bits > MAPPED_BITS)
		return false;
	memcpy(all.addr.bytes, mapped, sizeof(mapped));
	clear_host_bits(&all);
	return ezlb_addr_cmp(&all.addr, &from->addr) == 0;
}

static int parse_network(char *word, char *slash, struct from *from, struct ezlb_err *err)
{
	unsigned long bits;
	char *end;

	*slash = '\0';
	if (ezlb_addr_parse(word, &from->addr, err) < 0)
		return -EINVAL;
	bits = strtoul(slash + 1, &end, 10);
	if (strspn(slash + 1, "0123456789") == 0 || *end != '\0' || bits > width(&from->addr))
		return ezlb_err_set(err, EINVAL, "'%s/%s': the prefix is not a number up to %u",
				    word, slash + 1, width(&from->addr));
	if (bits == 0)
		return ezlb_err_set(err, EINVAL, "'%s/0' would believe everybody", word);
	from->bits = (uint8_t)bits;
	clear_host_bits(from);
	if (has_all_ipv4(from))
		return ezlb_err_set(err, EINVAL,
				    "'%s/%lu' would believe every IPv4 address: the programs see "
				    "10.0.0.3 as ::ffff:10.0.0.3",
				    word, bits);
	return 0;
}

static void next_address(struct ezlb_addr *addr)
{
	for (unsigned i = width(addr) / 8; i-- > 0;)
		if (++addr->bytes[i] != 0)
			return;
}

static int add_range(const struct ezlb_addr_range *range, struct from_list *list,
		     struct ezlb_err *err)
{
	struct from from = { .addr = range->first, .bits = (uint8_t)width(&range->first) };
	uint64_t n = ezlb_range_size(range);
	int rc = 0;

	for (uint64_t i = 0; i < n && rc == 0; i++) {
		rc = add(list, &from, err);
		next_address(&from.addr);
	}
	return rc;
}

static int parse_word(char *word, struct from_list *list, struct ezlb_err *err)
{
	char *slash = strchr(word, '/');
	struct ezlb_addr_range range;
	struct from from;

	if (slash)
		return parse_network(word, slash, &from, err) < 0 ? -EINVAL : add(list, &from, err);
	if (ezlb_range_parse(word, &range, err) < 0)
		return -EINVAL;
	if (ezlb_addr_is_any(&range.first))
		return ezlb_err_set(err, EINVAL, "'%s' is no host's address", word);
	return add_range(&range, list, err);
}

int from_parse(const char *text, struct from_list *list, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *copy = ezlb_strdup(text);
	char *save = NULL;

	for (char *word = strtok_r(copy, SEPARATORS, &save); word;
	     word = strtok_r(NULL, SEPARATORS, &save))
		if (parse_word(word, list, err) < 0)
			return -EINVAL;
	EZLB_SORT(list, from_cmp);
	EZLB_UNIQUE(list, from_cmp);
	return 0;
}

void from_format(const struct from *from, struct ezlb_text *text)
{
	char buf[EZLB_ADDR_STRLEN];

	ezlb_text_puts(text, ezlb_addr_format(&from->addr, buf));
	if (from->bits != width(&from->addr))
		ezlb_text_printf(text, "/%u", from->bits);
}

struct toa_from from_to_key(const struct from *from, uint32_t generation)
{
	struct toa_from key = { .prefix = KEY_PREFIX + from->bits, .generation = generation };

	if (from->addr.family == AF_INET6) {
		memcpy(key.addr, from->addr.bytes, sizeof(key.addr));
		return key;
	}
	key.prefix += MAPPED_BITS;
	memcpy(key.addr, mapped, sizeof(mapped));
	memcpy(key.addr + MAPPED_BYTES, from->addr.bytes, 4);
	return key;
}

struct from from_of_key(const struct toa_from *key)
{
	uint32_t bits = key->prefix - KEY_PREFIX;
	struct from from = { .addr.family = AF_INET6, .bits = (uint8_t)bits };

	if (bits < MAPPED_BITS || memcmp(key->addr, mapped, sizeof(mapped)) != 0) {
		memcpy(from.addr.bytes, key->addr, sizeof(key->addr));
		return from;
	}
	from.addr.family = AF_INET;
	from.bits = (uint8_t)(bits - MAPPED_BITS);
	memcpy(from.addr.bytes, key->addr + MAPPED_BYTES, 4);
	return from;
}

int from_cmp(const void *a, const void *b)
{
	const struct from *x = a, *y = b;
	int order = ezlb_addr_cmp(&x->addr, &y->addr);

	return order != 0 ? order : x->bits - y->bits;
}
