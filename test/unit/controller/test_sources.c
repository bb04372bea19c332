// SPDX-License-Identifier: GPL-2.0-or-later
#include "desk_rig.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <uv.h>

#include <ezlb/duration.h>

#include "own_net.h"

#define DEADLINE_MS 60000

static struct ezlb_status folded;
static struct desk_parts parts;

static void test_the_process(void **state)
{
	char host[65] = "";
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	parts_open(&parts, &rig);
	gethostname(host, sizeof(host) - 1);
	sources_status(&parts.sources, START_MS, 5000, &folded);
	assert_string_equal(folded.dataplane, "memory");
	assert_string_equal(folded.snat_backend, "iptables");
	assert_string_equal(folded.host, host);
	assert_int_equal(folded.pid, getpid());
	assert_int_equal(folded.watch, EZLB_WATCH_POLL);
	assert_null(folded.sandbox);
	ezlb_status_clear(&folded);
	parts.sources.sandbox = &(struct sandbox){ .state = "partial", .error = "no seccomp" };
	parts.options.dataplane = EZLB_DP_KERNEL;
	parts.plane.snat = EZLB_SNAT_NFTABLES;
	sources_status(&parts.sources, START_MS, 5000, &folded);
	assert_string_equal(folded.dataplane, "kernel");
	assert_string_equal(folded.snat_backend, "nftables");
	assert_string_equal(folded.sandbox, "partial");
	assert_string_equal(folded.sandbox_error, "no seccomp");
	ezlb_status_clear(&folded);
	rig_close(&rig);
}

/* --- verdicts ------------------------------------------------------------------------------ */

static uv_loop_t loop;
static unsigned changes;

static void on_change(void *arg)
{
	(void)arg;
	changes++;
}

static void on_deadline(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

static void run_until_changed(unsigned n)
{
	bool late = false;
	uv_timer_t deadline = { .data = &late };

	uv_timer_init(&loop, &deadline);
	uv_timer_start(&deadline, on_deadline, DEADLINE_MS, 0);
	while (changes < n && !late)
		uv_run(&loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&deadline, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_false(late);
}

/* A port of OWN_ADDRESS on which somebody listens, or nobody. */
static int open_port(uint16_t *port, bool listens)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	addr.sin_addr.s_addr = inet_addr(OWN_ADDRESS);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	if (listens)
		assert_int_equal(listen(fd, 8), 0);
	*port = ntohs(addr.sin_port);
	return fd;
}

static void assert_backends(const struct ezlb_status *status, const struct ezlb_verdicts *verdicts,
			    int64_t wall_less_clock)
{
	for (size_t i = 0; i < status->backends.len; i++) {
		const struct ezlb_status_backend *backend = &status->backends.items[i];
		struct ezlb_verdict_row key = { .service = "web", .backend = backend->address };
		const struct ezlb_verdict_row *row;

		row = EZLB_FIND(verdicts, &key, ezlb_verdict_row_cmp);
		assert_non_null(row);
		assert_true(backend->checked && backend->probed);
		assert_int_equal(backend->verdict, i == 0 ? EZLB_UP : EZLB_DOWN);
		assert_int_equal(backend->outcome,
				 i == 0 ? EZLB_PROBE_OK : EZLB_PROBE_CONNECT_REFUSED);
		assert_int_equal(backend->latency_us, row->latency_us);
		assert_int_not_equal(row->since_ms, 0);
		assert_int_equal(backend->since_ms, (int64_t)row->since_ms + wall_less_clock);
	}
}

static void put_checked(struct view_rig *rig, struct ezlb_health *health)
{
	EZLB_AUTO_FREE char *text = NULL;
	struct ezlb_health_rows rows = { 0 };
	uint16_t up, down;
	int up_fd = open_port(&up, true), down_fd = open_port(&down, false);

	text = ezlb_asprintf(HEAD("1") "health_check: {interval: 1s, timeout: 900ms, fail_count: "
				       "1}\nbackends:\n  - address: " OWN_ADDRESS ":%u\n"
				       "  - address: " OWN_ADDRESS ":%u\n",
			     up, down);
	rig_web(rig, text);
	ezlb_catalog_health_rows(&rig->catalog.desired, &rows);
	assert_int_equal(rows.len, 2);
	ezlb_health_set(health, &rows, NULL);
	EZLB_VEC_CLEAR(&rows);
	ezlb_status_clear(&folded);
	sources_status(&parts.sources, START_MS, 5000, &folded);
	assert_int_equal(folded.backends.items[0].verdict, EZLB_UNKNOWN);
	assert_false(folded.backends.items[0].probed);
	run_until_changed(2);
	close(up_fd);
	close(down_fd);
}

static void test_verdicts(void **state)
{
	const struct ezlb_health_options options = { .on_verdict = NULL };
	struct ezlb_verdicts verdicts = { 0 };
	struct ezlb_health *health;
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	parts_open(&parts, &rig);
	uv_loop_init(&loop);
	changes = 0;
	assert_int_equal(ezlb_health_open(&loop, &options, on_change, NULL, &health, NULL), 0);
	parts.sources.health = health;
	put_checked(&rig, health);
	ezlb_health_verdicts(health, &verdicts);
	ezlb_status_clear(&folded);
	sources_status(&parts.sources, START_MS, 5000, &folded);
	assert_backends(&folded, &verdicts, START_MS - 5000);
	assert_int_equal(folded.services.items[0].n_serving, 1);
	assert_int_equal(folded.targets, 2);
	assert_int_equal(folded.overdue, 0);
	assert_int_equal(folded.probes[EZLB_PROBE_OK], 1);
	assert_int_equal(folded.probes[EZLB_PROBE_CONNECT_REFUSED], 1);
	assert_int_equal(ezlb_histogram_count(&folded.probe_duration), 2);
	ezlb_health_close(health, NULL, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	EZLB_VEC_CLEAR(&verdicts);
	ezlb_status_clear(&folded);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_the_process),
		IN_TOP(test_verdicts),
	};

	if (!own_net()) {
		perror("a network namespace of its own");
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
