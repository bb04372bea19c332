// SPDX-License-Identifier: GPL-2.0-or-later
/* xt_peek: hashes a legacy table, and never loads its module. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <ezlb/mem.h>
#include <ezlb/xtables.h>

#define TRIES	    3
#define ENTRIES_MAX 2000 /* reading more entries is too expensive for a peek */
#define BYTES_MAX   (1u << 20)
#define NAMES_MAX   4096 /* of the file with the names: there are five tables */

/* IPv6 uses the same option numbers and structs; only the entries differ. */
static_assert(sizeof(struct ip6t_getinfo) == sizeof(struct ipt_getinfo) &&
		      sizeof(struct ip6t_get_entries) == sizeof(struct ipt_get_entries),
	      "ip_tables and ip6_tables differ");

/* A table and the socket to read it with. */
struct source {
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

static int info_get(const struct source *source, struct ipt_getinfo *info)
{
	socklen_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	ezlb_strcpy(info->name, sizeof(info->name), source->table);
	return getsockopt(source->fd, source->level, IPT_SO_GET_INFO, info, &len) < 0 ? -errno : 0;
}

/* Zeroes the counters of all entries; -EPROTO if the bytes are not a sequence of entries. */
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

/* Like ezlb_hash, but by words: hashing each byte would take longer than all of list. */
static uint64_t words_hash(const unsigned char *bytes, size_t size)
{
	uint64_t h = size, word;

	for (size_t at = 0; at < size; at += sizeof(word)) {
		size_t rest = size - at;

		word = 0;
		memcpy(&word, bytes + at, rest < sizeof(word) ? rest : sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32; /* a multiplication changes higher bits only */
	}
	return h;
}

/* -EAGAIN if the table has another size by now. */
static int entries_hash(const struct source *source, const struct ipt_getinfo *info, uint64_t *hash)
{
	socklen_t len = (socklen_t)(sizeof(struct ipt_get_entries) + info->size);
	/* Zeroed: the kernel does not write the bytes after the NUL of a name. */
	EZLB_AUTO_FREE struct ipt_get_entries *entries = ezlb_calloc(1, len);
	unsigned char *bytes = (unsigned char *)entries + sizeof(*entries);
	int rc;

	ezlb_strcpy(entries->name, sizeof(entries->name), source->table);
	entries->size = info->size;
	if (getsockopt(source->fd, source->level, IPT_SO_GET_ENTRIES, entries, &len) < 0)
		return -errno;
	rc = counters_clear(source->form, bytes, info->size);
	if (rc == 0)
		*hash = words_hash(bytes, info->size);
	return rc;
}

static int table_hash(const struct source *source, uint64_t *print)
{
	struct ipt_getinfo info;
	uint64_t pair[2] = { 0 };
	int rc = info_get(source, &info);

	if (rc < 0)
		return rc;
	pair[0] = ezlb_hash(&info, sizeof(info));
	if (info.num_entries <= ENTRIES_MAX && info.size <= BYTES_MAX)
		rc = entries_hash(source, &info, &pair[1]);
	*print = ezlb_hash(pair, sizeof(pair));
	return rc;
}

/* Whether the text of the file has the line `table`; else -ENOENT. */
static int find_table(struct ezlb_kept *names, const char *loaded, const char *table)
{
	char text[NAMES_MAX + 1], *line = text, *end;
	ssize_t n = ezlb_kept_read(names, loaded, text, NAMES_MAX);

	if (n < 0)
		return (int)n;
	text[n] = '\0';
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if (strcmp(line, table) == 0)
			return 0;
	}
	return -ENOENT;
}

/* The socket works also after ip_tables was unloaded and loaded again: it knows nothing of it. */
static int open_socket(struct ezlb_xt_look *look, uint8_t family)
{
	int fd;

	if (look->socket_1)
		return 0;
	fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	look->socket_1 = fd + 1;
	return fd < 0 ? -errno : 0;
}

void ezlb_xt_look_close(struct ezlb_xt_look *look)
{
	int fd = look->socket_1 - 1;

	ezlb_close_fd(&fd);
	look->socket_1 = 0;
	ezlb_kept_close(&look->names);
}

int ezlb_xt_peek(struct ezlb_xt_look *look, const struct ezlb_xt_form *form, const char *loaded,
		 const char *table, uint64_t *print)
{
	struct source source = { .form = form, .table = table };
	int rc = find_table(&look->names, loaded, table);

	if (rc == 0)
		rc = open_socket(look, form->family);
	if (rc < 0)
		return rc;
	source.fd = look->socket_1 - 1;
	source.level = form->family == AF_INET ? SOL_IP : SOL_IPV6;
	rc = -EAGAIN;
	for (unsigned i = 0; i < TRIES && rc == -EAGAIN; i++)
		rc = table_hash(&source, print);
	return rc;
}
