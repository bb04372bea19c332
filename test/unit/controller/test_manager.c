// SPDX-License-Identifier: GPL-2.0-or-later
#include "desk_rig.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <ezlb/duration.h>

#include "desk.h"

#define DEADLINE_MS 60000
#define BEAT_MS	    20

/* The manager's socket, and ezlb's side of it on a loop. */
static int manager_fd;
static uv_loop_t loop;
static struct manager manager;
static struct view_rig rig;
static struct desk_parts parts;

static void listen_at(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct text path = at(name);

	manager_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(manager_fd >= 0);
	assert_true(ezlb_strcpy(addr.sun_path, sizeof(addr.sun_path), path.s));
	assert_int_equal(bind(manager_fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setenv("NOTIFY_SOCKET", path.s, 1);
}

/* What it was told next; "" where there is nothing. */
static const char *heard(void)
{
	static char text[1024];
	ssize_t n = recv(manager_fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static int setup(void **state)
{
	int rc = setup_top(state);

	rig_open(&rig);
	parts_open(&parts, &rig);
	uv_loop_init(&loop);
	listen_at("notify");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return rc;
}

static int teardown(void **state)
{
	manager_close(&manager);
	uv_run(&loop, UV_RUN_DEFAULT);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	close(manager_fd);
	rig_close(&rig);
	if (uv_loop_close(&loop) != 0)
		return -1;
	return teardown_top(state);
}

static void tell(void)
{
	manager_notify(&manager, &rig.view);
}

static void test_ready_once(void **state)
{
	(void)state;
	manager_open(&manager, &loop);
	rig_web(&rig, PLAIN("1"));
	assert_string_equal(heard(), "");
	rig_settle(&rig);
	tell();
	assert_string_equal(heard(), "READY=1\nSTATUS=1 service");
	tell();
	rig_pass(&rig);
	tell();
	assert_string_equal(heard(), "");
}

static void test_status_when_it_is_another(void **state)
{
	(void)state;
	manager_open(&manager, &loop);
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig);
	tell();
	heard();
	rig_file(&rig, "/d/api.yaml", BROKEN);
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig);
	tell();
	assert_string_equal(heard(), "STATUS=1 service, 1 file refused (api.yaml:1)");
	tell();
	assert_string_equal(heard(), "");
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig);
	tell();
	assert_string_equal(heard(), "STATUS=1 service");
}

static void test_reloading_and_ready_again(void **state)
{
	(void)state;
	manager_open(&manager, &loop);
	manager_reloading(&manager); /* it is not ready: it is reading them anyway */
	assert_string_equal(heard(), "");
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig);
	tell();
	heard();
	manager_reloading(&manager);
	assert_memory_equal(heard(), "RELOADING=1\nMONOTONIC_USEC=", 27);
	rig_pass(&rig);
	tell(); /* also where the status is as before */
	assert_string_equal(heard(), "READY=1\nSTATUS=1 service");
	tell();
	assert_string_equal(heard(), "");
}

static void test_stopping(void **state)
{
	(void)state;
	manager_open(&manager, &loop);
	manager_close(&manager);
	manager_close(&manager);
	assert_string_equal(heard(), "STOPPING=1");
	assert_string_equal(heard(), "");
}

/* Some beats, and none once it is closed. */
static void test_watchdog(void **state)
{
	uint64_t begin = ezlb_now_ms(), until = begin + DEADLINE_MS;
	int beats = 0;

	(void)state;
	setenv("WATCHDOG_USEC", "40000", 1); /* half of that is 20 ms */
	manager_open(&manager, &loop);
	while (beats < 4 && ezlb_now_ms() < until) {
		uv_run(&loop, UV_RUN_ONCE);
		while (strcmp(heard(), "WATCHDOG=1") == 0)
			beats++;
	}
	assert_true(beats >= 4 && beats <= 1 + (int)((ezlb_now_ms() - begin) / BEAT_MS));
	manager_close(&manager);
	assert_string_equal(heard(), "STOPPING=1");
	usleep(3 * BEAT_MS * 1000);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_string_equal(heard(), "");
}

static void test_no_watchdog(void **state)
{
	(void)state;
	manager_open(&manager, &loop);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_string_equal(heard(), "");
	assert_false(uv_is_active((uv_handle_t *)&manager.watchdog));
}

/* Nobody asked: nothing is made, nothing beats. */
static void test_no_manager(void **state)
{
	static const char *const names[] = { NULL, "" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (names[i])
			setenv("NOTIFY_SOCKET", names[i], 1);
		else
			unsetenv("NOTIFY_SOCKET");
		setenv("WATCHDOG_USEC", "40000", 1);
		manager_open(&manager, &loop);
		rig_pass(&rig);
		tell();
		manager_reloading(&manager);
		assert_false(manager.present || manager.ready || manager.reloading);
		assert_false(uv_is_active((uv_handle_t *)&manager.watchdog));
		manager_close(&manager);
		uv_run(&loop, UV_RUN_DEFAULT);
	}
	assert_string_equal(heard(), "");
}

