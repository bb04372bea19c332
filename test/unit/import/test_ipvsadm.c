// SPDX-License-Identifier: GPL-2.0-or-later
#include "outcome.h"

#define UNKNOWN(line) "! " #line ":1 unknown option '-Q'\n"
#define OFF	      "health_check:\n  enabled: false\n"
#define ONE	      "-a -t 10.0.0.1:80 -r 10.1.0.1:80 "

static const struct import_case cases[] = {
	{ "-A -t 10.0.0.1:80 -s wrr\n" ONE "-m -w 1\n-a -t 10.0.0.1:80 -r 10.1.0.2:81 -m -w 0\n",
	  "name: tcp-10-0-0-1-80\nlisten: 10.0.0.1:80\nbackends:\n  - address: 10.1.0.1:80\n"
	  "  - address: 10.1.0.2:81\n    weight: 0\n" OFF },
	/* the defaults of ipvsadm: wlc, direct routing, weight 1, the port of the service */
	{ "# saved\n\nipvsadm -C\r\n/sbin/ipvsadm -A -t 10.0.0.1:80\nipvsadm -a -t 10.0.0.1:80 -r "
	  "10.1.0.1\n",
	  "name: tcp-10-0-0-1-80\nlisten: 10.0.0.1:80\nscheduler: wlc\nforward: direct\nbackends:\n"
	  "  - address: 10.1.0.1:80\n" OFF },
	/* long options, joined options, values without a blank */
	{ "--add-service --tcp-service=10.0.0.1:80 --scheduler rr --persistent --netmask "
	  "255.255.0.0\n-at10.0.0.1:80 -r10.1.0.1:80 -mw3 -x 9 -y8\n",
	  "name: tcp-10-0-0-1-80\nlisten: 10.0.0.1:80\nscheduler: rr\npersistence:\n  netmask: 16\n"
	  "backends:\n  - address: 10.1.0.1:80\n    weight: 3\n    upper_threshold: 9\n"
	  "    lower_threshold: 8\n" OFF },
	{ "-A -u [fd00::1]:53 -s sh -b sh-fallback,sh-port -p 60 -M 64 --pe sip\n"
	  "-a -u [fd00::1]:53 -r [fd00::2]:53 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum\n",
	  "name: udp-fd00-1-53\nlisten: \"[fd00::1]:53\"\nprotocol: udp\nscheduler: sh\n"
	  "scheduler_flags: [sh-fallback, sh-port]\npersistence:\n  timeout: 1m\n  netmask: 64\n"
	  "  engine: sip\nforward: tunnel\ntunnel:\n  type: gue\n  port: 6080\n"
	  "  checksum: remcsum\nbackends:\n  - address: \"[fd00::2]:53\"\n" },
	{ "-A -f -1 -s mh -b flag-2 -o\n-a -f -1 -r 10.1.0.1:0 -m -w 1\n"
	  "-A -f 7 -6 -s rr -p 5 -M 128\n-a -f 7 -6 -r [fd00::2]:0 -g -w 1\n",
	  "name: fwmark-4294967295\nfwmark: 4294967295\nscheduler: mh\nscheduler_flags: mh-port\n"
	  "one_packet: true\nbackends:\n  - address: 10.1.0.1\n---\nname: fwmark-7-ipv6\nfwmark: 7\n"
	  "scheduler: rr\npersistence: 5s\nforward: direct\nbackends:\n"
	  "  - address: \"[fd00::2]\"\n" },
	{ "-A --sctp-service 10.0.0.1:80 -s wrr\n-a --sctp-service 10.0.0.1:80 -r 10.1.0.1:80 -m\n",
	  "name: sctp-10-0-0-1-80\nlisten: 10.0.0.1:80\nprotocol: sctp\nbackends:\n"
	  "  - address: 10.1.0.1:80\n" },
	/* with notes */
	{ "-A -t 10.0.0.1:0 -s rr -p 100000 -b flag-1\n-a -t 10.0.0.1:0 -r 10.1.0.1:0 -g -w 1\n"
	  "--set 900 0 300\n--start-daemon master --mcast-interface eth0\n",
	  "~ 1 tcp-10-0-0-1 port 0: the service is the range 1-65535 now, with a firewall mark\n"
	  "~ 1 tcp-10-0-0-1 -p: 24h is the longest persistence.timeout\n"
	  "~ 1 tcp-10-0-0-1 -b: only the schedulers sh and mh have flags\n"
	  "~ 3  --set: give `ezlb run` the flags --ipvs-timeout-tcp=900s --ipvs-timeout-tcpfin=0s "
	  "--ipvs-timeout-udp=300s; leave out those of 0\n"
	  "~ 4  the synchronization of connections: the flags --sync-interface and --sync-id of "
	  "`ezlb run` do it\n"
	  "name: tcp-10-0-0-1\nlisten: 10.0.0.1:1-65535\nscheduler: rr\npersistence: 24h\n"
	  "forward: direct\nbackends:\n  - address: 10.1.0.1\n" OFF },
	{ "-A -u 10.0.0.1:53 -s sh -b sh-port,flag-3\n-a -u 10.0.0.1:53 -r 10.1.0.1:53 -m -w 0\n",
	  "~ 1 udp-10-0-0-1-53 -b flag-3: the scheduler sh has no such flag\n"
	  "~ 2 udp-10-0-0-1-53 -w 0: a udp backend of weight 0 is not in IPVS, so that its flows "
	  "move to other backends\n"
	  "name: udp-10-0-0-1-53\nlisten: 10.0.0.1:53\nprotocol: udp\nscheduler: sh\n"
	  "scheduler_flags: sh-port\nbackends:\n  - address: 10.1.0.1:53\n    weight: 0\n" },
	/* the kernel ignores the port of a server there */
	{ "-A -f 1 -s rr\n-a -f 1 -r 10.1.0.1:80 -g -w 1\n-a -f 1 -r 10.1.0.2 -g -w 1\n",
	  "~ 2 fwmark-1 -r: without the port 80: with a mark and -g or -i IPVS ignores it, and "
	  "packets keep the port that the client used\n"
	  "name: fwmark-1\nfwmark: 1\nscheduler: rr\nforward: direct\nbackends:\n"
	  "  - address: 10.1.0.1\n  - address: 10.1.0.2\n" },
	{ "-A -f 1 -s rr\n-a -f 1 -r 10.1.0.1:80 -m -w 1\n",
	  "name: fwmark-1\nfwmark: 1\nscheduler: rr\nbackends:\n  - address: 10.1.0.1:80\n" },
	/* of the same address only the port told two of them apart */
	{ "-A -f 1 -s rr\n-a -f 1 -r 10.1.0.1:80 -i -w 1\n-a -f 1 -r 10.1.0.1:81 -i -w 1\n",
	  "! 1:1 service fwmark-1: backend 10.1.0.1 is listed twice, first on line 10\n"
	  "~ 2 fwmark-1 -r: without the port 80: with a mark and -g or -i IPVS ignores it, and "
	  "packets keep the port that the client used\n"
	  "~ 3 fwmark-1 -r: without the port 81: with a mark and -g or -i IPVS ignores it, and "
	  "packets keep the port that the client used\n" },
	/* a service with an error is not written, another one is */
	{ "-A -t 10.0.0.1:80 -s wrr\n" ONE "-m -w 1\n-a -t 10.0.0.1:80 -r 10.1.0.2:80 -g -w 1\n"
	  "-A -f 7 -s rr\n-a -f 7 -r 10.1.0.1 -m\n",
	  "! 3:19 another forwarding method than the backends above: '10.1.0.2:80'\n"
	  "name: fwmark-7\nfwmark: 7\nscheduler: rr\nbackends:\n  - address: 10.1.0.1\n" },
	{ "-A -t www:http -s rr\n", "! 1:4 not a port in 'www:http'\n" },
	{ "-A -t www:80 -s rr\n", "! 1:4 not an IP address: 'www:80'\n" },
	{ "-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r b1:80\n",
	  "! 2:19 not an IP address: 'b1:80'\n" },
	{ "-a -t 10.0.0.1:80 -r 10.1.0.1:80\n",
	  "! 1:1 there is no such service for '10.1.0.1:80'\n" },
	{ "-A -t 10.0.0.1:80 -s rr\n-A -t 10.0.0.1:80 -s wrr\n" ONE "-m\n",
	  "! 2:1 this service is there twice: 'tcp-10.0.0.1:80'\n"
	  "name: tcp-10-0-0-1-80\nlisten: 10.0.0.1:80\nscheduler: rr\nbackends:\n"
	  "  - address: 10.1.0.1:80\n" OFF },
	{ "-A -t 10.0.0.1:80 -s nosuch\n" ONE "-m\n",
	  "! 1:1 service tcp-10-0-0-1-80: unknown scheduler 'nosuch'\n" },
	{ "-A -t 10.0.0.1:80 -s rr\n", "! 1:1 service tcp-10-0-0-1-80: 'backends' is missing\n" },
	{ "-A -t 10.0.0.1:80 -s rr -M 255.0.255.0 -p\n" ONE "-m\n",
	  "! 1:25 not the mask of a network: '255.0.255.0'\n" },
	{ "-A -t 10.0.0.1:99999\n-A -f 0\n-A -f 4294967296\n-A -s rr\n-a -f 1\n-A -t\n-Q\nfoo\n-E -t x\n",
	  "! 1:4 not a port in '10.0.0.1:99999'\n! 2:4 not a firewall mark: '0'\n"
	  "! 3:4 not a number in range: '4294967296'\n! 4:1 this line names no service: '-A'\n"
	  "! 5:1 there is no such service for '-a'\n! 6:4 a value is missing after '-t'\n"
	  "! 7:1 unknown option '-Q'\n! 8:1 this is not an option: 'foo'\n"
	  "! 9:1 only services and servers that are added can be read: '-E, -e, -D or -d'\n" },
	{ "IP Virtual Server version 1.2.1 (size=4096)\n",
	  "! 1:1 this is the output of `ipvsadm -L`\n" },
	{ "-A -t 10.0.0.1:80 -s rr\n" ONE "-m\n-a -t 10.0.0.1:80 -r 10.1.0.2:80 -m --new 1\n",
	  "! 3:37 unknown option '--new'\n" },
	{ "-A -t 10.0.0.1:80 -s rr\n" ONE
	  "-m\n-Q\n-Q\n-Q\n-Q\n-Q\n-Q\n-Q\n-Q\n-Q\n-Q\n-Q\n-Q\n-Q\n-Q\n-Q\n-Q\n-Q\n-Q\n-Q\n-Q\n"
	  "-a -t 10.0.0.1:80 -r 10.1.0.2:80 -m\n",
	  UNKNOWN(3) UNKNOWN(4) UNKNOWN(5) UNKNOWN(6) UNKNOWN(7) UNKNOWN(8) UNKNOWN(9) UNKNOWN(10)
		  UNKNOWN(11) UNKNOWN(12) UNKNOWN(13) UNKNOWN(14) UNKNOWN(15) UNKNOWN(16)
			  UNKNOWN(17) UNKNOWN(18) UNKNOWN(19) UNKNOWN(20) UNKNOWN(21) UNKNOWN(22) },
	{ "-A -t 10.0.0.1:80 -s rr -o\n" ONE "-m\n",
	  "! 1:1 service tcp-10-0-0-1-80: one_packet needs protocol: udp\n" },
};

