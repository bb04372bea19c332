// SPDX-License-Identifier: GPL-2.0-or-later
#include "setting.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "module.h"

#define RA_DIR "sys/net/ipv6/conf"

/* The name comes from a ledger and becomes a part of a path. */
static bool is_entry(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int setting_path(const struct settings *settings, const struct ezlb_setting_row *row,
			char path[PATH_MAX])
{
	const char *file = ezlb_setting_facts(row->setting)->file, *gap = strchr(file, '%');
	int len;

	if (gap && !is_entry(row->device))
		return -EINVAL;
	if (gap)
		len = snprintf(path, PATH_MAX, "%s/%.*s%s%s", settings->root, (int)(gap - file),
			       file, row->device, gap + 2);
	else
		len = snprintf(path, PATH_MAX, "%s/%s", settings->root, file);
	return len < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Returns a descriptor or -errno. Never creates a file, never blocks on a FIFO. */
static int setting_open(const struct settings *settings, const struct ezlb_setting_row *row,
			int flags)
{
	char path[PATH_MAX];
	int rc = setting_path(settings, row, path);

	if (rc < 0)
		return rc;
	rc = open(path, flags | O_CLOEXEC | O_NONBLOCK);
	return rc < 0 ? -errno : rc;
}

/* Parses a whole number and a newline; -EIO for anything else. */
static int value_parse(const char *text, int *value)
{
	char *end;
	long long number = strtoll(text, &end, 10);

	if (end == text || strcmp(end, "\n") != 0 || number < 0 || number > INT_MAX)
		return -EIO;
	*value = (int)number;
	return 0;
}

/* Sets the value of *row. */
static int setting_read(const struct settings *settings, struct ezlb_setting_row *row)
{
	EZLB_AUTO_CLOSE int fd = setting_open(settings, row, O_RDONLY);
	char text[32];
	ssize_t n;

	if (ezlb_setting_facts(row->setting)->module && (fd >= 0 || fd == -ENOENT)) {
		row->value = fd >= 0;
		return 0;
	}
	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return value_parse(text, &row->value);
}

static int setting_write(const struct settings *settings, const struct ezlb_setting_row *row)
{
	EZLB_AUTO_CLOSE int fd = setting_open(settings, row, O_WRONLY);
	char text[32];
	int len = snprintf(text, sizeof(text), "%d\n", row->value);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = write(fd, text, (size_t)len);
	if (n < 0)
		return -errno;
	return n == len ? 0 : -EIO;
}

static int cannot_read(const struct settings *settings, const char *path, int rc,
		       struct ezlb_err *err)
{
	return ezlb_err_sys(err, -rc, "cannot read %s/%s", settings->root, path);
}

/* As setting_read, with a file that stays open. Whether a module is there needs no open file. */
static int setting_look(const struct settings *settings, struct ezlb_kept *kept,
			struct ezlb_setting_row *row)
{
	char path[PATH_MAX], text[32];
	int rc = setting_path(settings, row, path);
	ssize_t n;

	if (rc < 0)
		return rc;
	if (ezlb_setting_facts(row->setting)->module) {
		row->value = access(path, F_OK) == 0;
		return row->value || errno == ENOENT ? 0 : -errno;
	}
	n = ezlb_kept_read(kept, path, text, sizeof(text) - 1);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	return value_parse(text, &row->value);
}

/* `kept` NULL: opens each file. */
static int list(const struct settings *settings, struct settings_kept *kept,
		struct ezlb_setting_rows *rows, struct ezlb_err *err)
{
	for (int i = 0; i < EZLB_SETTINGS; i++) {
		struct ezlb_setting_row row = { .setting = (enum ezlb_setting)i, .value = -1 };
		int rc;

		if (row.setting == EZLB_ACCEPT_RA)
			continue;
		rc = kept ? setting_look(settings, &kept->files[i], &row)
			  : setting_read(settings, &row);
		if (rc < 0 && rc != -ENOENT)
			return cannot_read(settings, ezlb_setting_facts(row.setting)->file, rc,
					   err);
		*EZLB_PUSH(rows) = row;
	}
	return 0;
}

int settings_list(const struct settings *settings, struct ezlb_setting_rows *rows,
		  struct ezlb_err *err)
{
	return list(settings, NULL, rows, err);
}

int settings_look(const struct settings *settings, struct settings_kept *kept,
		  struct ezlb_setting_rows *rows, struct ezlb_err *err)
{
	return list(settings, kept, rows, err);
}

void settings_kept_close(struct settings_kept *kept)
{
	for (int i = 0; i < EZLB_SETTINGS; i++)
		ezlb_kept_close(&kept->files[i]);
}

/* Skips what is not an interface or was removed since the directory was read. */
static int list_ra_of(const struct settings *settings, const char *name,
		      struct ezlb_setting_rows *rows, struct ezlb_err *err)
{
	static const char *const others[] = { ".", "..", "all", "default", "lo" };
	struct ezlb_setting_row row = { .setting = EZLB_ACCEPT_RA };
	int rc;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(name, others[i]) == 0)
			return 0;
	ezlb_strcpy(row.device, sizeof(row.device), name);
	rc = setting_read(settings, &row);
	if (rc == 0 && row.value == 1)
		*EZLB_PUSH(rows) = row;
	if (rc == 0 || rc == -ENOENT)
		return 0;
	return ezlb_err_sys(err, -rc, "cannot read %s/" RA_DIR "/%s/accept_ra", settings->root,
			    name);
}

int settings_list_ra(const struct settings *settings, struct ezlb_setting_rows *rows,
		     struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("%s/" RA_DIR, settings->root);
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int rc = 0;

	if (!dir)
		return cannot_read(settings, RA_DIR, -errno, err);
	errno = 0;
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		rc = list_ra_of(settings, entry->d_name, rows, err);
		errno = 0;
	}
	if (rc == 0 && errno)
		rc = cannot_read(settings, RA_DIR, -errno, err);
	closedir(dir);
	return rc;
}

