// SPDX-License-Identifier: GPL-2.0-or-later
#include "inputs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/manifest.h>
#include <ezlb/text.h>

#include "sources.h"

#define STDIN_NAME "<stdin>"
#define READ_SIZE  65536

static bool has_type(const char *path, mode_t type)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & S_IFMT) == type;
}

/* --- bytes -------------------------------------------------------------------------------------
 */

/* Up to the end. -EFBIG: there are more than a manifest may have. */
static int read_all(int fd, struct ezlb_text *out)
{
	const size_t most = ezlb_yaml_stream.bytes;
	ssize_t n;

	do {
		char *room = EZLB_ROOM(out, READ_SIZE);

		n = read(fd, room, READ_SIZE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		out->len += (size_t)n;
	} while (n != 0 && out->len <= most);
	return out->len > most ? -EFBIG : 0;
}

/* Sets bytes and len of the file, or -errno. */
static int read_stream(int fd, struct ezlb_file *file)
{
	struct ezlb_text text = { 0 };
	int rc = read_all(fd, &text);

	if (rc < 0) {
		EZLB_VEC_CLEAR(&text);
		return rc;
	}
	file->bytes = ezlb_text_take(&text, &file->len);
	return 0;
}

static int stream_error(struct ezlb_err *err, int rc, const char *name)
{
	if (rc == -EFBIG)
		return ezlb_err_set(err, EFBIG, "%s has more than %zu MiB: check it in parts", name,
				    ezlb_yaml_stream.bytes >> 20);
	return ezlb_err_sys(err, -rc, "cannot read %s", name);
}

/* A manifest may be larger than a service file. */
static void refuse_large(struct ezlb_file *file)
{
	if (file->len <= EZLB_FILE_MAX || ezlb_manifest_is(file->bytes, file->len))
		return;
	free(file->bytes);
	file->bytes = NULL;
	file->problem = ezlb_asprintf("has %zu bytes, and the limit is %d (256 KiB): put one "
				      "service into each file",
				      file->len, EZLB_FILE_MAX);
}

/* --- paths -------------------------------------------------------------------------------------
 */

/* Two names of one directory are one place; two names in it are two files, also for `ezlb run`. */
static char *real_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	EZLB_AUTO_FREE char *dir = slash ? ezlb_strndup(path, (size_t)(slash + 1 - path))
					 : ezlb_strdup(".");
	EZLB_AUTO_FREE char *real = realpath(dir, NULL);

	return real ? ezlb_asprintf("%s/%s", real, base) : ezlb_strdup(path);
}

static int add_stream(int fd, const char *name, struct inputs *out, struct ezlb_err *err)
{
	struct ezlb_file file = { .path = NULL };
	int rc = read_stream(fd, &file);
	struct input *input;

	if (rc < 0)
		return stream_error(err, rc,
				    strcmp(name, STDIN_NAME) == 0 ? "standard input" : name);
	file.path = ezlb_strdup(name);
	input = EZLB_PUSH(out);
	*input = (struct input){ .file = file, .named = true, .stream = true };
	input->manifest = ezlb_manifest_is(file.bytes, file.len);
	return 0;
}

static int add_stdin(struct inputs *out, struct ezlb_err *err)
{
	for (size_t i = 0; i < out->len; i++)
		if (strcmp(out->items[i].file.path, STDIN_NAME) == 0)
			return 0;
	return add_stream(STDIN_FILENO, STDIN_NAME, out, err);
}

static int add_file(const char *path, struct inputs *out, struct ezlb_err *err)
{
	struct ezlb_snapshot one = { .borrowed = true };
	struct input *input;

	if (has_type(path, S_IFIFO)) {
		EZLB_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

		return fd < 0 ? stream_error(err, -errno, path) : add_stream(fd, path, out, err);
	}
	if (ezlb_scan_file(path, ezlb_yaml_stream.bytes, &one) < 0)
		return ezlb_err_set(err, ENOENT, "cannot read %s: there is no such file", path);
	input = EZLB_PUSH(out);
	*input = (struct input){ .file = one.files.items[0], .named = true };
	EZLB_VEC_CLEAR(&one.files);
	input->real = real_of(path);
	refuse_large(&input->file);
	input->manifest = input->file.bytes && ezlb_manifest_is(input->file.bytes, input->file.len);
	return 0;
}

