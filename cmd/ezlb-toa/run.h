/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run: the commands. Each returns an exit status. */
#pragma once

#include "args.h"

/* "ezlb-toa: <msg>" on stderr; returns `status`. */
int run_fail(int status, const struct ezlb_err *err);
/* Prints the text to stdout and empties it. Returns `status`, or 1 if it could not. */
int run_print(int status, struct ezlb_text *text);

int run_run(const struct args *args);
int run_attach(const struct args *args);
int run_detach(const struct args *args);
int run_status(const struct args *args);