static void test_cases(void **state)
{
	(void)state;
	check_cases(EZLB_IMPORT_IPVSADM, cases, COUNT_OF(cases));
}

/* One backend of another service: two files that cannot both be, told as any other error. */
static void test_conflict(void **state)
{
	char *got = outcome(EZLB_IMPORT_IPVSADM,
			    "-A -t 10.0.0.1:0 -s rr -p 9\n-a -t 10.0.0.1:0 -r 10.1.0.1:0 -g\n"
			    "-A -t 10.0.0.1:80 -s rr\n" ONE "-m\n");

	(void)state;
	assert_non_null(strstr(got, "! 3:1 service tcp-10-0-0-1-80: "));
	assert_non_null(strstr(got, "name: tcp-10-0-0-1\n"));
	assert_null(strstr(got, "name: tcp-10-0-0-1-80\n"));
	free(got);
}

/* The comments of a file, and that thresholds are spoken of once, where no line has them. */
static void test_comments(void **state)
{
	static const char in[] = "-A -t 10.0.0.1:80 -s wrr\n" ONE "-m -w 1\n";
	struct ezlb_import import = { 0 };
	char *text;

	(void)state;
	assert_true(ezlb_import_read(&import, EZLB_IMPORT_IPVSADM, "a\nb", in, strlen(in)));
	assert_true(ezlb_import_finish(&import));
	text = ezlb_import_text(&import, import.specs.items[0]);
	assert_memory_equal(text, "# From a?b by `ezlb import`.\n# health_check: off, because ",
			    58);
	assert_non_null(strstr(text, "\n# full_nat: false, as with ipvsadm"));
	assert_null(strstr(text, "thresholds"));
	assert_string_equal(import.notes.items[0].service, "");
	assert_non_null(strstr(import.notes.items[0].text, "thresholds: `ipvsadm -S` does not"));
	free(text);
	ezlb_import_clear(&import);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_conflict),
		cmocka_unit_test(test_comments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
