// SPDX-License-Identifier: GPL-2.0-or-later
/* odd_rows: entries of the map of services that ezlb would not write. */
#include "rows.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "bpf.h"
#include "program.h"

#define BATCH 512

/* Two keys that differ only in what decoding ignores would be the same row. */
bool ezlb_toa_is_odd(const struct ezlb_toa_service_key *key, const struct ezlb_toa_service *value)
{
	struct ezlb_toa_service_key again;
	struct ezlb_toa_row row;

	ezlb_toa_row_decode(key, value, &row);
	ezlb_toa_key_encode(&row.service, &again);
	return memcmp(key, &again, sizeof(again)) != 0 || value->mode > EZLB_TOA_ADD ||
	       (key->family != AF_INET && key->family != AF_INET6);
}

/* The keys are collected first: a deletion during the walk could hide others from it. */
struct odd_keys EZLB_VEC(struct ezlb_toa_service_key);

static int find_odd(int map, struct odd_keys *out)
{
	struct ezlb_toa_service_key keys[BATCH];
	struct ezlb_toa_service values[BATCH];
	uint32_t at = 0, n;
	int rc = 1;

	for (bool first = true; rc > 0; first = false) {
		n = BATCH;
		rc = ezlb_bpf_get_batch(map, first ? NULL : &at, &at, keys, values, &n);
		for (uint32_t i = 0; i < n; i++)
			if (ezlb_toa_is_odd(&keys[i], &values[i]))
				*EZLB_PUSH(out) = keys[i];
	}
	return rc;
}

int ezlb_toa_rows_odd(const struct ezlb_toa_program *program, bool remove)
{
	struct odd_keys odd = { 0 };
	int rc = find_odd(program->services, &odd), n = (int)odd.len;

	for (size_t i = 0; rc == 0 && remove && i < odd.len; i++) {
		rc = ezlb_bpf_del(program->services, &odd.items[i]);
		if (rc == -ENOENT)
			rc = 0;
	}
	EZLB_VEC_CLEAR(&odd);
	return rc < 0 ? rc : n;
}
