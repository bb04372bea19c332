/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lastgood: the version of each service file that is in force, on disk, so that a restart beside a
 * broken file keeps that service running, and so that whoever held a claim holds it after a restart
 * too. One file for each service file in STATE_DIR/lastgood, HASH-NAME (of the path, and its last
 * part): a first line with a hash of the bytes and the path, then the bytes. It is a convenience,
 * not the truth: what cannot be read counts as absent, and what cannot be written is told once and
 * disturbs nothing. A path with a newline in it is not kept.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct lastgood {
	char *dir;   /* NULL: none is kept */
	bool writes; /* false: only read */
	bool told;   /* that writing fails; until it succeeds again */
};

/* Makes nothing yet. state_dir NULL: none is kept. */
void lastgood_open(struct lastgood *lastgood, const char *state_dir, bool writes);
/* The bytes, which the caller frees; NULL where there is none. */
char *lastgood_read(const struct lastgood *lastgood, const char *path, size_t *len);
/*
 * In one step: after a kill at any point there is the old version or the new one. False where it
 * failed, which is told: the caller tries again with its next update.
 */
bool lastgood_write(struct lastgood *lastgood, const char *path, const char *bytes, size_t len);
void lastgood_forget(struct lastgood *lastgood, const char *path);
/* Forgets every file that is not among `paths`, and what a kill has left. */
void lastgood_prune(struct lastgood *lastgood, const char *const *paths, size_t n);
void lastgood_close(struct lastgood *lastgood);
