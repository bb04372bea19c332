// SPDX-License-Identifier: GPL-2.0-or-later
/* The cheap look at the nat table, of a family, over a kernel that answers getsockopt as the real
 * one does. */
#include "tmpdir.h"

#include <errno.h>
#include <malloc.h>
#include <sys/socket.h>

#include "iptables.h"
#include "rules.h"

#define TABLES	"tables"
#define TABLES6 "tables6"

/* Room for more entries than are read one by one. */
#define RULES_MAX 2200

struct fake {
	struct ipt_getinfo info;
	_Alignas(struct ip6t_entry) unsigned char bytes[RULES_MAX * EZLB_XT_ENTRY_MAX];
	int socket_error, info_error, entries_error;
	unsigned entries_errors; /* how many times */
	unsigned infos, entries; /* how often each was asked for */
	unsigned sockets;	 /* how many were opened */
	int fd;			 /* the last one */
};
static struct fake fake, fake6;
static struct ezlb_layer *layer;
static struct text tables, tables6;

/* --- the kernel ------------------------------------------------------------------------------ */

int socket(int domain, int type, int protocol)
{
	struct fake *of = domain == AF_INET6 ? &fake6 : &fake;

	assert_true(domain == AF_INET || domain == AF_INET6);
	assert_int_equal(type, SOCK_RAW | SOCK_CLOEXEC);
	(void)protocol;
	errno = of->socket_error;
	of->sockets++;
	return of->fd = errno ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int fake_fail(int code)
{
	errno = code;
	return -1;
}

static int fake_info(struct fake *of, struct ipt_getinfo *out, socklen_t len)
{
	of->infos++;
	assert_int_equal(len, sizeof(*out));
	assert_string_equal(out->name, "nat");
	if (of->info_error)
		return fake_fail(of->info_error);
	*out = of->info;
	return 0;
}

/* Like the kernel's copy it leaves bytes out: here those that are 0xee. */
static int fake_entries(struct fake *of, struct ipt_get_entries *out, socklen_t len)
{
	unsigned char *bytes = (unsigned char *)out + sizeof(*out);

	of->entries++;
	assert_int_equal(len, sizeof(*out) + out->size);
	assert_string_equal(out->name, "nat");
	if (of->entries <= of->entries_errors)
		return fake_fail(of->entries_error);
	assert_int_equal(out->size, of->info.size);
	for (size_t i = 0; i < out->size; i++) {
		if (of->bytes[i] != 0xee)
			bytes[i] = of->bytes[i];
	}
	return 0;
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	struct fake *of = level == SOL_IPV6 ? &fake6 : &fake;

	assert_true(level == SOL_IP || level == SOL_IPV6);
	assert_int_equal(fd, of->fd);
	if (name == IPT_SO_GET_INFO)
		return fake_info(of, value, *len);
	assert_int_equal(name, IPT_SO_GET_ENTRIES);
	return fake_entries(of, value, *len);
}

static void add_row(struct fake *of, const char *backend)
{
	struct ezlb_snat_row row = { .key.proto = EZLB_TCP };
	struct ezlb_xt_entry rule;

	assert_int_equal(ezlb_endpoint_parse(backend, &row.key.endpoint, NULL), 0);
	assert_int_equal(ezlb_snat_rule_build(&row, &rule), 0);
	rule.bytes[rule.len - 1] = 0xee;
	memcpy(of->bytes + of->info.size, rule.bytes, rule.len);
	of->info.size += (unsigned)rule.len;
	of->info.num_entries++;
}

/* Adds the rule of backend 10.0.0.N to the table. */
static void add(uint8_t n)
{
	char backend[EZLB_ENDPOINT_STRLEN];

	snprintf(backend, sizeof(backend), "10.0.0.%u:80", n);
	add_row(&fake, backend);
}

static struct ipt_entry *entry(unsigned i)
{
	return (void *)(fake.bytes + fake.info.size / fake.info.num_entries * i);
}

static void fill(unsigned n)
{
	int fd = fake.fd;

	memset(&fake, 0, sizeof(fake));
	fake.fd = fd;
	strcpy(fake.info.name, "nat");
	for (unsigned i = 0; i < n; i++)
		add((uint8_t)(i + 1));
}

/* --- the tests ------------------------------------------------------------------------------- */

static int setup(void **state)
{
	if (setup_top(state))
		return -1;
	put(TABLES, "filter\nnat\n");
	tables = at(TABLES);
	tables6 = at(TABLES6);
	layer = ezlb_snat_iptables_new(tables.s, tables6.s);
	fill(3);
	memset(&fake6, 0, sizeof(fake6));
	add_row(&fake6, "[fd00::1]:80");
	add_row(&fake6, "[fd00::2]:80");
	return 0;
}

static int teardown(void **state)
{
	layer->close(layer);
	assert_int_equal(fcntl(fake.fd, F_GETFD), -1); /* nothing stays open */
	return teardown_top(state);
}

static int peek(uint64_t *print)
{
	return layer->peek(layer, NULL, print);
}

static uint64_t print(void)
{
	uint64_t out = 0;

	assert_int_equal(peek(&out), 0);
	return out;
}

static void test_stable(void **state)
{
	uint64_t first;

	(void)state;
	fill(9); /* more than malloc keeps at hand for the next one */
	mallopt(M_PERTURB, 0x55);
	first = print();
	for (unsigned i = 0; i < 3; i++)
		entry(i)->counters = (struct xt_counters){ .pcnt = 7 + i, .bcnt = 4711 };
	mallopt(M_PERTURB, 0x77); /* what the kernel leaves out has no say */
	assert_int_equal(print(), first);
	mallopt(M_PERTURB, 0);
	assert_int_equal(fake.entries, 2);
}

static void flush(void)
{
	fill(2);
}
static void empty(void)
{
	fill(0);
}
static void append(void)
{
	add(9);
}
static void replace(void)
{
	entry(1)->ip.dst.s_addr++;
}
/* 10.0.0.1 and .2 become .129 and .130: the same bit of two words, and the highest. */
static void replace_two(void)
{
	((unsigned char *)&entry(0)->ip.dst)[3] ^= 0x80;
	((unsigned char *)&entry(1)->ip.dst)[3] ^= 0x80;
}
static void replace_target(void)
{
	((unsigned char *)entry(2))[entry(2)->next_offset - 9]++;
}
static void swap(void)
{
	fill(0);
	add(2);
	add(1);
	add(3);
}
static void hook(void)
{
	fake.info.hook_entry[4]++;
}
static void underflow(void)
{
	fake.info.underflow[4]++;
}

static void test_changes(void **state)
{
	static const struct {
		const char *name;
		void (*change)(void);
		bool also_large; /* a table of more entries shows it, too */
	} cases[] = {
		{ "a rule less", flush, true },
		{ "none", empty, true },
		{ "a rule more", append, true },
		{ "replaced, same size", replace, false },
		{ "two replaced", replace_two, false },
		{ "another target", replace_target, false },
		{ "another order", swap, false },
		{ "a chain begins elsewhere", hook, true },
		{ "a chain ends elsewhere", underflow, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint64_t first;

		fill(3);
		first = print();
		cases[i].change();
		if (print() == first)
			fail_msg("%s: not seen", cases[i].name);
		fill(2001);
		first = print();
		cases[i].change();
		if (cases[i].change != swap && (print() != first) != cases[i].also_large)
			fail_msg("%s: wrong of a large table", cases[i].name);
	}
}

static void test_limits(void **state)
{
	(void)state;
	fill(2000);
	print();
	assert_int_equal(fake.entries, 1);
	fill(2001);
	print();
	assert_int_equal(fake.entries, 0);
	/* Few, but too large for a cheap look, or not a size at all. */
	fill(3);
	fake.info.size = (1u << 20) + 1;
	print();
	fake.info.size = UINT32_MAX;
	print();
	assert_int_equal(fake.entries, 0);
}

/* A table that is no whole number of words; the kernel has none, but nothing says so. */
static void test_odd_size(void **state)
{
	uint64_t first;

	(void)state;
	fill(1);
	entry(0)->next_offset -= 3;
	fake.info.size -= 3;
	first = print();
	fake.bytes[fake.info.size - 1]++;
	assert_int_not_equal(print(), first);
}

/* Another program was at it between the two questions. */
static void test_race(void **state)
{
	uint64_t want = print(), got;

	(void)state;
	fill(3);
	fake.entries_error = EAGAIN;
	fake.entries_errors = 2;
	assert_int_equal(print(), want);
	assert_int_equal(fake.infos, 3);
	fill(3);
	fake.entries_error = EAGAIN;
	fake.entries_errors = 9;
	assert_int_equal(peek(&got), -EAGAIN);
	assert_int_equal(fake.infos, 3);
}

static void test_not_loaded(void **state)
{
	static const char *const names[] = { "", "filter\n", "nat2\nmangle\n", NULL };
	uint64_t got;

	(void)state;
	fake.fd = -1;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (names[i])
			put(TABLES, names[i]);
		else
			assert_int_equal(remove(tables.s), 0);
		assert_int_equal(peek(&got), -ENOENT);
	}
	assert_int_equal(symlink(TABLES, tables.s), 0);
	assert_int_equal(peek(&got), -ELOOP);
	assert_int_equal(fake.fd, -1); /* the kernel was not asked */
}

static void test_cannot_look(void **state)
{
	uint64_t got;

	(void)state;
	fake.socket_error = EPERM;
	assert_int_equal(peek(&got), -EPERM);
	assert_int_equal(fake.infos, 0);
	fake.socket_error = 0;	       /* the next look tries again */
	fake.info_error = ENOPROTOOPT; /* ip_tables has just gone */
	assert_int_equal(peek(&got), -ENOPROTOOPT);
	assert_int_equal(fake.infos, 1);
	fake.info_error = 0;
	fake.entries_error = ENOMEM;
	fake.entries_errors = 9;
	assert_int_equal(peek(&got), -ENOMEM);
	assert_int_equal(fake.entries, 1);
}

static void test_garbage(void **state)
{
	static const uint16_t offsets[] = { 0, 1, sizeof(struct ipt_entry) - 1, UINT16_MAX };
	uint64_t got;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		for (size_t j = 0; j < COUNT_OF(offsets); j++) {
			fill(3);
			entry(i)->next_offset = offsets[j];
			assert_int_equal(peek(&got), -EPROTO);
		}
	}
	/* The last one ends beyond the table, or before its end. */
	fill(3);
	entry(2)->next_offset++;
	assert_int_equal(peek(&got), -EPROTO);
	fill(3);
	entry(2)->next_offset--;
	assert_int_equal(peek(&got), -EPROTO);
}

