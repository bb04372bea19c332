// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/sync.h>

#include <inttypes.h>
#include <stdio.h>

#include <ezlb/suggest.h>

#define CMP(a, b) (((a) > (b)) - ((a) < (b)))

static const char *const names[] = {
	[EZLB_SYNC_MASTER] = "master",
	[EZLB_SYNC_BACKUP] = "backup",
};

const char *ezlb_sync_role_str(enum ezlb_sync_role role)
{
	return names[role];
}

int ezlb_sync_role_parse(const char *text, enum ezlb_sync_role *out)
{
	int i = ezlb_word_index(names, EZLB_SYNC_ROLES, text);

	if (i >= 0)
		*out = (enum ezlb_sync_role)i;
	return i < 0 ? i : 0;
}

int ezlb_sync_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_sync_row *a = pa, *b = pb;

	return CMP(a->role, b->role);
}

bool ezlb_sync_row_same(const void *pa, const void *pb)
{
	const struct ezlb_sync_row *a = pa, *b = pb;

	return strcmp(a->device, b->device) == 0 && a->id == b->id && a->stale == b->stale;
}

int ezlb_sync_owned_cmp(const void *pa, const void *pb)
{
	const struct ezlb_sync_row *a = pa, *b = pb;
	int rc = ezlb_sync_row_cmp(a, b);

	if (rc == 0)
		rc = strcmp(a->device, b->device);
	return rc ? rc : CMP(a->id, b->id);
}

const char *ezlb_sync_row_format(const struct ezlb_sync_row *row, char buf[EZLB_SYNC_STRLEN])
{
	snprintf(buf, EZLB_SYNC_STRLEN, "%s on %s, id %" PRIu32, names[row->role], row->device,
		 row->id);
	return buf;
}
