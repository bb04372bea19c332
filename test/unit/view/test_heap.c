// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many bytes of the heap 1,000 services of 10 backends take: catalog, pass, the in-memory data
 * plane and view, after the passes of a start. An upper bound; it may grow with a reason only.
 */
#include "view_rig.h"

#include <malloc.h>

#include <ezlb/text.h>

#define SERVICES 1000
#define OBJECTS	 (SERVICES * 11)
#define BOUND	 600 /* bytes for each object; 536 when this was written */

/* A sanitizer has its own allocator, which mallinfo2() does not know. */
#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void); /* gcc comes without its header */

static size_t used(void)
{
	return __sanitizer_get_current_allocated_bytes();
}
#else
static size_t used(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}
#endif

static void add_service(struct view_rig *rig, int i)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("/d/s%04d.yaml", i);
	struct ezlb_text text = { 0 };
	EZLB_AUTO_FREE char *bytes = NULL;
	size_t len;

	ezlb_text_printf(&text, "listen: 10.100.%d.%d:80\n" NO_CHECK "backends:\n", i / 200,
			 i % 200 + 1);
	for (int k = 1; k <= 10; k++)
		ezlb_text_printf(&text, "  - address: 10.%d.%d.%d:80\n", 1 + i / 200, i % 200, k);
	bytes = ezlb_text_take(&text, &len);
	rig_file(rig, path, bytes);
}

static void test_heap(void **state)
{
	size_t before, after;
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	before = used();
	for (int i = 0; i < SERVICES; i++)
		add_service(&rig, i);
	rig_files(&rig);
	rig_settle(&rig);
	after = used();
	assert_int_equal(rig.pass.left.dests.len, SERVICES * 10);
	if ((after - before) / OBJECTS > BOUND)
		fail_msg("%zu bytes for each object", (after - before) / OBJECTS);
	print_message("%zu bytes for each object\n", (after - before) / OBJECTS);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_heap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
