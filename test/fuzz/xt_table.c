// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A whole legacy table, as the kernel hands it over for a look at it: the first byte says for which
 * family, the next one, times 16, how many entries the kernel counts. Two looks at it give the
 * same, and so does one after packets were counted.
 */
#include "tempdir.h"

#include <errno.h>

#include <ezlb/xtables.h>

#include "calls.h"

static struct fuzz_rest table;
static unsigned entries;

/* The kernel's answers to the two questions. */
static int answer(int name, void *value, socklen_t *len)
{
	struct ipt_getinfo *info = value;
	struct ipt_get_entries *get = value;

	if (name == IPT_SO_GET_INFO && *len >= sizeof(*info)) {
		info->num_entries = entries;
		info->size = (unsigned)table.len;
		return 0;
	}
	if (name != IPT_SO_GET_ENTRIES || *len != sizeof(*get) + table.len) {
		errno = EAGAIN;
		return -1;
	}
	memcpy((char *)value + sizeof(*get), table.at, table.len);
	return 0;
}

static int look(const struct ezlb_xt_form *form, uint64_t *print)
{
	struct ezlb_xt_look kept = { .socket_1 = open("/dev/null", O_RDONLY | O_CLOEXEC) + 1 };
	struct fuzz_path names = fuzz_at("names");
	int rc;

	FUZZ_CHECK(kept.socket_1 > 0);
	rc = ezlb_xt_peek(&kept, form, names.s, "filter", print);
	ezlb_xt_look_close(&kept);
	return rc;
}

/* The first entry has counted a packet more. */
static void count(const struct ezlb_xt_form *form, uint8_t *bytes, size_t len)
{
	if (len >= form->size)
		bytes[form->counters]++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_rest rest = { data, size };
	const struct ezlb_xt_form *form = fuzz_byte(&rest) & 1 ? &ezlb_xt_form_ip6
							       : &ezlb_xt_form_ip;
	uint64_t first = 0, second = 0;
	uint8_t *bytes;
	int rc;

	fuzz_make_top();
	fuzz_put("names", "nat\nfilter\n", 11);
	entries = 16u * fuzz_byte(&rest);
	bytes = fuzz_bytes(rest.at, rest.len);
	table = (struct fuzz_rest){ bytes, rest.len };
	fuzz_getsockopt = answer;
	rc = look(form, &first);
	FUZZ_CHECK(rc == 0 || rc == -EPROTO);
	count(form, bytes, rest.len);
	FUZZ_CHECK(look(form, &second) == rc && (rc < 0 || first == second));
	fuzz_getsockopt = NULL;
	free(bytes);
	fuzz_empty();
	return 0;
}
