// SPDX-License-Identifier: GPL-2.0-or-later
#include "view_rig.h"

static struct ezlb_status folded;

static const struct ezlb_status *fold_now(const struct view_rig *rig)
{
	ezlb_status_clear(&folded);
	rig_status(rig, &folded);
	return &folded;
}

static void close_rig(struct view_rig *rig)
{
	ezlb_status_clear(&folded);
	rig_close(rig);
}

static void assert_endpoint(const struct ezlb_endpoint *endpoint, const char *text)
{
	char buf[EZLB_ENDPOINT_STRLEN];

	assert_string_equal(ezlb_endpoint_format(endpoint, buf), text);
}

/* --- the process --------------------------------------------------------------------------- */

static void test_nothing_yet(void **state)
{
	const struct ezlb_status *status;
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	status = fold_now(&rig);
	assert_string_equal(status->version, EZLB_VERSION);
	assert_string_equal(status->dataplane, "memory");
	assert_string_equal(status->snat_backend, "iptables");
	assert_string_equal(status->host, "lb1");
	assert_int_equal(status->pid, 4711);
	assert_int_equal(status->now_ms, START_MS);
	assert_int_equal(status->started_ms, START_MS);
	assert_false(status->ready);
	assert_has(status->not_ready, "ezlb has not read the kernel yet");
	assert_int_equal(status->watch, EZLB_WATCH_POLL);
	assert_int_equal(status->conntrack_entries, -1);
	assert_int_equal(status->conntrack_max, -1);
	assert_int_equal(status->events[EZLB_EVENT_STARTED], 1);
	assert_int_equal(status->revision_ms, 0);
	assert_int_equal(status->drain.kind, EZLB_NODE_SERVES);
	assert_int_equal(status->services.len + status->files.len + status->dirs.len, 0);
	rig.facts.dataplane = "kernel";
	rig.facts.watch = EZLB_WATCH_INOTIFY;
	status = fold_now(&rig);
	assert_string_equal(status->dataplane, "kernel");
	assert_int_equal(status->watch, EZLB_WATCH_INOTIFY);
	close_rig(&rig);
}

static void test_files_and_passes(void **state)
{
	const struct ezlb_status *status;
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_dir(&rig, "/d", NULL);
	rig_dir(&rig, "/e", "Permission denied");
	rig.next.dirs.items[0].configmap = true;
	rig.now += 1000;
	rig_web(&rig, PLAIN("1"));
	rig.now += 1000;
	rig_settle(&rig);
	rig.now += 1000;
	faulty_table(rig.memory)->dests.len--;
	faulty_fault(rig.memory, EZLB_LAYER_IPVS, 1, ENOMEM);
	rig_pass(&rig);
	status = fold_now(&rig);
	assert_int_equal(status->reloads, 1);
	assert_false(status->last_reload_ok);
	assert_int_equal(status->last_reload_ms, START_MS + 1000);
	assert_int_equal(status->last_reload_ok_ms, 0);
	assert_int_equal(status->passes, 3);
	assert_int_equal(status->pass_errors, 1);
	assert_int_equal(status->last_pass_ms, START_MS + 3000);
	assert_int_equal(status->last_ok_ms, START_MS + 2000);
	assert_int_equal(status->failing_since_ms, START_MS + 3000);
	assert_has(status->pass_error, "dest-add ");
	assert_true(status->ready);
	assert_string_equal(status->not_ready, "");
	assert_int_equal(ezlb_histogram_count(&status->pass_duration), 3);
	assert_int_equal(status->repairs[EZLB_OP_DEST_DEL], 1);
	assert_int_equal(status->events[EZLB_EVENT_REPAIRED], 1);
	assert_int_equal(status->dirs.len, 2);
	assert_string_equal(status->dirs.items[0].path, "/d");
	assert_true(status->dirs.items[0].configmap);
	assert_null(status->dirs.items[0].problem);
	assert_string_equal(status->dirs.items[1].problem, "Permission denied");
	close_rig(&rig);
}

static void test_revision(void **state)
{
	const struct ezlb_status *status;
	struct view_rig rig;
	uint64_t first;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, PLAIN("1"));
	status = fold_now(&rig);
	first = status->revision;
	assert_int_equal(first, ezlb_catalog_revision(&rig.catalog));
	assert_int_equal(status->revision_ms, START_MS);
	/* The same again, and a refused file, change nothing. */
	rig.now += 1000;
	rig_web(&rig, PLAIN("1"));
	rig_web(&rig, BROKEN);
	status = fold_now(&rig);
	assert_int_equal(status->revision, first);
	assert_int_equal(status->revision_ms, START_MS);
	rig.now += 1000;
	rig_web(&rig, PLAIN("2"));
	status = fold_now(&rig);
	assert_int_not_equal(status->revision, first);
	assert_int_equal(status->revision_ms, START_MS + 2000);
	close_rig(&rig);
}

