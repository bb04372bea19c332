// SPDX-License-Identifier: GPL-2.0-or-later
#include "body.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ezlb/mem.h>

#include "records.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

/* Linux 6.3 wants to be told that it is no program, see vm.memfd_noexec; older ones do not know. */
static int memory_new(void)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("document", flags | MFD_NOEXEC_SEAL);

	return fd < 0 && errno == EINVAL ? memfd_create("document", flags) : fd;
}

/* A copy that nobody can change any more. Returns the descriptor, or -1. */
static int file_new(const char *bytes, size_t len)
{
	EZLB_AUTO_CLOSE int fd = memory_new();
	int done;

	for (size_t n = 0; fd >= 0 && n < len;) {
		ssize_t rc = write(fd, bytes + n, len - n);

		if (rc < 0 && errno != EINTR)
			return -1;
		n += rc > 0 ? (size_t)rc : 0;
	}
	if (fd < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -1;
	done = fd;
	fd = -1;
	return done;
}

struct ezlb_api_body *ezlb_api_body_new(char *bytes, size_t len)
{
	struct ezlb_api_body *body = ezlb_api_body_static(bytes, len);

	body->owned = bytes;
	return body;
}

struct ezlb_api_body *ezlb_api_body_static(const char *bytes, size_t len)
{
	struct ezlb_api_body *body = ezlb_calloc(1, sizeof(*body));

	*body = (struct ezlb_api_body){
		.refs = 1, .bytes = bytes, .len = len, .file = -1, .gzip_file = -1
	};
	return body;
}

void ezlb_api_body_gzip(struct ezlb_api_body *body, char *bytes, size_t len)
{
	body->gzip = bytes;
	body->gzip_len = len;
}

/* Returns false if the file was needed and could not be made. */
static bool move_to_file(struct ezlb_text *text, int *file)
{
	if (text->len <= RECORDS_INLINE_MAX)
		return true;
	*file = file_new(text->items, text->len);
	return *file >= 0;
}

/* What a file has needs no memory here. */
static char *take_rest(struct ezlb_text *text, int file, size_t *len)
{
	if (file < 0)
		return ezlb_text_take(text, len);
	*len = text->len;
	EZLB_VEC_CLEAR(text);
	return NULL;
}

struct ezlb_api_body *ezlb_api_body_share(struct ezlb_text *plain, struct ezlb_text *gzip)
{
	EZLB_AUTO_CLOSE int file = -1, gzip_file = -1;
	struct ezlb_api_body *body;
	size_t len;

	if (!move_to_file(plain, &file) || !move_to_file(gzip, &gzip_file))
		return NULL;
	body = ezlb_api_body_new(take_rest(plain, file, &len), 0);
	body->len = len;
	body->file = file;
	if (gzip->len > 0)
		body->gzip = take_rest(gzip, gzip_file, &body->gzip_len);
	body->gzip_file = gzip_file;
	file = gzip_file = -1;
	return body;
}

bool body_has_gzip(const struct ezlb_api_body *body)
{
	return body->gzip != NULL || body->gzip_file >= 0;
}

int body_file(struct ezlb_api_body *body, bool packed)
{
	int *file = packed ? &body->gzip_file : &body->file;

	if (*file < 0)
		*file = packed ? file_new(body->gzip, body->gzip_len)
			       : file_new(body->bytes, body->len);
	return *file;
}

struct ezlb_api_body *body_map(int file, size_t len)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_WRITE;
	struct ezlb_api_body *body;
	void *map;

	/* Else the length could change under the reader, who would get SIGBUS. */
	if ((fcntl(file, F_GET_SEALS) & seals) != seals || lseek(file, 0, SEEK_END) != (off_t)len)
		return NULL;
	map = mmap(NULL, len, PROT_READ, MAP_SHARED, file, 0);
	if (map == MAP_FAILED)
		return NULL;
	body = ezlb_api_body_static(map, len);
	body->map = map;
	return body;
}

struct ezlb_api_body *body_ref(struct ezlb_api_body *body)
{
	body->refs++;
	return body;
}

void ezlb_api_body_unref(struct ezlb_api_body *body)
{
	if (--body->refs > 0)
		return;
	if (body->map)
		munmap(body->map, body->len);
	ezlb_close_fd(&body->file);
	ezlb_close_fd(&body->gzip_file);
	free(body->owned);
	free(body->gzip);
	free(body);
}
