// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <unistd.h>

#include "cgroup.h"
#include "find.h"
#include "pins.h"
#include "sys.h"

#define MAX_MAPS 16

/* A link to one of our programs. Programs of one receiver share a map of clients. */
struct found {
	enum set_program program;
	uint32_t link_id, clients_id;
	uint64_t cgroup_id;
	bool pinned;
	struct set set; /* its maps */
};
struct founds EZLB_VEC(struct found);

static bool is_program(const char *name, enum set_program *out)
{
	for (*out = 0; *out < PROGRAMS; (*out)++)
		if (strcmp(set_program_name(*out), name) == 0)
			return true;
	return false;
}

static void open_map(struct found *found, uint32_t id)
{
	int fd = sys_open_map(id);
	struct bpf_map_info info;

	if (fd < 0)
		return;
	if (sys_map_info(fd, &info) == 0)
		for (enum set_map map = 0; map < MAPS; map++)
			if (strcmp(info.name, set_map_name(map)) == 0 && set_map_fits(map, fd) &&
			    found->set.maps[map] < 0) {
				found->set.maps[map] = fd;
				found->clients_id = map == MAP_CLIENTS ? id : found->clients_id;
				return;
			}
	close(fd);
}

static bool read_program(struct found *found, uint32_t program_id)
{
	EZLB_AUTO_CLOSE int fd = sys_open_program(program_id);
	uint32_t ids[MAX_MAPS], n = MAX_MAPS;
	struct bpf_prog_info info;

	if (fd < 0 || sys_program_info(fd, &info, ids, &n) < 0 ||
	    !is_program(info.name, &found->program))
		return false;
	for (uint32_t i = 0; i < n; i++)
		open_map(found, ids[i]);
	return found->clients_id != 0;
}

/* False: that cannot be found out. */
static bool read_pinned(struct found *found)
{
	EZLB_AUTO_CLOSE int fd = pins_open_link(found->program);
	struct bpf_link_info info;

	found->pinned = false;
	if (fd < 0)
		return fd == -ENOENT;
	if (sys_link_info(fd, &info) < 0)
		return false;
	found->pinned = info.id == found->link_id;
	return true;
}

static bool read_link(struct found *found, uint32_t id)
{
	EZLB_AUTO_CLOSE int fd = sys_open_link(id);
	struct bpf_link_info info;

	set_init(&found->set);
	if (fd < 0 || sys_link_info(fd, &info) < 0 || info.type != BPF_LINK_TYPE_CGROUP ||
	    !read_program(found, info.prog_id))
		return false;
	found->link_id = id;
	found->cgroup_id = info.cgroup.cgroup_id;
	return read_pinned(found);
}

static void founds_clear(struct founds *founds)
{
	for (size_t i = 0; i < founds->len; i++)
		set_close(&founds->items[i].set);
	EZLB_VEC_CLEAR(founds);
}

static int find_links(struct founds *founds, struct ezlb_err *err)
{
	uint32_t id = 0;
	int rc;

	while ((rc = sys_next_link(id, &id)) == 0) {
		struct found found = { 0 };

		if (read_link(&found, id))
			*EZLB_PUSH(founds) = found;
		else
			set_close(&found.set);
	}
	if (rc == -ENOENT)
		return 0;
	if (rc == -EPERM)
		return ezlb_err_set(err, EPERM, "list BPF links: not permitted; it needs root");
	return ezlb_err_sys(err, -rc, "list BPF links");
}

/* A cgroup that was removed has no number any more: all its links are alike. */
static struct receiver *receiver_of(struct receivers *out, const struct found *found,
				    uint32_t *clients_ids)
{
	struct receiver *receiver;

	for (size_t i = 0; i < out->len; i++)
		if (clients_ids[i] == found->clients_id &&
		    out->items[i].cgroup_id == found->cgroup_id)
			return &out->items[i];
	clients_ids[out->len] = found->clients_id;
	receiver = EZLB_PUSH(out);
	receiver->cgroup_id = found->cgroup_id;
	receiver->cgroup = found->cgroup_id != 0 ? cgroup_path(found->cgroup_id) : NULL;
	return receiver;
}

/* The program that counts connections has all the maps; the others have two of them. */
static int add_found(struct receivers *out, const struct found *found, uint32_t *clients_ids,
		     struct ezlb_err *err)
{
	struct receiver *receiver = receiver_of(out, found, clients_ids);

	receiver->attached[found->program] = found->cgroup_id != 0;
	receiver->pinned = receiver->pinned || found->pinned;
	if (found->program != PROGRAM_SOCKOPS)
		return 0;
	if (set_read_list(&found->set, &receiver->from, err) < 0)
		return -err->code;
	return set_read_counters(&found->set, receiver->counters, err);
}

int find_receivers(struct receivers *out, struct ezlb_err *err)
{
	EZLB_AUTO_FREE uint32_t *clients_ids = NULL;
	struct founds founds = { 0 };
	int rc = find_links(&founds, err);

	clients_ids = ezlb_calloc(founds.len + 1, sizeof(*clients_ids));
	for (size_t i = 0; i < founds.len && rc == 0; i++)
		rc = add_found(out, &founds.items[i], clients_ids, err);
	founds_clear(&founds);
	return rc;
}

void receivers_clear(struct receivers *receivers)
{
	for (size_t i = 0; i < receivers->len; i++) {
		free(receivers->items[i].cgroup);
		EZLB_VEC_CLEAR(&receivers->items[i].from);
	}
	EZLB_VEC_CLEAR(receivers);
}

bool find_running(uint64_t cgroup_id)
{
	struct founds founds = { 0 };
	struct ezlb_err err;
	bool running = false;

	if (find_links(&founds, &err) == 0)
		for (size_t i = 0; i < founds.len; i++)
			running = running || (founds.items[i].cgroup_id == cgroup_id &&
					      !founds.items[i].pinned);
	founds_clear(&founds);
	return running;
}