static void add_ignored(const char *dir, struct ezlb_names *ignored)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;

	while (stream && (entry = readdir(stream)))
		if (entry->d_name[0] != '.' && !ezlb_manifest_reads(entry->d_name))
			*EZLB_PUSH(ignored) = ezlb_asprintf("%s%s%s", dir,
							    dir[strlen(dir) - 1] == '/' ? "" : "/",
							    entry->d_name);
	if (stream)
		closedir(stream);
}

/*
 * A directory of manifests has nothing else. Beside a service file `ezlb run` would read a manifest
 * as a service file, and so does this.
 */
static void find_manifests(struct input *inputs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!inputs[i].file.bytes ||
		    !ezlb_manifest_is(inputs[i].file.bytes, inputs[i].file.len))
			return;
	for (size_t i = 0; i < n; i++)
		inputs[i].manifest = true;
}

static int add_dir(const char *path, bool as_run, struct inputs *out, struct ezlb_names *ignored,
		   struct ezlb_err *err)
{
	struct ezlb_snapshot snapshot = { 0 };
	int rc = scan_dirs(&path, 1, &snapshot, err);
	size_t first = out->len;

	for (size_t i = 0; rc == 0 && i < snapshot.files.len; i++) {
		struct input *input = EZLB_PUSH(out);

		*input = (struct input){ .file = snapshot.files.items[i] };
		snapshot.files.items[i] = (struct ezlb_file){ .path = NULL };
		input->real = real_of(input->file.path);
		if (!as_run)
			refuse_large(&input->file);
	}
	if (rc == 0)
		add_ignored(path, ignored);
	if (rc == 0 && !as_run)
		find_manifests(out->items + first, out->len - first);
	ezlb_snapshot_clear(&snapshot);
	return rc;
}

/* --- all ---------------------------------------------------------------------------------------
 */

static int by_real(const void *pa, const void *pb)
{
	const struct input *a = pa, *b = pb;
	int rc = strcmp(a->real ? a->real : a->file.path, b->real ? b->real : b->file.path);

	/* Of two the one that was named stays: its name is judged. */
	return rc ? rc : b->named - a->named;
}

static int by_path(const void *pa, const void *pb)
{
	const struct input *a = pa, *b = pb;

	return ezlb_file_cmp(&a->file, &b->file);
}

static void input_clear(struct input *input)
{
	ezlb_file_clear(&input->file);
	free(input->real);
}

static void drop_repeated(struct inputs *inputs)
{
	size_t kept = 0;

	EZLB_SORT(inputs, by_real);
	for (size_t i = 0; i < inputs->len; i++) {
		struct input *input = &inputs->items[i];

		if (kept > 0 && input->real && inputs->items[kept - 1].real &&
		    strcmp(input->real, inputs->items[kept - 1].real) == 0)
			input_clear(input);
		else
			inputs->items[kept++] = *input;
	}
	inputs->len = kept;
}

int inputs_read(const struct ezlb_validate_options *options, struct inputs *out,
		struct ezlb_names *ignored, struct ezlb_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < options->n && rc == 0; i++) {
		const char *path = options->paths[i];

		if (strcmp(path, "-") == 0)
			rc = add_stdin(out, err);
		else if (has_type(path, S_IFDIR))
			rc = add_dir(path, options->as_run, out, ignored, err);
		else
			rc = add_file(path, out, err);
	}
	drop_repeated(out);
	EZLB_SORT(out, by_path);
	return rc;
}

void inputs_clear(struct inputs *inputs)
{
	for (size_t i = 0; i < inputs->len; i++)
		input_clear(&inputs->items[i]);
	EZLB_VEC_CLEAR(inputs);
}
