/* SPDX-License-Identifier: GPL-2.0-or-later */
/* colour: how urgent a word is. The word says it all; colour only helps to find it. */
#pragma once

#include <ezlb/console.h>

/* The states of a service and verdicts of a backend, and the words of the head line. */
const char *colour_of(const struct ezlb_console_look *look, const char *word);
/* The sequence that ends it; "" without colour. */
const char *colour_end(const struct ezlb_console_look *look);
const char *colour_title(const struct ezlb_console_look *look);
