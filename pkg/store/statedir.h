/* SPDX-License-Identifier: GPL-2.0-or-later */
/* statedir: what the state directory and the persist directory share: rules for who may write. */
#pragma once

#include <sys/types.h>

#include <ezlb/err.h>

struct dir_kind {
	const char *name; /* in messages */
	const char *flag; /* that sets it */
	mode_t mode;	  /* of the directory, if it is created */
};

extern const struct dir_kind state_dir_kind;

/* Each returns 0 or -errno; dir_lock a descriptor. See ezlb_statedir_make and _lock in store.h. */
int dir_make(const char *dir, const struct dir_kind *kind, struct ezlb_err *err);
int dir_check(const char *dir, const struct dir_kind *kind, struct ezlb_err *err);
int dir_lock(const char *dir, const struct dir_kind *kind, struct ezlb_err *err);
/* As ezlb_statedir_keep. */
int dir_keep(int *fd, const char *dir, const struct dir_kind *kind, struct ezlb_err *err);
