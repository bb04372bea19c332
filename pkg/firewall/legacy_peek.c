// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sys/socket.h>

#include "legacy.h"
#include "rules.h"

#define TRIES	    3
#define ENTRIES_MAX 2000 /* beyond, reading them all is not cheap any more */
#define BYTES_MAX   (1u << 20)

/* Both families ask with the same numbers and structs, but for the entries themselves. */
static size_t end_of(uint8_t family, unsigned char *entry, struct xt_counters **counters)
{
	struct ipt_entry *ip = (void *)entry;
	struct ip6t_entry *ip6 = (void *)entry;

	*counters = family == AF_INET ? &ip->counters : &ip6->counters;
	return family == AF_INET ? ip->next_offset : ip6->next_offset;
}

/* -EPROTO where these are not a row of entries. */
static int counters_clear(uint8_t family, unsigned char *bytes, size_t size)
{
	size_t head = family == AF_INET ? sizeof(struct ipt_entry) : sizeof(struct ip6t_entry);

	while (size) {
		struct xt_counters *counters;
		size_t len = size < head ? 0 : end_of(family, bytes, &counters);

		if (len < head || len > size)
			return -EPROTO;
		*counters = (struct xt_counters){ .pcnt = 0 };
		bytes += len;
		size -= len;
	}
	return 0;
}

/* -EAGAIN where the table is not of that size any more. */
static int hash_entries(uint8_t family, int fd, const struct ipt_getinfo *info, uint64_t *hash)
{
	int level = family == AF_INET ? SOL_IP : SOL_IPV6, rc;
	socklen_t len = (socklen_t)(sizeof(struct ipt_get_entries) + info->size);
	/* Zeroed: the kernel leaves out what follows the NUL of a name. */
	EZLB_AUTO_FREE struct ipt_get_entries *all = ezlb_calloc(1, len);

	memcpy(all->name, info->name, sizeof(all->name));
	all->size = info->size;
	if (getsockopt(fd, level, IPT_SO_GET_ENTRIES, all, &len) < 0)
		return -errno;
	rc = counters_clear(family, (unsigned char *)all->entrytable, info->size);
	*hash = ezlb_hash(all->entrytable, info->size);
	return rc;
}

static int look(uint8_t family, int fd, uint64_t *print)
{
	struct ipt_getinfo info = { .name = "filter" };
	socklen_t len = sizeof(info);
	uint64_t hashes[2] = { 0 };
	int rc = 0;

	if (getsockopt(fd, family == AF_INET ? SOL_IP : SOL_IPV6, IPT_SO_GET_INFO, &info, &len) < 0)
		return -errno;
	hashes[0] = ezlb_hash(&info, sizeof(info));
	if (info.num_entries <= ENTRIES_MAX && info.size <= BYTES_MAX)
		rc = hash_entries(family, fd, &info, &hashes[1]);
	*print = ezlb_hash(hashes, sizeof(hashes));
	return rc;
}

int ezlb_fw_legacy_peek(uint8_t family, uint64_t *print)
{
	EZLB_AUTO_CLOSE int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	int rc = -EAGAIN;

	if (fd < 0)
		return -errno;
	for (int i = 0; i < TRIES && rc == -EAGAIN; i++)
		rc = look(family, fd, print);
	return rc;
}
