// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Last good versions: the records in a file of them, as bytes and through the store, and the files
 * of an older ezlb. What can be read can be written again.
 */
#include "tempdir.h"

#include <inttypes.h>

#include <ezlb/log.h>
#include <ezlb/store.h>

#include "pkg/store/record.h"

#define WEB "/etc/ezlb/services.d/web.yaml"

static void check_records(const char *text, size_t len)
{
	struct record_scan scan = { .text = text, .len = len };
	size_t end = 0;
	struct record rec;

	while (record_next(&scan, &rec)) {
		struct record_text again = { 0 };
		struct record copy = rec, back;

		FUZZ_CHECK(rec.at >= end && rec.at + rec.size <= len);
		FUZZ_CHECK(rec.size == record_size(rec.path_len, rec.len));
		end = rec.at + rec.size;
		if (rec.kind == RECORD_OUTDATED)
			continue;
		record_add(&again, &copy);
		FUZZ_CHECK(again.len == rec.size);
		FUZZ_CHECK(memcmp(again.items, text + rec.at, rec.size) == 0);
		FUZZ_CHECK(record_parse(again.items, again.len, 0, &back));
		EZLB_VEC_CLEAR(&again);
	}
	FUZZ_CHECK(scan.whole <= len && scan.lost <= len);
	FUZZ_CHECK(!scan.lost_path ||
		   (scan.lost_path >= text && scan.lost_path + scan.lost_path_len <= text + len));
}

static void check_list(const struct ezlb_lastgood *store)
{
	struct ezlb_snapshot snapshot = { .borrowed = false };

	ezlb_lastgood_list(store, &snapshot.files);
	for (size_t i = 0; i < snapshot.files.len; i++) {
		const struct ezlb_file *file = &snapshot.files.items[i];
		size_t len = 0;
		char *bytes = ezlb_lastgood_read(store, file->path, &len);

		FUZZ_CHECK(bytes && len == file->len && memcmp(bytes, file->bytes, len) == 0);
		FUZZ_CHECK(file->hash == ezlb_hash(bytes, len));
		FUZZ_CHECK(i == 0 || ezlb_file_cmp(file - 1, file) < 0);
		free(bytes);
	}
	ezlb_snapshot_clear(&snapshot);
}

/* Whatever is in the directory, a new version can be stored, and is there after a restart. */
static void check_store(void)
{
	struct ezlb_lastgood store;
	size_t len = 0;
	char *bytes;

	ezlb_lastgood_open(&store, fuzz_top, true);
	check_list(&store);
	FUZZ_CHECK(ezlb_lastgood_write(&store, WEB, "listen: 10.0.0.1:80\n", 20));
	ezlb_lastgood_close(&store);
	ezlb_lastgood_open(&store, fuzz_top, true);
	check_list(&store);
	bytes = ezlb_lastgood_read(&store, WEB, &len);
	FUZZ_CHECK(bytes && len == 20 && memcmp(bytes, "listen: ", 8) == 0);
	free(bytes);
	ezlb_lastgood_prune(&store, NULL, 0);
	ezlb_lastgood_close(&store);
}

/* A file of an older ezlb: HASH PATH in the first line, with the name that belongs to the path. */
static void put_old(const uint8_t *data, size_t size)
{
	char path[256] = "", name[64];

	sscanf((const char *)data, "%*16[^ ] %255[^\n]", path);
	snprintf(name, sizeof(name), "lastgood/%016" PRIx64 "-web.yaml",
		 ezlb_hash(path, strlen(path)));
	fuzz_make_dir("lastgood");
	fuzz_put(name, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);

	ezlb_log_setup(EZLB_ERROR, EZLB_LOGFMT);
	fuzz_make_top();
	check_records(text, size);
	fuzz_put("versions", data, size);
	check_store();
	fuzz_empty();
	put_old((const uint8_t *)text, size);
	check_store();
	fuzz_empty();
	free(text);
	return 0;
}
