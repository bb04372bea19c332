// SPDX-License-Identifier: GPL-2.0-or-later
#include "seeds.h"

#include <inttypes.h>

#include "pkg/store/record.h"

#define WEB  "/etc/ezlb/services.d/web.yaml"
#define API  "/etc/ezlb/services.d/api.yaml"
#define TEXT "listen: 10.0.0.1:80\nbackends: [10.1.0.1:80]\n"

static void add(struct record_text *out, enum record_kind kind, const char *path, const char *bytes)
{
	struct record rec = { .kind = kind,
			      .path = path,
			      .path_len = strlen(path),
			      .bytes = bytes,
			      .len = strlen(bytes),
			      .hash = ezlb_hash(bytes, strlen(bytes)) };

	record_add(out, &rec);
}

static void put(const char *name, struct record_text *records)
{
	struct ezlb_text seed = { 0 };

	ezlb_text_put(&seed, RECORD_FIRST, RECORD_FIRST_LEN);
	ezlb_text_put(&seed, records->items, records->len);
	seed_put("versions", name, &seed);
}

void seeds_store(void)
{
	struct record_text records = { 0 };
	struct ezlb_text old = { 0 };

	add(&records, RECORD_SET, WEB, TEXT);
	put("one", &records);
	add(&records, RECORD_SET, API, TEXT "name: api\n");
	add(&records, RECORD_FORGET, WEB, "");
	add(&records, RECORD_OUTDATED, WEB, TEXT);
	put("several", &records);
	records.items[60] ^= 1;
	records.len -= 5;
	put("damaged", &records);
	EZLB_VEC_CLEAR(&records);
	ezlb_text_printf(&old, "%016" PRIx64 " %s\n%s", ezlb_hash(TEXT, strlen(TEXT)), WEB, TEXT);
	seed_put("versions", "old", &old);
}