/* --- services ------------------------------------------------------------------------------ */

#define SIX                                                                        \
	"name: six\nlisten: \"[fd00::1]:443\"\nprotocol: udp\nscheduler: sh\n"     \
	"full_nat: true\nsnat_ip: fd00::3-fd00::6\ntraffic_log: true\n" NO_CHECK   \
	"backends:\n  - address: \"[fd00::11]:443\"\n    weight: 3\n  - address: " \
	"\"[fd00::12]:443\"\n    weight: 0\n"

static void test_a_service(void **state)
{
	const struct ezlb_status_service *six;
	const struct ezlb_status *status;
	const struct ezlb_status_backend *backends;
	char range[EZLB_RANGE_STRLEN];
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, SIX);
	rig_settle(&rig);
	status = fold_now(&rig);
	assert_int_equal(status->services.len, 1);
	six = &status->services.items[0];
	assert_string_equal(six->name, "six");
	assert_string_equal(six->file, "/d/web.yaml");
	assert_int_equal(six->line, 2);
	assert_true(six->applied);
	assert_int_equal(six->n_listeners, 1);
	assert_int_equal(status->listeners.items[six->first_listener].of.proto, EZLB_UDP);
	assert_endpoint(&status->listeners.items[six->first_listener].of.listen, "[fd00::1]:443");
	assert_string_equal(six->scheduler, "sh");
	assert_int_equal(six->forward, EZLB_MASQ);
	assert_true(six->full_nat);
	assert_string_equal(ezlb_range_format(&six->snat_ip, range), "fd00::3-fd00::6");
	assert_int_equal(six->check.type, EZLB_CHECK_NONE);
	assert_true(six->traffic_log);
	assert_int_equal(six->observed_hash, ezlb_hash(SIX, strlen(SIX)));
	assert_int_equal(six->applied_hash, six->observed_hash);
	assert_int_equal(six->n_backends, 2);
	assert_int_equal(six->n_serving, 1); /* the other has weight 0 */
	assert_int_equal(six->state, EZLB_STATE_OK);
	assert_int_equal(six->conditions[EZLB_PROGRAMMED].since_ms, START_MS);
	assert_false(six->counted);
	assert_int_equal(six->snat_connections, -1);
	backends = &status->backends.items[six->first];
	assert_endpoint(&backends[0].address, "[fd00::11]:443");
	assert_int_equal(backends[0].line, 10);
	assert_int_equal(backends[0].weight, 3);
	assert_int_equal(backends[0].kernel_weight, 3);
	assert_false(backends[0].checked);
	assert_int_equal(backends[0].verdict, EZLB_UP);
	assert_false(backends[0].probed);
	assert_int_equal(backends[0].since_ms, 0);
	assert_int_equal(backends[1].kernel_weight, -1); /* udp: with weight 0 it is no dest */
	assert_false(backends[1].counted);
	close_rig(&rig);
}

/* What the kernel has is known after a pass that had nothing to do. */
#define TOLD                                                                            \
	"listen: 10.0.0.1:80\nfull_nat: true\nsnat_ip: 10.0.0.9\nclient_address: toa\n" \
	"connection_log: true\n" NO_CHECK "backends: [{address: '10.1.0.1:80'}]\n"

/* As a survey finds them. */
static void use_ports(struct view_rig *rig, const char *source, bool dest)
{
	const struct ezlb_spec *spec = rig->catalog.desired.items[0];
	struct ezlb_ports found = { 0 };
	const struct ezlb_view_survey survey = { .ports = &found };
	struct ezlb_ports_row *row = EZLB_PUSH(&found);

	row->service = ezlb_spec_key(spec);
	assert_int_equal(ezlb_range_parse(source, &row->source, NULL), 0);
	if (dest)
		row->backend = spec->backends[0].endpoint;
	row->used = 7;
	ezlb_view_survey(&rig->view, &rig->catalog, &survey, rig->now);
	EZLB_VEC_CLEAR(&found);
}

