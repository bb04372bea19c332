// SPDX-License-Identifier: GPL-2.0-or-later
#include "files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>
#include <yaml.h>

#include "objects.h"

static void parse_events(const char *bytes, size_t len, const char *name)
{
	yaml_event_type_t type;
	yaml_parser_t parser;
	yaml_event_t event;

	must(yaml_parser_initialize(&parser), name);
	yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, len);
	do {
		must(yaml_parser_parse(&parser, &event), name);
		type = event.type;
		yaml_event_delete(&event);
	} while (type != YAML_STREAM_END_EVENT);
	yaml_parser_delete(&parser);
}

static size_t read_file(int dir, const char *name, char *bytes, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	must(fd >= 0, name);
	while ((n = read(fd, bytes + len, size - len)) > 0)
		len += (size_t)n;
	must(n == 0 && len < size, name);
	close(fd);
	return len;
}

void read_files(const char *path, bool parse)
{
	static char bytes[65536];
	DIR *dir = opendir(path);
	const struct dirent *entry;

	must(dir != NULL, path);
	while ((entry = readdir(dir))) {
		size_t len;

		if (entry->d_name[0] == '.')
			continue;
		len = read_file(dirfd(dir), entry->d_name, bytes, sizeof(bytes));
		if (parse)
			parse_events(bytes, len, entry->d_name);
	}
	closedir(dir);
}
