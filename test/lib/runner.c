// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * runner: the main function of a package's test program. Each test file keeps its own main, which
 * the build renames to FILE_main; the argument says which of them runs:
 *
 *   build/bin/health_test test_probe
 */
#include <stdio.h>
#include <string.h>

/* Made by test/CMakeLists.txt: EZLB_TEST_FILES(X) is X(test_a) X(test_b) ..., and their prototypes.
 */
#include "test_files.h"

#define ROW(file) { #file, file##_main },

static const struct {
	const char *name;
	int (*run)(void);
} files[] = { EZLB_TEST_FILES(ROW) };

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(files[i].name, argv[1]) == 0)
			return files[i].run();
	}
	fprintf(stderr, "usage: %s FILE, which is one of\n", argv[0]);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		fprintf(stderr, "  %s\n", files[i].name);
	return 2;
}