/*
 * An interface with accept_ra 1 ignores router advertisements as soon as the host forwards. Read
 * again here: an interface may be new since list, or the change of its accept_ra may have failed.
 */
static bool loses_routes(const struct settings *settings)
{
	struct ezlb_setting_rows rows = { 0 };
	bool loses = settings_list_ra(settings, &rows, NULL) < 0 || rows.len > 0;

	EZLB_VEC_CLEAR(&rows);
	return loses;
}

int setting_set(const struct settings *settings, const struct ezlb_setting_row *want)
{
	const char *module = ezlb_setting_facts(want->setting)->module;
	struct ezlb_setting_row have = *want;
	int rc = setting_read(settings, &have);

	if (rc < 0 || have.value >= want->value)
		return rc;
	if (settings->hands_off || (want->setting == EZLB_IP6_FORWARD && loses_routes(settings)))
		return -ECANCELED;
	rc = module ? module_load(module) : setting_write(settings, want);
	if (rc == 0)
		rc = setting_read(settings, &have);
	if (rc < 0)
		return rc;
	return have.value >= want->value ? 0 : -EIO;
}

int setting_reset(const struct settings *settings, const struct ezlb_setting_row *before)
{
	const struct ezlb_setting_facts *facts = ezlb_setting_facts(before->setting);
	struct ezlb_setting_row have = *before;
	int rc;

	/* Modules stay loaded: another program may use them by now. */
	if (facts->module || before->value < 0)
		return 0;
	rc = setting_read(settings, &have);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	if (have.value != facts->wanted || have.value == before->value)
		return 0;
	if (settings->hands_off)
		return -ECANCELED;
	rc = setting_write(settings, before);
	if (rc == 0)
		rc = setting_read(settings, &have);
	if (rc < 0)
		return rc;
	return have.value == before->value ? 0 : -EIO;
}
