/* SPDX-License-Identifier: GPL-2.0-or-later */
/* calls: what a target can put in the place of a system call; see calls.c. */
#pragma once

#include <sys/socket.h>

/* Answers getsockopt(2) about tables of iptables; NULL: the kernel does. */
extern int (*fuzz_getsockopt)(int name, void *value, socklen_t *len);
