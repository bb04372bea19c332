// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/local.h>

#include <sys/socket.h>

static unsigned bits_of(const struct ezlb_addr *addr)
{
	return addr->family == AF_INET ? 32 : 128;
}

static int addr_cmp(const void *a, const void *b)
{
	return ezlb_addr_cmp(a, b);
}

static int net_cmp(const void *pa, const void *pb)
{
	const struct ezlb_local_net *a = pa, *b = pb;
	int rc = ezlb_addr_cmp(&a->addr, &b->addr);

	return rc ? rc : a->prefix - b->prefix;
}

/* Sets the bits behind the prefix to 0. */
static void mask(struct ezlb_addr *addr, uint8_t prefix)
{
	for (unsigned i = 0; i < sizeof(addr->bytes); i++) {
		unsigned keep = prefix > 8 * i ? prefix - 8 * i : 0;

		if (keep < 8)
			addr->bytes[i] &= (uint8_t)(0xff00 >> keep);
	}
}

void ezlb_local_add(struct ezlb_local *local, const struct ezlb_addr *addr, uint8_t prefix)
{
	struct ezlb_local_net *net;

	if (prefix >= bits_of(addr)) {
		*EZLB_PUSH(&local->addrs) = *addr;
		return;
	}
	net = EZLB_PUSH(&local->nets);
	net->addr = *addr;
	net->prefix = prefix;
	mask(&net->addr, prefix);
}

void ezlb_local_sort(struct ezlb_local *local)
{
	EZLB_SORT(&local->addrs, addr_cmp);
	EZLB_UNIQUE(&local->addrs, addr_cmp);
	EZLB_SORT(&local->nets, net_cmp);
	EZLB_UNIQUE(&local->nets, net_cmp);
}

/* There are few networks: one for the loopback interface, and what an operator has added. */
bool ezlb_local_has(const struct ezlb_local *local, const struct ezlb_addr *addr)
{
	if (EZLB_FIND(&local->addrs, addr, addr_cmp))
		return true;
	for (size_t i = 0; i < local->nets.len; i++) {
		const struct ezlb_local_net *net = &local->nets.items[i];
		struct ezlb_addr start = *addr;

		mask(&start, net->prefix);
		if (ezlb_addr_cmp(&start, &net->addr) == 0)
			return true;
	}
	return false;
}

static void step(struct ezlb_addr *addr)
{
	for (unsigned i = bits_of(addr) / 8; i-- > 0;)
		if (++addr->bytes[i])
			return;
}

bool ezlb_local_lacks(const struct ezlb_local *local, const struct ezlb_addr_range *range,
		      struct ezlb_addr *missing)
{
	struct ezlb_addr addr = range->first;

	/* The config limits a range to 1,024 addresses. */
	for (uint64_t n = ezlb_range_size(range); n > 0; n--) {
		*missing = addr;
		if (!ezlb_local_has(local, &addr))
			return true;
		step(&addr);
	}
	return false;
}

bool ezlb_local_same(const struct ezlb_local *a, const struct ezlb_local *b)
{
	if (a->known != b->known || a->addrs.len != b->addrs.len || a->nets.len != b->nets.len)
		return false;
	for (size_t i = 0; i < a->addrs.len; i++)
		if (ezlb_addr_cmp(&a->addrs.items[i], &b->addrs.items[i]) != 0)
			return false;
	for (size_t i = 0; i < a->nets.len; i++)
		if (net_cmp(&a->nets.items[i], &b->nets.items[i]) != 0)
			return false;
	return true;
}

void ezlb_local_clear(struct ezlb_local *local)
{
	EZLB_VEC_CLEAR(&local->addrs);
	EZLB_VEC_CLEAR(&local->nets);
	local->known = false;
}
