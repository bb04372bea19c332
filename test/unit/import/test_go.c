// SPDX-License-Identifier: GPL-2.0-or-later
#include "outcome.h"

#define REST	 "    backends: [{address: 192.168.1.10:80, weight: 1}]\n"
#define SERVICE	 "services:\n  - name: web\n    listen: 10.0.0.1:80\n    scheduler: rr\n"
#define WEB	 "name: web\nlisten: 10.0.0.1:80\nscheduler: rr\n"
#define BACKENDS "backends:\n  - address: 192.168.1.10:80\n"

static const struct import_case cases[] = {
	{ SERVICE REST, WEB BACKENDS },
	/* every setting, as it is and not at its default */
	{ "Global: {log_level: info, cleanup_on_exit: true, metrics_path: /metrics}\n"
	  "services:\n  - name: dns\n    LISTEN: \"[fd00::1]:53\"\n    protocol: UDP\n"
	  "    scheduler: sh\n    full_nat: true\n    snat_ip: fd00::3\n    forward_mode: nat\n"
	  "    health_check: {enabled: true, type: http, interval: 0.5s, timeout: 1m0.25s, "
	  "fail_count: 5, rise_count: 6, http_path: /healthz, http_expected_status: 204}\n"
	  "    backends:\n      - address: '[fd00::10]:53'\n        weight: 5\n",
	  "name: dns\nlisten: \"[fd00::1]:53\"\nprotocol: udp\nscheduler: sh\nfull_nat: true\n"
	  "snat_ip: \"fd00::3\"\nbackends:\n  - address: \"[fd00::10]:53\"\n    weight: 5\n"
	  "health_check:\n  type: http\n  interval: 500ms\n  timeout: 1m250ms\n  fail_count: 5\n"
	  "  rise_count: 6\n  http_path: /healthz\n  http_expected_status: 204\n" },
	{ SERVICE "    forward_mode: dr\n    health_check: {enabled: false}\n" REST,
	  WEB "forward: direct\n" BACKENDS "health_check:\n  enabled: false\n" },
	{ SERVICE
	  "    protocol: udp\n    health_check: {fail_count: 0, http_expected_status: 0}\n" REST,
	  "name: web\nlisten: 10.0.0.1:80\nprotocol: udp\nscheduler: rr\n" BACKENDS
	  "health_check:\n  type: tcp\n" },
	/* what becomes of global */
	{ "global:\n  log_level: debug\n  cleanup_on_exit: false\n  admin_address: :9106\n"
	  "  metrics_enabled: false\n  metrics_path: /m\n  metrics_interval: 15s\n  metrics: 1\n"
	  "  log:\n    level: warn\n    home: /var/log\n    maxsize: 1\n" SERVICE REST "extra: 1\n",
	  "~ 2  global.log_level: give `ezlb run` the flag --log-level=debug\n"
	  "~ 3  global.cleanup_on_exit: give `ezlb run` the flag --cleanup-on-exit=false\n"
	  "~ 4  global.admin_address: give `ezlb run` the flag --admin-address=:9106\n"
	  "~ 5  global.metrics_enabled: /metrics is always there: on the socket of ezlb, and on "
	  "--admin-address\n~ 6  global.metrics_path: the path is always /metrics\n"
	  "~ 7  global.metrics_interval: the counters are read when somebody asks for /metrics\n"
	  "~ 8  metrics: the Go program has no such setting\n"
	  "~ 10  global.log.level: give `ezlb run` the flag --log-level=warn\n"
	  "~ 11  global.log.home: ezlb writes its log to stderr; systemd or the container runtime "
	  "keeps it\n~ 12  maxsize: the Go program has no such setting; did you mean 'max_size'?\n"
	  "~ 18  extra: the Go program has no such setting\n" WEB BACKENDS },
	{ "services:\n  - name: Web_Service\n    listen: 10.0.0.1:80\n    sheduler: rr\n"
	  "    health_check: {timeout: 1234567us, interval: 1s, retries: 1}\n"
	  "    backends: [{address: 192.168.1.10:80, wieght: 1}]\n",
	  "~ 2 web-service name: 'Web_Service' is web-service here: a name has a-z, 0-9 and '-', "
	  "and no two services have the same\n"
	  "~ 4 web-service sheduler: the Go program has no such setting; did you mean "
	  "'scheduler'?\n~ 5 web-service timeout: rounded to milliseconds\n"
	  "~ 5 web-service retries: the Go program has no such setting\n"
	  "~ 6 web-service wieght: the Go program has no such setting; did you mean 'weight'?\n"
	  "name: web-service\nlisten: 10.0.0.1:80\n" BACKENDS
	  "health_check:\n  interval: 1s\n  timeout: 1s235ms\n" },
	/* errors: that service is not written */
	{ SERVICE REST
	  "  - {name: b, listen: 'www:80', backends: []}\n  - text\n"
	  "  - {name: c, listen: '10.0.0.2:80', scheduler: foo, backends: [{address: "
	  "'127.0.0.1:80'}]}\n  - {name: d, listen: '10.0.0.1:80', backends: [{address: "
	  "'192.168.1.10:80'}]}\n",
	  "! 6:5 'backends' is missing\n! 6:23 'www' is not a numeric IP address\n"
	  "! 7:5 an entry of services must be a mapping\n"
	  "! 8:5 service c: unknown scheduler 'foo'\n"
	  "! 8:5 service c: address cannot be 127.0.0.1, a loopback address\n"
	  "! 9:5 service d: the listener tcp 10.0.0.1:80 is already used by service 'web' at "
	  "web.yaml:3:9\n" WEB BACKENDS },
	{ SERVICE "    full_nat: maybe\n    forward_mode: l2\n" REST,
	  "! 6:19 unknown forward_mode 'l2'\n" },
	{ SERVICE "    full_nat: maybe\n    snat_ip: 10.0.0.3\n" REST,
	  "! 5:15 full_nat must be true or false, not 'maybe'\n" },
	{ SERVICE "    snat_ip: 10.0.0.3\n" REST, "! 5:14 snat_ip needs full_nat: true\n" },
	{ SERVICE "    health_check: {interval: 5}\n" REST,
	  "! 5:30 interval must be a duration like 5s, of at most 24h, not '5'\n" },
	{ SERVICE "    health_check: {type: icmp}\n" REST, "! 5:26 unknown type 'icmp'\n" },
	{ SERVICE "    health_check: {fail_count: x}\n" REST,
	  "! 5:32 fail_count must be a number, not 'x'\n" },
	{ "listen: 10.0.0.1:80\n",
	  "! 1:1 this is no configuration of the Go program: it has no services\n" },
	{ "services: 5\n",
	  "! 1:11 this is no configuration of the Go program: it has no services\n" },
	{ "services: [\n", "! 1:12 a value is missing here\n" },
};

static void test_cases(void **state)
{
	(void)state;
	check_cases(EZLB_IMPORT_GO, cases, COUNT_OF(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
