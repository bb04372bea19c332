// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/import.h>

static const struct {
	const char *text;
	enum ezlb_import_format want;
} cases[] = {
	{ "-A -t 10.0.0.1:80 -s rr\n", EZLB_IMPORT_IPVSADM },
	{ "# my rules\n\n/sbin/ipvsadm -C\n", EZLB_IMPORT_IPVSADM },
	{ "IP Virtual Server version 1.2.1 (size=4096)", EZLB_IMPORT_IPVSADM },
	{ "! Configuration File for keepalived\n\nglobal_defs {\n}\n", EZLB_IMPORT_KEEPALIVED },
	{ "virtual_server 10.0.0.1 80 {\n", EZLB_IMPORT_KEEPALIVED },
	{ "include /etc/keepalived/conf.d/*.conf\n", EZLB_IMPORT_KEEPALIVED },
	{ "apiVersion: v1\nkind: Service\n", EZLB_IMPORT_KUBERNETES },
	{ "---\nkind: List\n", EZLB_IMPORT_KUBERNETES },
	{ "{\n  \"apiVersion\": \"v1\",\n", EZLB_IMPORT_KUBERNETES },
	{ "{\"apiVersion\":\"v1\",\"items\":[]}", EZLB_IMPORT_KUBERNETES },
	{ "global:\n  log_level: info\nservices:\n", EZLB_IMPORT_GO },
	{ "\xef\xbb\xbfservices:\n", EZLB_IMPORT_GO },
	{ "{\"services\": []}", EZLB_IMPORT_GO },
	{ "", EZLB_IMPORT_UNKNOWN },
	{ "\n\n# nothing\n", EZLB_IMPORT_UNKNOWN },
	{ "listen: 10.0.0.1:80\nbackends: []\n", EZLB_IMPORT_UNKNOWN },
	{ "frontend web\n  bind *:80\n", EZLB_IMPORT_UNKNOWN },
	{ "-Axx\nservicess\nkindly: 1\n", EZLB_IMPORT_UNKNOWN },
};

static void test_guess(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		enum ezlb_import_format got = ezlb_import_guess(cases[i].text,
								strlen(cases[i].text));

		if (got != cases[i].want)
			fail_msg("%s: %s, not %s", cases[i].text, ezlb_import_format_str(got),
				 ezlb_import_format_str(cases[i].want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_guess) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