static void test_full_nat(void **state)
{
	const struct ezlb_status_service *web;
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, TOLD);
	rig_settle(&rig);
	web = fold_now(&rig)->services.items;
	assert_int_equal(web->client_address, EZLB_CLIENT_ADDRESS_TOA);
	assert_int_equal(web->conditions[EZLB_CLIENT_ADDRESS].reason, EZLB_REASON_ADDED);
	assert_true(web->connection_log);
	assert_false(web->ports_known);
	use_ports(&rig, "10.0.0.9", false); /* no dest yet */
	assert_false(fold_now(&rig)->services.items[0].ports_known);
	use_ports(&rig, "10.0.0.8", true); /* the file has changed since */
	assert_false(fold_now(&rig)->services.items[0].ports_known);
	use_ports(&rig, "10.0.0.9", true);
	web = fold_now(&rig)->services.items;
	assert_true(web->ports_known);
	assert_int_equal(web->ports.used, 7);
	ezlb_strcpy(faulty_table(rig.memory)->toa_problem, EZLB_TOA_PROBLEM_STRLEN, "no BTF");
	rig_pass(&rig);
	web = fold_now(&rig)->services.items;
	assert_int_equal(web->conditions[EZLB_CLIENT_ADDRESS].reason, EZLB_REASON_UNSUPPORTED);
	assert_int_equal(web->state, EZLB_STATE_OK);
	close_rig(&rig);
}

static void test_weight_in_the_kernel(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, PLAIN("1"));
	assert_int_equal(fold_now(&rig)->backends.items[0].kernel_weight, -1);
	rig_pass(&rig);
	assert_int_equal(fold_now(&rig)->backends.items[0].kernel_weight, -1);
	rig_pass(&rig);
	assert_int_equal(fold_now(&rig)->backends.items[0].kernel_weight, 1);
	rig_web(&rig, PLAIN("1") "  - address: 10.1.0.3:80\n");
	assert_int_equal(fold_now(&rig)->backends.items[1].kernel_weight, 1);
	assert_int_equal(fold_now(&rig)->backends.items[2].kernel_weight, -1);
	rig_pass(&rig);
	assert_int_equal(fold_now(&rig)->backends.items[0].kernel_weight, -1);
	close_rig(&rig);
}

/* --- roles --------------------------------------------------------------------------------- */

static void add_role(struct view_rig *rig, const char *backend, enum ezlb_role role, bool removed)
{
	struct ezlb_view_role *to = EZLB_PUSH(&rig->view.services.items[0].roles);

	assert_int_equal(ezlb_endpoint_parse(backend, &to->backend, NULL), 0);
	to->role = role;
	to->removed = removed;
	to->weight = ezlb_role_has_dest(role) && role != EZLB_ROLE_DRAINING;
	to->full = 10;
	to->cause = EZLB_DRAIN_REMOVED;
	to->active = role == EZLB_ROLE_DRAINING ? 12 : 0;
	to->until_ms = role == EZLB_ROLE_DRAINING ? rig_clock(rig) + 30000 : 0;
}

static void test_roles(void **state)
{
	const struct ezlb_status_backend *backends;
	const struct ezlb_status *status;
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, PLAIN("1"));
	rig.catalog.entries.items[0].last->backends[1].fallback = true;
	status = fold_now(&rig);
	assert_false(status->backends.items[0].placed);
	assert_int_equal(status->services.items[0].n_serving, 1);
	assert_int_equal(status->services.items[0].n_wanted, 1);
	add_role(&rig, "10.1.0.1:80", EZLB_ROLE_OUT, false);
	add_role(&rig, "10.1.0.2:80", EZLB_ROLE_FALLBACK, false);
	add_role(&rig, "10.1.0.9:80", EZLB_ROLE_DRAINING, true);
	status = fold_now(&rig);
	assert_int_equal(status->services.items[0].n_backends, 3);
	assert_int_equal(status->services.items[0].n_serving, 1);
	assert_int_equal(status->services.items[0].n_wanted, 2);
	backends = status->backends.items;
	assert_true(backends[0].placed);
	assert_int_equal(backends[0].role, EZLB_ROLE_OUT);
	assert_int_equal(backends[0].until_ms, 0);
	assert_true(backends[1].fallback);
	assert_false(backends[1].removed);
	assert_int_equal(backends[1].dest_weight, 1);
	assert_int_equal(backends[1].dest_full, 10);
	assert_endpoint(&backends[2].address, "10.1.0.9:80");
	assert_true(backends[2].removed);
	assert_int_equal(backends[2].line, 0);
	assert_false(backends[2].checked);
	assert_int_equal(backends[2].role, EZLB_ROLE_DRAINING);
	assert_int_equal(backends[2].open, 12);
	assert_int_equal(backends[2].until_ms, rig.now + 30000);
	/* It is back in the file, and no pass has been made since: not twice. */
	rig.view.services.items[0].roles.items[1].removed = true;
	assert_int_equal(fold_now(&rig)->services.items[0].n_backends, 3);
	rig.view.services.items[0].roles.items[1].removed = false;
	/* Without a health check it counts as up, but no dest of it takes connections. */
	rig.view.services.items[0].roles.items[1].role = EZLB_ROLE_STANDBY;
	rig.view.services.items[0].roles.items[1].weight = 0;
	assert_int_equal(fold_now(&rig)->services.items[0].n_serving, 0);
	rig.view.services.items[0].roles.items[0].role = EZLB_ROLE_FAIL_OPEN;
	rig.view.services.items[0].roles.items[0].weight = 1;
	rig.view.services.items[0].roles.items[1].role = EZLB_ROLE_STANDBY;
	rig.view.services.items[0].roles.items[1].weight = 0;
	status = fold_now(&rig);
	assert_int_equal(status->services.items[0].n_serving, 1);
	assert_int_equal(status->services.items[0].n_wanted, 1);
	close_rig(&rig);
}

