/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * program: loads the BPF program of TOA, finds it again by its pins, and reads and writes its maps.
 * Pins are files in /sys/fs/bpf/ezlb/netns-COOKIE: COOKIE names the network namespace, and is never
 * used again. The program of one namespace knows nothing of the others. Attaching the program to
 * interfaces is not done here.
 *
 * The pins of a namespace are one directory that appears, changes and disappears as a whole, also
 * if the process is killed. All calls that change pins hold a lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/err.h>
#include <ezlb/table.h>

#define EZLB_TOA_BPFFS "/sys/fs/bpf"

/* Descriptors of what is pinned. Close with ezlb_toa_program_close. */
struct ezlb_toa_program {
	int program; /* to attach */
	int services, connections, counters;
	uint32_t id; /* of the program in this kernel, which does not use it again before long */
	/*
	 * It is the program of this ezlb. false: it is that of another version, which works, but
	 * should be replaced by ezlb_toa_program_load.
	 */
	bool current;
};
#define EZLB_TOA_NO_PROGRAM                                                      \
	{                                                                        \
		.program = -1, .services = -1, .connections = -1, .counters = -1 \
	}

/*
 * Opens the pins of this network namespace. -ENOENT: there are none. -EBADMSG: they are incomplete
 * or do not belong together; ezlb_toa_program_load repairs that. Needs no more than the right to
 * read files of root. On failure *out is EZLB_TOA_NO_PROGRAM.
 */
int ezlb_toa_program_open(struct ezlb_toa_program *out, struct ezlb_err *err);

/*
 * The same, and loads and pins the program if there are no pins, they are damaged, or the program
 * is that of another version. In the last case the new maps get the rows, connections and counters
 * of the old ones, and the descriptors and the id are other ones than before. Mounts /sys/fs/bpf
 * where it may. -errno with the reason if this host cannot do it; the reason fits into
 * EZLB_TOA_PROBLEM_STRLEN.
 */
int ezlb_toa_program_load(struct ezlb_toa_program *out, struct ezlb_err *err);

/*
 * Whether ezlb_toa_program_load is worth a try: 0, or -errno with the reason why this host or this
 * process cannot load. Cheap, writes nothing and loads nothing. Some reasons show only in a try.
 */
int ezlb_toa_program_can_load(struct ezlb_err *err);

/* Closes the descriptors; the pins stay. */
void ezlb_toa_program_close(struct ezlb_toa_program *program);

/* Whether there is any pin of this network namespace, damaged or not. */
bool ezlb_toa_program_present(void);

/*
 * Removes all pins of this network namespace. The kernel frees the program when it is attached
 * nowhere. 0 if there are none.
 */
int ezlb_toa_program_remove(struct ezlb_err *err);

/* --- the rows of the map of services --------------------------------------------------------- */

/* Appends all rows, in any order. */
int ezlb_toa_rows_list(const struct ezlb_toa_program *program, struct ezlb_toas *out,
		       struct ezlb_err *err);
/* How many entries are no rows; removes them. -errno: the map cannot be read or written. */
int ezlb_toa_rows_odd(const struct ezlb_toa_program *program, bool remove);
/* Adds or changes. */
int ezlb_toa_row_put(const struct ezlb_toa_program *program, const struct ezlb_toa_row *row,
		     struct ezlb_err *err);
/* -ENOENT if there is no such row. */
int ezlb_toa_row_del(const struct ezlb_toa_program *program, const struct ezlb_service_key *service,
		     struct ezlb_err *err);
