/* SPDX-License-Identifier: GPL-2.0-or-later */
/* colour: shows how urgent a word is. Output without colour has the same information. */
#pragma once

#include <ezlb/console.h>

/* For states of services, verdicts of backends, and the words of the head line. */
const char *colour_of(const struct ezlb_console_look *look, const char *word);
/* The sequence that ends a colour; "" without colour. */
const char *colour_end(const struct ezlb_console_look *look);
const char *colour_title(const struct ezlb_console_look *look);