/* By name, then by file; and the backends of each are where it says. */
static void test_order(void **state)
{
	static const struct {
		const char *name, *file, *first;
	} want[] = {
		{ "alpha", "/d/z.yaml", "10.9.0.1:80" }, { "gone", "/d/gone.yaml", NULL },
		{ "m", "/d/m.yaml", "10.1.0.1:80" },	 { "zeta", "/d/a.yaml", "10.8.0.1:80" },
		{ "zeta", "/d/b.yaml", NULL },
	};
	const struct ezlb_status *status;
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_file(&rig, "/d/a.yaml",
		 "name: zeta\n" HEAD("1") NO_CHECK "backends:\n  - address: 10.8.0.1:80\n");
	rig_file(&rig, "/d/b.yaml", "name: zeta\n" PLAIN("4"));
	rig_file(&rig, "/d/gone.yaml", NULL);
	rig_file(&rig, "/d/m.yaml", PLAIN("3"));
	rig_file(&rig, "/d/z.yaml",
		 "name: alpha\n" HEAD("2") NO_CHECK "backends:\n  - address: 10.9.0.1:80\n");
	rig_files(&rig);
	rig_settle(&rig);
	status = fold_now(&rig);
	assert_int_equal(status->services.len, COUNT_OF(want));
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		const struct ezlb_status_service *service = &status->services.items[i];

		assert_string_equal(service->name, want[i].name);
		assert_string_equal(service->file, want[i].file);
		assert_int_equal(service->applied, want[i].first != NULL);
		assert_int_equal(service->n_backends > 0, want[i].first != NULL);
		if (want[i].first)
			assert_endpoint(&status->backends.items[service->first].address,
					want[i].first);
	}
	assert_int_equal(status->services.items[0].state, EZLB_STATE_OK);
	assert_int_equal(status->services.items[1].state, EZLB_STATE_REFUSED);
	assert_int_equal(status->services.items[4].state, EZLB_STATE_CONFLICT);
	assert_int_equal(status->services.items[1].observed_hash, 0);
	assert_int_not_equal(status->services.items[4].observed_hash, 0);
	assert_int_equal(status->services.items[1].line, 1);
	for (size_t i = 1; i < status->files.len; i++)
		assert_true(strcmp(status->files.items[i - 1].path, status->files.items[i].path) <
			    0);
	close_rig(&rig);
}

