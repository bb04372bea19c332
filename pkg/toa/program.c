// SPDX-License-Identifier: GPL-2.0-or-later
#include "program.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#include "bpf.h"
#include "obstacle.h"
#include "pins.h"
#include "skeleton.h"

static const struct ezlb_toa_program none = EZLB_TOA_NO_PROGRAM;

void ezlb_toa_program_close(struct ezlb_toa_program *program)
{
	ezlb_close_fd(&program->program);
	ezlb_close_fd(&program->services);
	ezlb_close_fd(&program->connections);
	ezlb_close_fd(&program->counters);
	*program = none;
}

static bool uses(const uint32_t *ids, uint32_t n, int map)
{
	struct bpf_map_info info = { 0 };

	if (ezlb_bpf_map_info(map, &info) < 0)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (ids[i] == info.id)
			return true;
	return false;
}

/* Sets id and current. Between two opens a loader may have exchanged the pins, or somebody else. */
static int check(struct ezlb_toa_program *p)
{
	uint32_t ids[8];
	struct bpf_prog_info info = { .nr_map_ids = 8, .map_ids = (uint64_t)(uintptr_t)ids };

	if (ezlb_bpf_program_info(p->program, &info) < 0 || info.nr_map_ids > 8)
		return -EBADMSG;
	if (!uses(ids, info.nr_map_ids, p->services) ||
	    !uses(ids, info.nr_map_ids, p->connections) || !uses(ids, info.nr_map_ids, p->counters))
		return -EBADMSG;
	p->id = info.id;
	p->current = strcmp(info.name, ezlb_toa_skeleton_name()) == 0;
	return 0;
}

static int open_dir(const char *dir, struct ezlb_toa_program *out, struct ezlb_err *err)
{
	int *fds[EZLB_TOA_PINS] = { &out->program, &out->services, &out->connections,
				    &out->counters };
	char path[EZLB_TOA_PATHLEN];
	int rc = 0;

	*out = none;
	for (int i = 0; i < EZLB_TOA_PINS && rc == 0; i++) {
		*fds[i] = ezlb_bpf_open_pin(ezlb_toa_pin_path(dir, i, path));
		if (*fds[i] < 0)
			rc = *fds[i];
	}
	if (rc == -ENOENT && access(dir, F_OK) == 0)
		rc = -EBADMSG; /* a part is missing */
	else if (rc == 0)
		rc = check(out);
	if (rc == 0)
		return 0;
	ezlb_toa_program_close(out);
	if (rc == -ENOENT)
		return ezlb_err_set(err, ENOENT,
				    "the program is not loaded: run `ezlb host-setup`");
	if (rc == -EPERM) /* of a seccomp profile; the kernel asks for no right here */
		return ezlb_err_set(err, EPERM,
				    "this process may not call bpf(): in a container it needs the "
				    "capability BPF");
	return ezlb_err_sys(err, -rc, "%s", dir);
}

int ezlb_toa_program_open(struct ezlb_toa_program *out, struct ezlb_err *err)
{
	struct ezlb_toa_pins pins;
	int rc = ezlb_toa_pins_find(&pins, err);

	*out = none;
	return rc < 0 ? rc : open_dir(pins.dir, out, err);
}

int ezlb_toa_program_can_load(struct ezlb_err *err)
{
	struct ezlb_toa_host host;

	ezlb_toa_host_read(&host);
	return ezlb_toa_obstacle(&host, err);
}

/* With the lock. *out is what is pinned, if it is usable. */
static int replace(const struct ezlb_toa_pins *pins, struct ezlb_toa_program *out,
		   struct ezlb_err *err)
{
	struct ezlb_toa_program fresh = none;
	int rc = ezlb_toa_skeleton_load(&fresh, err);

	if (rc < 0)
		return rc;
	if (out->program >= 0)
		rc = ezlb_toa_program_copy(out, &fresh, err);
	if (rc == 0)
		rc = ezlb_toa_pins_write(pins,
					 (const int[EZLB_TOA_PINS]){
						 [EZLB_TOA_PIN_PROGRAM] = fresh.program,
						 [EZLB_TOA_PIN_SERVICES] = fresh.services,
						 [EZLB_TOA_PIN_CONNECTIONS] = fresh.connections,
						 [EZLB_TOA_PIN_COUNTERS] = fresh.counters,
					 },
					 err);
	if (rc == 0) {
		rc = check(&fresh);
		if (rc < 0)
			ezlb_err_sys(err, -rc, "%s", pins->dir);
	}
	ezlb_toa_program_close(out);
	*out = fresh;
	return rc;
}

int ezlb_toa_program_load(struct ezlb_toa_program *out, struct ezlb_err *err)
{
	EZLB_AUTO_CLOSE int lock = -1;
	struct ezlb_toa_pins pins;
	int rc;

	*out = none;
	rc = ezlb_toa_program_can_load(err);
	if (rc < 0 && ezlb_toa_program_open(out, NULL) == 0 && out->current)
		return 0; /* no need to load */
	if (rc == 0)
		rc = ezlb_toa_pins_find(&pins, err);
	if (rc == 0)
		rc = ezlb_toa_pins_prepare(err);
	if (rc == 0)
		rc = lock = ezlb_toa_pins_lock(err);
	if (rc >= 0)
		rc = ezlb_toa_pins_remove(pins.fresh, err); /* of a process that was killed */
	if (rc >= 0 && (open_dir(pins.dir, out, NULL) < 0 || !out->current))
		rc = replace(&pins, out, err);
	if (rc < 0)
		ezlb_toa_program_close(out);
	return rc < 0 ? rc : 0;
}

bool ezlb_toa_program_present(void)
{
	struct ezlb_toa_pins pins;

	return ezlb_toa_pins_find(&pins, NULL) == 0 &&
	       (access(pins.dir, F_OK) == 0 || access(pins.fresh, F_OK) == 0);
}

int ezlb_toa_program_remove(struct ezlb_err *err)
{
	EZLB_AUTO_CLOSE int lock = -1;
	struct ezlb_toa_pins pins;
	int rc;

	if (!ezlb_toa_program_present())
		return 0;
	rc = ezlb_toa_pins_find(&pins, err);
	if (rc == 0)
		rc = lock = ezlb_toa_pins_lock(err);
	if (rc >= 0)
		rc = ezlb_toa_pins_remove(pins.fresh, err);
	return rc < 0 ? rc : ezlb_toa_pins_remove(pins.dir, err);
}
