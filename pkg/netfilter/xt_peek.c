// SPDX-License-Identifier: GPL-2.0-or-later
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <ezlb/mem.h>
#include <ezlb/xtables.h>

#define TRIES	    3
#define ENTRIES_MAX 2000 /* beyond, reading them all is not cheap any more */
#define BYTES_MAX   (1u << 20)

/* IPv6 asks with the same numbers and structs, apart from the entries themselves. */
static_assert(sizeof(struct ip6t_getinfo) == sizeof(struct ipt_getinfo) &&
		      sizeof(struct ip6t_get_entries) == sizeof(struct ipt_get_entries),
	      "ip_tables and ip6_tables differ");

/* Whom to ask, and about what. */
struct asked {
	const struct ezlb_xt_form *form;
	const char *table;
	int fd, level;
};

int ezlb_xt_is_loaded(const char *loaded, const char *table, bool *out, struct ezlb_err *err)
{
	FILE *file = fopen(loaded, "re");
	char line[XT_TABLE_MAXNAMELEN + 2];

	*out = false;
	if (!file && errno == ENOENT)
		return 0;
	if (!file && errno == EACCES)
		return ezlb_err_set(err, EACCES, "cannot read %s: needs root", loaded);
	if (!file)
		return ezlb_err_sys(err, errno, "cannot read %s", loaded);
	while (!*out && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		*out = strcmp(line, table) == 0;
	}
	fclose(file);
	return 0;
}

static int info_get(const struct asked *asked, struct ipt_getinfo *info)
{
	socklen_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	ezlb_strcpy(info->name, sizeof(info->name), asked->table);
	return getsockopt(asked->fd, asked->level, IPT_SO_GET_INFO, info, &len) < 0 ? -errno : 0;
}

/* Zeroes the counters of all entries; -EPROTO where these are not a row of entries. */
static int counters_clear(const struct ezlb_xt_form *form, unsigned char *bytes, size_t size)
{
	size_t at = 0, len;

	while (at < size) {
		if (size - at < form->size)
			return -EPROTO;
		len = ezlb_xt_entry_len(form, bytes + at);
		if (len < form->size || len > size - at)
			return -EPROTO;
		memset(bytes + at + form->counters, 0, sizeof(struct xt_counters));
		at += len;
	}
	return 0;
}

/* As ezlb_hash, by words: byte by byte takes longer here than all of list. */
static uint64_t words_hash(const unsigned char *bytes, size_t size)
{
	uint64_t h = size, word;

	for (size_t at = 0; at < size; at += sizeof(word)) {
		size_t rest = size - at;

		word = 0;
		memcpy(&word, bytes + at, rest < sizeof(word) ? rest : sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32; /* a product carries upwards only */
	}
	return h;
}

/* -EAGAIN where the table is not of that size any more. */
static int entries_hash(const struct asked *asked, const struct ipt_getinfo *info, uint64_t *hash)
{
	socklen_t len = (socklen_t)(sizeof(struct ipt_get_entries) + info->size);
	/* Zeroed: the kernel leaves out what follows the NUL of a name. */
	EZLB_AUTO_FREE struct ipt_get_entries *entries = ezlb_calloc(1, len);
	unsigned char *bytes = (unsigned char *)entries + sizeof(*entries);
	int rc;

	ezlb_strcpy(entries->name, sizeof(entries->name), asked->table);
	entries->size = info->size;
	if (getsockopt(asked->fd, asked->level, IPT_SO_GET_ENTRIES, entries, &len) < 0)
		return -errno;
	rc = counters_clear(asked->form, bytes, info->size);
	if (rc == 0)
		*hash = words_hash(bytes, info->size);
	return rc;
}

static int look(const struct asked *asked, uint64_t *print)
{
	struct ipt_getinfo info;
	uint64_t pair[2] = { 0 };
	int rc = info_get(asked, &info);

	if (rc < 0)
		return rc;
	pair[0] = ezlb_hash(&info, sizeof(info));
	if (info.num_entries <= ENTRIES_MAX && info.size <= BYTES_MAX)
		rc = entries_hash(asked, &info, &pair[1]);
	*print = ezlb_hash(pair, sizeof(pair));
	return rc;
}

int ezlb_xt_peek(const struct ezlb_xt_form *form, const char *loaded, const char *table,
		 uint64_t *print)
{
	struct asked asked = { .form = form, .table = table };
	EZLB_AUTO_CLOSE int fd = -1;
	bool is_loaded;
	int rc = ezlb_xt_is_loaded(loaded, table, &is_loaded, NULL);

	if (rc < 0 || !is_loaded)
		return rc < 0 ? rc : -ENOENT;
	/* A new one each time: nothing to mend when ip_tables went and came back. */
	fd = socket(form->family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (fd < 0)
		return -errno;
	asked.fd = fd;
	asked.level = form->family == AF_INET ? SOL_IP : SOL_IPV6;
	rc = -EAGAIN;
	for (unsigned i = 0; i < TRIES && rc == -EAGAIN; i++)
		rc = look(&asked, print);
	return rc;
}
