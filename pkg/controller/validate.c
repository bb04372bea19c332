// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/controller.h>

#include <errno.h>
#include <linux/ip_vs.h>
#include <sys/stat.h>

#include <ezlb/catalog.h>
#include <ezlb/duration.h>
#include <ezlb/obstacle.h>

#include "sources.h"

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* First the files of all directories, then the files that are arguments, in their order. */
static int look(const char *const *paths, size_t n, struct ezlb_snapshot *out, struct ezlb_err *err)
{
	EZLB_AUTO_FREE const char **dirs = ezlb_calloc(n, sizeof(*dirs));
	size_t n_dirs = 0;
	int rc;

	for (size_t i = 0; i < n; i++)
		if (is_dir(paths[i]))
			dirs[n_dirs++] = paths[i];
	rc = scan_dirs(dirs, n_dirs, out, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		if (!is_dir(paths[i]) && ezlb_scan_file(paths[i], out) < 0)
			return ezlb_err_set(err, ENOENT, "cannot read %s: there is no such file",
					    paths[i]);
	return 0;
}

/*
 * A warning and no error: the other service may be applied on another host only, where this one is
 * not, and then packets that arrive there are forwarded.
 */
static void warn_of_backends(const struct ezlb_spec *spec,
			     const struct ezlb_obstacle_listeners *listeners,
			     struct ezlb_diags *diags)
{
	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_backend *backend = &spec->backends[i];
		const struct ezlb_obstacle_listener *listener =
			ezlb_obstacle_find(listeners, spec, &backend->endpoint);
		char text[EZLB_OBSTACLE_STRLEN];
		struct ezlb_diag *diag;

		if (!listener)
			continue;
		ezlb_obstacle_listener(&backend->endpoint, 0, listener->name, text);
		diag = ezlb_diags_add(diags, spec->file, backend->at, EZLB_E_CHAIN, "%s", text);
		diag->warning = true;
		diag->help =
			ezlb_strdup("this can only work if the other service is on another host");
	}
}

/* The next probe then waits for the one that is running, and counts as overdue. */
static void warn_of_timeout(const struct ezlb_spec *spec, struct ezlb_diags *diags)
{
	const struct ezlb_check *check = &spec->check;
	char timeout[EZLB_DURATION_STRLEN], interval[EZLB_DURATION_STRLEN];
	bool silent = check->type == EZLB_CHECK_UDP && !check->request->answer.data;
	struct ezlb_diag *diag;

	if (check->type == EZLB_CHECK_NONE || check->timeout_ms <= check->interval_ms)
		return;
	ezlb_duration_format(check->timeout_ms, timeout);
	ezlb_duration_format(check->interval_ms, interval);
	diag = ezlb_diags_add(diags, spec->file, spec->timeout_at, EZLB_E_TIMEOUT,
			      "health_check.timeout %s is longer than interval %s: %s", timeout,
			      interval,
			      silent ? "without udp_expected each probe takes the whole timeout, "
				       "and the next one waits for it"
				     : "the next probe waits for one that gets no answer");
	diag->warning = true;
	diag->help = ezlb_asprintf("set timeout to %s or less, or interval to %s or more", interval,
				   timeout);
}

/* Right for protocols without answers. */
static void warn_of_answers(const struct ezlb_spec *spec, struct ezlb_diags *diags)
{
	struct ezlb_diag *diag;

	if (!(spec->flags & IP_VS_SVC_F_ONEPACKET) || spec->forward != EZLB_MASQ)
		return;
	diag = ezlb_diags_add(diags, spec->file, spec->listen_at, EZLB_E_ANSWERS,
			      "with one_packet answers are not translated: %s",
			      spec->full_nat ? "with full_nat they do not reach the client"
					     : "they come from the address of the backend");
	diag->warning = true;
	diag->help = ezlb_strdup("this is right for protocols without answers, such as syslog; "
				 "else remove one_packet");
}

static void warn(const struct ezlb_desired *desired, struct ezlb_diags *diags)
{
	struct ezlb_obstacle_listeners listeners = { 0 };

	for (size_t i = 0; i < desired->len; i++)
		ezlb_obstacle_add(&listeners, desired->items[i]);
	ezlb_obstacle_sort(&listeners);
	for (size_t i = 0; i < desired->len; i++) {
		warn_of_backends(desired->items[i], &listeners, diags);
		warn_of_timeout(desired->items[i], diags);
		warn_of_answers(desired->items[i], diags);
	}
	EZLB_VEC_CLEAR(&listeners);
	ezlb_diags_sort(diags);
}

int ezlb_controller_validate(const char *const *paths, size_t n, enum ezlb_snat_driver driver,
			     struct ezlb_diags *diags, size_t *n_files, struct ezlb_err *err)
{
	struct ezlb_snapshot snapshot = { 0 };
	struct ezlb_batch batch = { .desired = { 0 } };
	int rc = look(paths, n, &snapshot, err);

	if (rc == 0) {
		ezlb_batch_read(&batch, &snapshot, ezlb_snat_driver_key(driver), diags);
		warn(&batch.desired, diags);
	}
	*n_files = rc == 0 ? snapshot.files.len : 0;
	ezlb_batch_clear(&batch);
	ezlb_snapshot_clear(&snapshot);
	return rc;
}
