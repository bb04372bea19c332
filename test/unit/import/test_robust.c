// SPDX-License-Identifier: GPL-2.0-or-later
/* Whatever the bytes of ipvsadm and of the Go program: files that are valid, or reasons, soon. */
#include "cm.h"

#include <time.h>

#include <ezlb/config.h>
#include <ezlb/import.h>

#define MUTATIONS 1000 /* of each text */
#define LARGE	  (512 * 1024)

static const struct {
	enum ezlb_import_format format;
	const char *text;
} seeds[] = {
	{ EZLB_IMPORT_IPVSADM,
	  "-A -t 10.0.0.1:80 -s sh -b sh-fallback,sh-port -p 60 -M 255.255.255.0\n"
	  "-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 1 -x 9 -y 8\n"
	  "-a -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 0\n"
	  "-A -u [fd00::1]:53 -s rr -o --pe sip -p\n"
	  "-a -u [fd00::1]:53 -r [fd00::2]:53 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum\n"
	  "-A -f 7 -6 -s mh\n-a -f 7 -6 -r [fd00::2]:0 -g -w 1\n--set 900 120 300\n" },
	{ EZLB_IMPORT_GO,
	  "global: {log_level: debug, log: {home: /var/log}, metrics: 1}\nservices:\n"
	  "  - name: Web_1\n    listen: 10.0.0.1:80\n    protocol: tcp\n    scheduler: wlc\n"
	  "    forward_mode: nat\n    full_nat: true\n    snat_ip: 10.0.0.3\n    health_check:\n"
	  "      type: http\n      interval: 1.5s\n      timeout: 300ms\n      fail_count: 3\n"
	  "      http_path: /healthz\n      http_expected_status: 204\n    backends:\n"
	  "      - address: 192.168.1.10:80\n        weight: 5\n"
	  "  - {name: dns, listen: \"[fd00::1]:53\", protocol: udp, scheduler: rr, backends: "
	  "[{address: \"[fd00::2]:53\", weight: 1}]}\n" },
};

static uint32_t seed = 7;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static double cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Returns the number of services. */
static size_t try(enum ezlb_import_format format, const char *text, size_t len)
{
	struct ezlb_import import = { 0 };
	char *copy = malloc(len ? len : 1);
	bool fine;
	size_t n;

	memcpy(copy, text, len);
	ezlb_import_guess(copy, len);
	ezlb_import_read(&import, format, "in", copy, len);
	free(copy);
	fine = ezlb_import_finish(&import);
	assert_int_equal(fine, import.diags.len == 0);
	for (size_t i = 0; i < import.specs.len; i++) {
		char *file = ezlb_import_text(&import, import.specs.items[i]);
		struct ezlb_diags diags = { 0 };
		struct ezlb_spec *spec = ezlb_config_parse("other.yaml", file, strlen(file),
							   &diags);

		if (!spec)
			fail_msg("%s\nin %s", diags.items[0].message, file);
		ezlb_spec_free(spec);
		free(file);
	}
	n = import.specs.len;
	ezlb_import_clear(&import);
	return n;
}

static size_t mutate(char *text, size_t len)
{
	static const char spice[] = "\t\n\r :-#!{}\"'=.,/0169aAt[]\xff\xc2\x85";

	for (uint32_t edits = 1 + rnd(3); edits > 0; edits--) {
		size_t at = rnd((uint32_t)len - 1);

		switch (rnd(3)) {
		case 0:
			text[at] = spice[rnd(sizeof(spice) - 1)];
			break;
		case 1:
			memmove(text + at, text + at + 1, len - at - 1);
			len--;
			break;
		default:
			memmove(text + at + 1, text + at, len - at);
			len++;
		}
	}
	return len;
}

static void test_mutations(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(seeds); i++) {
		size_t some = 0;

		for (unsigned n = 0; n < MUTATIONS; n++) {
			char text[4096];
			size_t len = strlen(seeds[i].text);

			memcpy(text, seeds[i].text, len);
			len = mutate(text, len);
			some += try(seeds[i].format, text, len) > 0;
		}
		assert_true(some > MUTATIONS / 10 && some <= MUTATIONS);
	}
}

/* One line again and again: no input takes long. */
static void test_large(void **state)
{
	static const char *const lines[] = {
		"-A -t 10.0.0.1:80 -s rr\n",
		"-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 1\n",
		"--start-daemon master\n",
		"  - {name: web, listen: \"10.0.0.1:80\", backends: [{address: \"10.1.0.1:80\"}]}\n",
		"  - {nam: web, x: 1, listen: \"10.0.0.1:80\", backends: [{address: \"10.1.0.1:80\"}]}\n",
		"\n",
		"----------------",
		"(",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		for (size_t format = 0; format < COUNT_OF(seeds); format++) {
			double before = cpu_seconds();
			struct ezlb_text text = { 0 };

			ezlb_text_puts(&text, format ? "services:\n" : "-A -t 10.0.0.1:80 -s rr\n");
			while (text.len < LARGE)
				ezlb_text_puts(&text, lines[i]);
			try(seeds[format].format, text.items, text.len);
			EZLB_VEC_CLEAR(&text);
			if (cpu_seconds() - before > 20)
				fail_msg("%s takes %.0f s", lines[i], cpu_seconds() - before);
		}
}

/* One more service than there may be: its text in each format. */
static void put_keepalived(struct ezlb_text *text, int i)
{
	ezlb_text_printf(
		text,
		"virtual_server 10.1.%d.%d 80 {\n protocol TCP\n real_server 10.0.0.1 80 {\n"
		" }\n}\n",
		i / 250, i % 250 + 1);
}

static void put_kubernetes(struct ezlb_text *text, int i)
{
	ezlb_text_printf(text,
			 "---\napiVersion: v1\nkind: Service\nmetadata: {name: s%d}\n"
			 "spec: {externalIPs: [10.1.%d.%d], ports: [{port: 80}]}\n"
			 "---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: s%d}\nsubsets: "
			 "[{addresses: [{ip: 10.0.0.1}], ports: [{port: 80}]}]\n",
			 i, i / 250, i % 250 + 1, i);
}

static void test_limit(void **state)
{
	static const struct {
		enum ezlb_import_format format;
		void (*put)(struct ezlb_text *text, int i);
	} rows[] = { { EZLB_IMPORT_KEEPALIVED, put_keepalived },
		     { EZLB_IMPORT_KUBERNETES, put_kubernetes } };

	(void)state;
	for (size_t r = 0; r < COUNT_OF(rows); r++) {
		struct ezlb_import import = { 0 };
		struct ezlb_text text = { 0 };

		for (int i = 0; i < EZLB_IMPORT_SERVICES_MAX + 2; i++)
			rows[r].put(&text, i);
		assert_false(ezlb_import_read(&import, rows[r].format, "in", text.items, text.len));
		assert_int_equal(import.specs.len, EZLB_IMPORT_SERVICES_MAX);
		assert_int_equal(import.diags.len, 1);
		assert_non_null(strstr(import.diags.items[0].message, "more than 4096 services"));
		assert_int_equal(import.diags.items[0].code, EZLB_E_SIZE);
		ezlb_import_clear(&import);
		EZLB_VEC_CLEAR(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_mutations),
					    cmocka_unit_test(test_large),
					    cmocka_unit_test(test_limit) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