/* One that has gone away holds up nothing. */
static void test_nobody_listens(void **state)
{
	(void)state;
	manager_open(&manager, &loop);
	assert_int_equal(unlink(at("notify").s), 0);
	rig_pass(&rig);
	tell();
	manager_reloading(&manager);
	tell();
	assert_true(manager.ready);
	assert_string_equal(heard(), "");
}

static void on_reload(void *arg)
{
	(void)arg;
}

/* The desk passes on what it is told: to the manager, and to the view as events. */
static void test_the_desk(void **state)
{
	static const enum ezlb_event_type want[] = {
		EZLB_EVENT_STARTED, EZLB_EVENT_RELOADED,   EZLB_EVENT_BACKEND_DOWN,
		EZLB_EVENT_FIGHT,   EZLB_EVENT_FIGHT_OVER,
	};
	const struct ezlb_health_change down = { .service = "web", .to = EZLB_DOWN };
	struct ezlb_pass_result result = { .outcome = { .flows = 0 } };
	const struct ezlb_op op = { .kind = EZLB_OP_SNAT_SETUP };
	struct desk desk = { .sources = parts.sources };

	(void)state;
	desk_open(&desk, &loop, on_reload, NULL);
	assert_ptr_equal(desk.sources.view, &desk.view);
	rig_file(&rig, "/d/web.yaml", "traffic_log: true\n" PLAIN("1"));
	rig_update(&rig);
	desk_files(&desk, &rig.next);
	assert_true(uv_is_active((uv_handle_t *)&desk.admin.traffic_timer));
	desk_verdict(&desk, &down);
	assert_string_equal(heard(), "");
	desk_pass(&desk, &rig.verdicts, &result, 3000000);
	assert_string_equal(heard(), "READY=1\nSTATUS=1 service");
	assert_int_equal(desk.view.pass_duration.n[2], 1); /* 3 ms */
	desk_reloading(&desk);
	assert_memory_equal(heard(), "RELOADING=1", 11);
	desk_fight(&desk, &op, "kube-proxy");
	desk_calm(&desk);
	desk_close(&desk);
	assert_string_equal(heard(), "STOPPING=1");
	uv_run(&loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < COUNT_OF(want); i++)
		assert_int_equal(ezlb_events_get(&desk.view.events, i + 1)->type, want[i]);
	assert_int_equal(desk.view.events.last, COUNT_OF(want));
	assert_string_equal(ezlb_events_get(&desk.view.events, 4)->message, "kube-proxy");
	desk_clear(&desk);
}

/* Before the first pass the manager is told nothing: that would say that ezlb is ready. */
static void test_the_desk_drains(void **state)
{
	const struct ezlb_node_drain drain = { .kind = EZLB_NODE_DRAINED, .since_ms = 1 };
	const struct ezlb_node_drain serves = { .kind = EZLB_NODE_SERVES };
	struct ezlb_pass_result result = { .outcome = { .flows = 0 } };
	struct desk desk = { .sources = parts.sources };

	(void)state;
	desk_open(&desk, &loop, on_reload, NULL);
	desk_drain(&desk, &drain);
	assert_string_equal(heard(), "");
	desk_pass(&desk, &rig.verdicts, &result, 3000000);
	assert_has(heard(), "READY=1\nSTATUS=not ready: this balancer drains: ");
	desk_drain(&desk, &serves);
	assert_string_equal(heard(), "STATUS=0 services");
	desk_drain(&desk, &drain);
	assert_has(heard(), "STATUS=not ready: this balancer drains: ");
	desk_close(&desk);
	uv_run(&loop, UV_RUN_DEFAULT);
	desk_clear(&desk);
}

static void test_a_desk_that_was_never_opened(void **state)
{
	struct desk desk = { .sources = { 0 } };

	(void)state;
	desk_close(&desk);
	desk_clear(&desk);
	assert_string_equal(heard(), "");
}

#define ON_LOOP(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_LOOP(test_ready_once),
		ON_LOOP(test_status_when_it_is_another),
		ON_LOOP(test_reloading_and_ready_again),
		ON_LOOP(test_stopping),
		ON_LOOP(test_watchdog),
		ON_LOOP(test_no_watchdog),
		ON_LOOP(test_no_manager),
		ON_LOOP(test_nobody_listens),
		ON_LOOP(test_the_desk),
		ON_LOOP(test_the_desk_drains),
		ON_LOOP(test_a_desk_that_was_never_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
