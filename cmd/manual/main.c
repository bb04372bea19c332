// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "manual.h"

static const struct {
	const char *name;
	void (*print)(void);
} files[] = {
	{ "ezlb.8", print_commands_page }, { "ezlb-service.5", print_services_page },
	{ "ezlb.bash", print_bash },	   { "_ezlb", print_zsh },
	{ "ezlb.fish", print_fish },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(files[i].name, argv[1]) != 0)
			continue;
		files[i].print();
		return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
	}
	fprintf(stderr, "usage: manual ezlb.8|ezlb-service.5|ezlb.bash|_ezlb|ezlb.fish\n");
	return 2;
}
