/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * statedir: the directory of what outlives the process, and the lock in it: one process at a time
 * changes the kernel. The lock ends with the process, whatever ends that.
 */
#pragma once

#include <ezlb/err.h>

/* Makes the directory, and those above it, where they are missing. */
int statedir_make(const char *dir, struct ezlb_err *err);

/*
 * Makes the directory where it is missing and takes DIR/lock. Returns a descriptor that the caller
 * keeps, and closes to give the lock up; -EBUSY where another process has it, named in err. An open
 * of the file besides would give the lock up on its close (fcntl(2)): nobody else opens it.
 */
int statedir_lock(const char *dir, struct ezlb_err *err);

/*
 * Is *fd still the lock of DIR/lock? Where the file has gone or is another by now, makes it again,
 * takes it, and replaces *fd. -EBUSY where another process was quicker, named in err: whoever gets
 * that must not write any more. Any other error: the file cannot be looked at or made, and whether
 * somebody else has the lock is unknown. *fd stays open on failure. Cheap: two stats.
 */
int statedir_keep(int *fd, const char *dir, struct ezlb_err *err);
