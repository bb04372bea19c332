/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inside: what the files of this package share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/sandbox.h>

/* The address sanitizer's check for leaks is a process that traces this one. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* --- caps.c: capabilities by libcap-ng ---------------------------------------------------------
 */

#define CAP_SET(cap) (UINT64_C(1) << (cap))

/*
 * Drops all from the bounding set that are not in `wanted`. Without CAP_SETPCAP it does nothing:
 * with no_new_privs the bounding set has no effect.
 */
int caps_bound(uint64_t wanted);
/* Leaves those of `wanted` that are permitted now, in permitted and effective; none inheritable. */
int caps_keep(uint64_t wanted);
bool caps_has(unsigned cap); /* effective */

/* --- filter.c: seccomp by libseccomp -----------------------------------------------------------
 */

enum filter_kind { FILTER_DAEMON, FILTER_SPAWNER, FILTER_WORKER };

/* In force for all threads. `needs` is for FILTER_DAEMON. */
int filter_load(enum filter_kind kind, const struct ezlb_sandbox_needs *needs);

/* --- calls.c: names of system calls; each list ends with NULL ------------------------------------
 */

extern const char *const calls_all[];	  /* every process may make them */
extern const char *const calls_spawner[]; /* a spawner, too */
extern const char *const calls_daemon[];  /* the daemon, too */
extern const char *const calls_paths[];	  /* what a worker must not do with files */
extern const char *const calls_denied[];  /* EPERM, whoever calls them */