/* Each of the tables counts, and the one that is not loaded is not asked. */
static void test_families(void **state)
{
	struct ip6t_entry *first = (void *)fake6.bytes;
	uint64_t ip = print(), both, only6;

	(void)state;
	assert_int_equal(fake6.infos, 0);
	put(TABLES6, "nat\n");
	both = print();
	assert_int_not_equal(both, ip);
	first->counters = (struct xt_counters){ .pcnt = 7, .bcnt = 4711 };
	assert_int_equal(print(), both);
	first->ipv6.dst.s6_addr[15]++;
	assert_int_not_equal(print(), both);
	first->ipv6.dst.s6_addr[15]--;
	entry(0)->ip.dst.s_addr++;
	assert_int_not_equal(print(), both);
	entry(0)->ip.dst.s_addr--;
	assert_int_equal(print(), both);
	assert_int_equal(fake.sockets, 1); /* one for all looks */
	assert_int_equal(fake6.sockets, 1);

	put(TABLES, "");
	fake.infos = 0;
	only6 = print();
	assert_int_not_equal(only6, both);
	assert_int_not_equal(only6, ip);
	assert_int_equal(fake.infos, 0);
}

static void test_cannot_look_ip6(void **state)
{
	uint64_t got;

	(void)state;
	put(TABLES6, "nat\n");
	fake6.socket_error = EAFNOSUPPORT;
	assert_int_equal(peek(&got), -EAFNOSUPPORT);
	fake6.socket_error = 0;
	((struct ip6t_entry *)(void *)fake6.bytes)->next_offset = sizeof(struct ip6t_entry) - 1;
	assert_int_equal(peek(&got), -EPROTO);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_stable),	    TEST(test_changes), TEST(test_limits),
		TEST(test_odd_size),	    TEST(test_race),	TEST(test_not_loaded),
		TEST(test_cannot_look),	    TEST(test_garbage), TEST(test_families),
		TEST(test_cannot_look_ip6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
