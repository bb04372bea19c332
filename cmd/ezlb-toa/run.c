// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include <ezlb/log.h>
#include <ezlb/utf8.h>

#include "cgroup.h"
#include "find.h"
#include "pins.h"
#include "report.h"
#include "run.h"
#include "sys.h"

#define CHECK_S 2 /* how often `run` looks whether its programs are attached */

int run_fail(int status, const struct ezlb_err *err)
{
	char text[sizeof(err->msg)];

	ezlb_strcpy(text, sizeof(text), err->msg);
	ezlb_utf8_plain(text, false);
	fprintf(stderr, "ezlb-toa: %s\n", text);
	return status;
}

int run_print(int status, struct ezlb_text *text)
{
	EZLB_AUTO_FREE char *bytes = ezlb_text_take(text, &(size_t){ 0 });

	if (fputs(bytes, stdout) >= 0 && fflush(stdout) == 0)
		return status;
	fprintf(stderr, "ezlb-toa: cannot write to stdout: %s\n", ezlb_errno_str(errno));
	return 1;
}

static void say(enum ezlb_log_level level, const char *what, const struct args *args,
		uint64_t cgroup_id)
{
	EZLB_AUTO_FREE char *root = args->cgroup ? NULL : cgroup_path(cgroup_id);
	struct ezlb_text text = { 0 };
	EZLB_AUTO_FREE char *from = NULL;

	for (size_t i = 0; i < args->from.len; i++) {
		ezlb_text_puts(&text, i > 0 ? "," : "");
		from_format(&args->from.items[i], &text);
	}
	from = ezlb_text_take(&text, &(size_t){ 0 });
	ezlb_log(level, "toa", EZLB_S("msg", what),
		 EZLB_S("cgroup", args->cgroup ? args->cgroup : root), EZLB_S("from", from));
}

/* Two at one cgroup would believe what either of them believes. */
static int open_free_cgroup(const struct args *args, uint64_t *id, struct ezlb_err *err)
{
	int cgroup = cgroup_open(args->cgroup, id, err);

	if (cgroup < 0 || !find_running(*id))
		return cgroup;
	ezlb_close_fd(&cgroup);
	return ezlb_err_set(
		err, EBUSY,
		"a running ezlb-toa is attached to this cgroup, or one that is pinned in "
		"the /sys/fs/bpf of a container; stop that one first (`ezlb-toa status` "
		"shows it)");
}

static bool is_pinned_at(uint64_t cgroup_id)
{
	for (enum set_program program = 0; program < PROGRAMS; program++) {
		EZLB_AUTO_CLOSE int link = pins_open_link(program);
		struct bpf_link_info info;

		if (link >= 0 && sys_link_info(link, &info) == 0 &&
		    info.cgroup.cgroup_id == cgroup_id)
			return true;
	}
	return false;
}

static bool are_pinned_at(uint64_t cgroup_id)
{
	for (enum set_program program = 0; program < PROGRAMS; program++) {
		EZLB_AUTO_CLOSE int link = pins_open_link(program);
		struct bpf_link_info info;

		if (link < 0 || sys_link_info(link, &info) < 0 ||
		    info.cgroup.cgroup_id != cgroup_id)
			return false;
	}
	return true;
}

static int attach(const struct args *args, uint64_t *id, bool *updated, struct ezlb_err *err)
{
	EZLB_AUTO_CLOSE int cgroup = open_free_cgroup(args, id, err);

	return cgroup < 0 ? cgroup : pins_attach(&args->from, cgroup, *id, updated, err);
}

int run_attach(const struct args *args)
{
	struct ezlb_err err = { 0 };
	bool updated = false;
	uint64_t id;

	if (attach(args, &id, &updated, &err) < 0)
		return run_fail(1, &err);
	say(EZLB_INFO, updated ? "attached again" : "attached", args, id);
	return 0;
}

int run_detach(const struct args *args)
{
	struct ezlb_err err = { 0 };
	bool removed;

	(void)args;
	if (pins_detach(&removed, &err) < 0)
		return run_fail(1, &err);
	ezlb_log(EZLB_INFO, "toa",
		 EZLB_S("msg", removed ? "detached" : "nothing was attached by `ezlb-toa attach`"));
	return 0;
}

int run_status(const struct args *args)
{
	struct receivers receivers = { 0 };
	struct ezlb_text text = { 0 };
	struct ezlb_err err = { 0 };
	int status = 1;

	if (find_receivers(&receivers, &err) < 0) {
		run_fail(status, &err);
	} else {
		(args->json ? report_json : report_text)(&receivers, &text);
		status = run_print(report_sound(&receivers) ? 0 : 1, &text);
	}
	receivers_clear(&receivers);
	return status;
}

/* Signals wait until sigtimedwait() takes them. */
static void block_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGHUP);
	sigprocmask(SIG_BLOCK, signals, NULL);
}

/* True: a signal wants the end. False: it is time to look. */
static bool wait_for_end(const sigset_t *signals)
{
	const struct timespec limit = { .tv_sec = CHECK_S };

	return sigtimedwait(signals, NULL, &limit) > 0;
}

/* The programs of a cgroup that is removed go with it. */
static bool is_alive(const struct set *set)
{
	for (int i = 0; i < PROGRAMS; i++) {
		struct bpf_link_info info;

		if (sys_link_info(set->links[i], &info) < 0 || info.cgroup.cgroup_id == 0)
			return false;
	}
	return true;
}

static int attach_set(struct set *set, const struct args *args, uint64_t *id, struct ezlb_err *err)
{
	EZLB_AUTO_CLOSE int cgroup = open_free_cgroup(args, id, err);

	if (cgroup < 0)
		return cgroup;
	if (is_pinned_at(*id))
		return ezlb_err_set(
			err, EBUSY,
			"`ezlb-toa attach` has attached it to this cgroup; use --pin, or "
			"`ezlb-toa detach` first");
	if (set_make_maps(set, err) < 0 || set_load(set, err) < 0 ||
	    set_believe(set, &args->from, err) < 0)
		return -err->code;
	for (enum set_program program = 0; program < PROGRAMS; program++) {
		set->links[program] = set_link(set, program, cgroup, err);
		if (set->links[program] < 0)
			return set->links[program];
	}
	return 0;
}

static int run_unpinned(const struct args *args, const sigset_t *signals)
{
	struct ezlb_err err = { 0 };
	struct set set;
	uint64_t id;
	int rc;

	set_init(&set);
	rc = attach_set(&set, args, &id, &err);
	if (rc == 0)
		say(EZLB_INFO, "attached until this process ends", args, id);
	while (rc == 0 && !wait_for_end(signals))
		if (!is_alive(&set))
			rc = ezlb_err_set(&err, ENOENT, "the cgroup was removed");
	set_close(&set);
	return rc < 0 ? run_fail(1, &err) : 0;
}

static int run_pinned(const struct args *args, const sigset_t *signals)
{
	struct ezlb_err err = { 0 };
	bool updated = false;
	uint64_t id;
	int rc = attach(args, &id, &updated, &err);

	if (rc == 0)
		say(EZLB_INFO, updated ? "attached again" : "attached", args, id);
	while (rc == 0 && !wait_for_end(signals)) {
		if (are_pinned_at(id))
			continue;
		say(EZLB_WARN, "somebody detached it; attaching again", args, id);
		rc = attach(args, &id, &updated, &err);
	}
	return rc < 0 ? run_fail(1, &err) : 0;
}

int run_run(const struct args *args)
{
	sigset_t signals;

	block_signals(&signals);
	return args->pin ? run_pinned(args, &signals) : run_unpinned(args, &signals);
}