static void test_files_and_diagnostics(void **state)
{
	const struct ezlb_status_file *files;
	const struct ezlb_status *status;
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, PLAIN("1"));
	rig_file(&rig, "/d/a.yaml", PLAIN("2"));
	rig_file(&rig, "/d/b.yaml", NULL);
	rig_web(&rig, "colour: red\nscheduler: wr\n" PLAIN("1"));
	status = fold_now(&rig);
	files = status->files.items;
	assert_int_equal(status->files.len, 3);
	assert_int_equal(files[0].state, EZLB_FILE_OK);
	assert_true(files[0].applied);
	assert_int_equal(files[0].n_diags, 0);
	assert_int_equal(files[1].state, EZLB_FILE_UNREADABLE);
	assert_false(files[1].applied);
	assert_int_equal(files[1].n_diags, 1);
	assert_int_equal(status->diags.items[files[1].first].code, EZLB_E_READ);
	assert_int_equal(files[2].state, EZLB_FILE_REFUSED);
	assert_true(files[2].applied);
	assert_int_equal(files[2].n_diags, 2);
	assert_string_equal(status->diags.items[files[2].first].source, "colour: red");
	assert_string_equal(status->diags.items[files[2].first + 1].source, "scheduler: wr");
	assert_non_null(status->diags.items[files[2].first + 1].help);
	assert_int_equal(status->diags.len, 3);
	/* The status has copies of its own. */
	rig_web(&rig, PLAIN("1"));
	assert_string_equal(status->diags.items[files[2].first].source, "colour: red");
	assert_string_equal(files[2].path, "/d/web.yaml");
	close_rig(&rig);
}

/* --- the summary --------------------------------------------------------------------------- */

/* What the view says of itself is what is said of a whole status of it. */
static const char *summary_of(const struct view_rig *rig)
{
	static char got[EZLB_MESSAGE_STRLEN];
	char want[EZLB_MESSAGE_STRLEN];

	ezlb_view_summary(&rig->view, rig_clock(rig), got, sizeof(got));
	ezlb_status_summary(fold_now(rig), want, sizeof(want));
	assert_string_equal(got, want);
	return got;
}

static void down(struct view_rig *rig, const char *service)
{
	rig_verdict(rig, service, "10.1.0.1:80", EZLB_DOWN);
	rig_verdict(rig, service, "10.1.0.2:80", EZLB_DOWN);
}

static void test_summary(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	assert_has(summary_of(&rig), "not ready: ");
	rig_file(&rig, "/d/a.yaml", BROKEN);
	rig_file(&rig, "/d/b.yaml", "name: zoo\n" CHECKED("2"));
	rig_file(&rig, "/d/c.yaml", "name: ant\n" CHECKED("3"));
	rig_file(&rig, "/d/d.yaml", NULL);
	rig_files(&rig);
	down(&rig, "zoo");
	down(&rig, "ant");
	rig_settle(&rig);
	assert_string_equal(summary_of(&rig),
			    "2 services, 2 files refused (a.yaml:1 and 1 more), 2 down "
			    "(ant and 1 more)");
	rig_file(&rig, "/d/b.yaml", "name: zoo\n" BROKEN);
	rig_file(&rig, "/d/c.yaml", "name: ant\n" PLAIN("3"));
	rig_file(&rig, "/d/d.yaml", NULL);
	rig_files(&rig);
	rig_settle(&rig);
	assert_string_equal(summary_of(&rig),
			    "2 services, 2 files refused (b.yaml:2 and 1 more), 1 down "
			    "(zoo)");
	assert_true(ezlb_view_conntrack(&rig.view, 96, 100, 1));
	assert_has(summary_of(&rig), "conntrack table 96% full; 2 services, ");
	close_rig(&rig);
}

/* A report with all errors of thousands of files would hold the loop. */
static void test_very_many_diagnostics(void **state)
{
	const struct ezlb_status *status;
	struct view_rig rig;
	enum { FILES = 800 }; /* with 3 errors each */

	(void)state;
	rig_open(&rig);
	for (int i = 0; i < FILES; i++) {
		EZLB_AUTO_FREE char *path = ezlb_asprintf("/d/%04d.yaml", i);

		rig_file(&rig, path, "colour: red\nshape: round\nsize: large\n" PLAIN("1"));
	}
	rig_files(&rig);
	assert_int_equal(rig.catalog.diags.len, FILES * 3);
	status = fold_now(&rig);
	assert_int_equal(status->diags.len, FILES);
	for (size_t i = 0; i < FILES; i++) {
		assert_int_equal(status->files.items[i].n_diags, 1);
		assert_int_equal(status->files.items[i].first, i);
		assert_string_equal(status->diags.items[i].source, "colour: red");
	}
	close_rig(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_nothing_yet),
		IN_TOP(test_summary),
		IN_TOP(test_files_and_passes),
		IN_TOP(test_revision),
		IN_TOP(test_a_service),
		IN_TOP(test_full_nat),
		IN_TOP(test_weight_in_the_kernel),
		IN_TOP(test_order),
		IN_TOP(test_roles),
		IN_TOP(test_files_and_diagnostics),
		IN_TOP(test_very_many_diagnostics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
