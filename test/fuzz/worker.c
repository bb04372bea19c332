// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon's side of the channel, with a worker in the hands of a stranger: three probes are
 * under way, of which one is cancelled, and two clients of the admin interface. Whatever the worker
 * says, each probe has one result, each client asks once at most, and the end of the worker ends
 * all.
 */
#include "records.h"
#include "tempdir.h"

#include <errno.h>
#include <sys/un.h>

#include <ezlb/log.h>
#include <ezlb/mem.h>

#include "pkg/api/server.h"
#include "pkg/health/probe.h"

#define PROBES	3
#define CLIENTS 2

struct world {
	uv_loop_t loop;
	struct ezlb_channel *channel;
	struct ezlb_prober *prober;
	struct ezlb_api *api;
	struct ezlb_check check;
	struct ezlb_probe *probes[PROBES];
	struct ezlb_api_request *requests[CLIENTS]; /* not answered yet */
	unsigned results, asked, lost;
	bool at_once; /* requests have their answers within the call */
	int clients[CLIENTS];
};

static void on_lost(void *arg, const char *why)
{
	struct world *world = arg;

	FUZZ_CHECK(!why || why[0]);
	world->lost++;
}

static void on_end(void *arg, const struct ezlb_probe_result *result)
{
	struct world *world = arg;

	world->results++;
	FUZZ_CHECK(world->results < PROBES && result->outcome < EZLB_OUTCOMES && result->code >= 0);
	FUZZ_CHECK(result->outcome != EZLB_PROBE_LOCAL_ERROR || result->code != ECANCELED);
}

static void answer(struct ezlb_api_request *request)
{
	struct ezlb_api_body *body = ezlb_api_body_static("ok\n", 3);

	ezlb_api_reply(request, 200, "text/plain", body);
	ezlb_api_body_unref(body);
}

static void on_request(void *arg, struct ezlb_api_request *request)
{
	struct world *world = arg;

	FUZZ_CHECK(world->asked < CLIENTS && ezlb_api_is_local(request));
	FUZZ_CHECK(ezlb_api_path(request)[0] == '/');
	if (world->at_once)
		answer(request);
	else
		world->requests[world->asked] = request;
	world->asked++;
}

static int dial(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", fuzz_at("admin.sock").s);
	FUZZ_CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	return fd;
}

static void open_api(struct world *world)
{
	struct fuzz_path path = fuzz_at("admin.sock");
	const struct ezlb_api_options options = { .socket_path = path.s,
						  .on_request = on_request,
						  .arg = world,
						  .channel = world->channel };

	ezlb_api_open(&world->loop, &options, &world->api);
	for (int i = 0; i < CLIENTS; i++)
		world->clients[i] = dial();
	while (world->api->clients.len < CLIENTS)
		uv_run(&world->loop, UV_RUN_ONCE);
}

static void start_probes(struct world *world)
{
	const struct ezlb_remote_options options = { .channel = world->channel };
	struct ezlb_probe_job job = { .check = &world->check };

	world->check.request = ezlb_request_new();
	world->check.request->path = ezlb_strdup("/");
	world->check.type = EZLB_CHECK_HTTP;
	world->check.timeout_ms = 60000;
	FUZZ_CHECK(ezlb_endpoint_parse("192.0.2.1:80", &job.target, NULL) == 0);
	FUZZ_CHECK(ezlb_prober_open(&world->loop, &world->prober, NULL) == 0);
	ezlb_prober_use(world->prober, &options);
	for (int i = 0; i < PROBES; i++)
		world->probes[i] = ezlb_probe_start(world->prober, &job, on_end, world);
	ezlb_probe_cancel(world->probes[PROBES - 1]);
}

static void on_closed(void *arg)
{
	*(bool *)arg = true;
}

static void close_all(struct world *world)
{
	bool closed = false;

	for (int i = 0; i < CLIENTS; i++) {
		if (world->requests[i])
			answer(world->requests[i]);
		close(world->clients[i]);
	}
	ezlb_api_close(world->api, NULL, NULL);
	ezlb_prober_close(world->prober, on_closed, &closed);
	ezlb_channel_close(world->channel);
	ezlb_request_unref(world->check.request);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	FUZZ_CHECK(closed && uv_loop_close(&world->loop) == 0);
}

/* A descriptor that nothing waits for. */
static int make_fd(enum ezlb_record_kind kind)
{
	(void)kind;
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world world = { .lost = 0 };
	struct fuzz_rest rest = { data, size };
	int pair[2];

	world.at_once = fuzz_byte(&rest) & 1;
	ezlb_log_setup(EZLB_ERROR, EZLB_LOGFMT);
	fuzz_make_top();
	fuzz_pair(pair);
	if (uv_loop_init(&world.loop) < 0)
		abort();
	ezlb_channel_open(&world.loop, on_lost, &world, &world.channel);
	FUZZ_CHECK(ezlb_channel_attach(world.channel, pair[0], NULL) == 0);
	start_probes(&world);
	open_api(&world);
	fuzz_send_records(pair[1], rest, make_fd);
	/* Not closed: the end of a socket with unread bytes would throw away what it has sent. */
	shutdown(pair[1], SHUT_WR);
	while (world.lost == 0)
		uv_run(&world.loop, UV_RUN_ONCE);
	close(pair[1]);
	FUZZ_CHECK(world.lost == 1 && world.results == PROBES - 1);
	FUZZ_CHECK(world.api->clients.len == 0);
	close_all(&world);
	return 0;
}
