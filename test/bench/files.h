/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files: the least that a program does which reads service files. For floor.c. */
#pragma once

#include <stdbool.h>

/*
 * Reads every file of the directory whole, one after the other, in the directory's order. parse:
 * each also goes through libyaml, to events, which are thrown away. An error ends the program.
 */
void read_files(const char *path, bool parse);
