/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pins: the directories of the pins. Those of one network namespace are in a directory that is
 * built under another name and then exchanged, so that it is always complete.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/err.h>

#define EZLB_TOA_PATHLEN 96

enum ezlb_toa_pin {
	EZLB_TOA_PIN_PROGRAM,
	EZLB_TOA_PIN_SERVICES,
	EZLB_TOA_PIN_CONNECTIONS,
	EZLB_TOA_PIN_COUNTERS,
	EZLB_TOA_PINS
};

struct ezlb_toa_pins {
	char dir[EZLB_TOA_PATHLEN];   /* /sys/fs/bpf/ezlb/netns-COOKIE */
	char fresh[EZLB_TOA_PATHLEN]; /* the same with "-new" */
};

/* The names for a cookie. Pure. */
void ezlb_toa_pins_name(uint64_t cookie, struct ezlb_toa_pins *out);
const char *ezlb_toa_pin_path(const char *dir, enum ezlb_toa_pin pin, char buf[EZLB_TOA_PATHLEN]);

/* The names for the network namespace of this process. -errno: the kernel is older than 5.14. */
int ezlb_toa_pins_find(struct ezlb_toa_pins *out, struct ezlb_err *err);

/* Mounts /sys/fs/bpf if it is not mounted and this process may, and makes the directory ezlb. */
int ezlb_toa_pins_prepare(struct ezlb_err *err);
/* Whether a file system of BPF is mounted there. */
bool ezlb_toa_pins_mounted(void);
/* One is, and nothing can be written into it: for example a volume of a container. */
bool ezlb_toa_pins_read_only(void);

/* Returns the lock, a descriptor to close, or -errno: -ETIMEDOUT after some seconds. */
int ezlb_toa_pins_lock(struct ezlb_err *err);

/* With the lock, and without a directory `fresh`: pins fds[EZLB_TOA_PINS] in place of those that
 * there are. */
int ezlb_toa_pins_write(const struct ezlb_toa_pins *pins, const int *fds, struct ezlb_err *err);
/* With the lock: removes a directory and what is in it. 0 if there is none. */
int ezlb_toa_pins_remove(const char *dir, struct ezlb_err *err);
