// SPDX-License-Identifier: GPL-2.0-or-later
/* counts: the counters, and the copy of all maps when another version of the program comes. */
#include <ezlb/toa.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <unistd.h>

#include <ezlb/mem.h>

#include "bpf.h"
#include "cpus.h"
#include "program.h"
#include "program_maps.h"
#include "skeleton.h"

const char *ezlb_toa_count_str(enum ezlb_toa_count count)
{
	switch (count) {
	case EZLB_TOA_ADDED:
		return "added";
	case EZLB_TOA_STRIPPED:
		return "stripped";
	case EZLB_TOA_NO_ROOM:
		return "no_room";
	case EZLB_TOA_TOO_LONG:
		return "too_long";
	case EZLB_TOA_NO_ENTRY:
		return "no_entry";
	case EZLB_TOA_FAILED:
		return "failed";
	case EZLB_TOA_COUNTS:
		break;
	}
	return "?";
}

/* The kernel copies a value for each CPU that could ever be there. */
static int cpus(struct ezlb_err *err)
{
	static const char path[] = "/sys/devices/system/cpu/possible";
	EZLB_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[256] = "";
	int n = fd < 0 || read(fd, text, sizeof(text) - 1) < 0 ? 0 : ezlb_toa_cpus_count(text);

	return n > 0 ? n : ezlb_err_set(err, EIO, "%s does not say how many CPUs there are", path);
}

int ezlb_toa_read_counts(uint64_t counts[EZLB_TOA_COUNTS], struct ezlb_err *err)
{
	struct ezlb_toa_program program = EZLB_TOA_NO_PROGRAM;
	EZLB_AUTO_FREE uint64_t *values = NULL;
	int n = cpus(err), rc;

	if (n < 0)
		return n;
	values = ezlb_calloc((size_t)n, sizeof(*values));
	rc = ezlb_toa_program_open(&program, err);
	for (uint32_t i = 0; i < EZLB_TOA_COUNTS && rc == 0; i++) {
		counts[i] = 0;
		rc = ezlb_bpf_get(program.counters, &i, values);
		if (rc < 0)
			ezlb_err_sys(err, -rc, "the BPF map of counters");
		for (int cpu = 0; cpu < n && rc == 0; cpu++)
			counts[i] += values[cpu];
	}
	ezlb_toa_program_close(&program);
	return rc;
}

static bool same_layout(int a, int b)
{
	struct bpf_map_info infos[2] = { { 0 } };

	return ezlb_bpf_map_info(a, &infos[0]) == 0 && ezlb_bpf_map_info(b, &infos[1]) == 0 &&
	       infos[0].type == infos[1].type && infos[0].key_size == infos[1].key_size &&
	       infos[0].value_size == infos[1].value_size &&
	       infos[0].max_entries == infos[1].max_entries;
}

static int copy_counters(int from, int to, struct ezlb_err *err)
{
	EZLB_AUTO_FREE uint64_t *values = NULL;
	int n = cpus(err), rc = 0;

	if (n < 0)
		return n;
	values = ezlb_calloc((size_t)n, sizeof(*values));
	for (uint32_t i = 0; i < EZLB_TOA_COUNTS && rc == 0; i++) {
		rc = ezlb_bpf_get(from, &i, values);
		if (rc == 0)
			rc = ezlb_bpf_put(to, &i, values);
	}
	return rc < 0 ? ezlb_err_sys(err, -rc, "the BPF map of counters") : 0;
}

static int copy_hash(int from, int to, size_t key_size, size_t value_size, struct ezlb_err *err)
{
	enum { BATCH = 1024 };
	EZLB_AUTO_FREE char *keys = ezlb_calloc(BATCH, key_size);
	EZLB_AUTO_FREE char *values = ezlb_calloc(BATCH, value_size);
	uint32_t at = 0, n;
	int more = 1, rc = 0;

	for (bool first = true; more == 1 && rc == 0; first = false) {
		n = BATCH;
		more = ezlb_bpf_get_batch(from, first ? NULL : &at, &at, keys, values, &n);
		for (uint32_t i = 0; i < n && rc == 0; i++)
			rc = ezlb_bpf_put(to, keys + i * key_size, values + i * value_size);
	}
	if (rc == 0)
		rc = more;
	return rc < 0 ? ezlb_err_sys(err, -rc, "the BPF maps of the old program") : 0;
}

int ezlb_toa_program_copy(const struct ezlb_toa_program *from, const struct ezlb_toa_program *to,
			  struct ezlb_err *err)
{
	int rc = 0;

	if (same_layout(from->services, to->services))
		rc = copy_hash(from->services, to->services, sizeof(struct ezlb_toa_service_key),
			       sizeof(struct ezlb_toa_service), err);
	if (rc == 0 && same_layout(from->connections, to->connections))
		rc = copy_hash(from->connections, to->connections,
			       sizeof(struct ezlb_toa_connection_key),
			       sizeof(struct ezlb_toa_connection), err);
	if (rc == 0 && same_layout(from->counters, to->counters))
		rc = copy_counters(from->counters, to->counters, err);
	return rc;
}
