// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/host.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "module.h"

struct host {
	struct ezlb_layer layer; /* first: a layer is its host */
	const char *root;
};

static const char *setting_path(enum ezlb_setting setting)
{
	switch (setting) {
	case EZLB_IP_TABLES:
		return "net/ip_tables_names";
	case EZLB_VS_CONNTRACK:
		return "sys/net/ipv4/vs/conntrack";
	case EZLB_IP_FORWARD:
		return "sys/net/ipv4/ip_forward";
	case EZLB_SETTINGS:
		break;
	}
	return NULL;
}

/* A descriptor or -errno. Never creates, and never waits for the other end of a FIFO. */
static int setting_open(const struct host *host, enum ezlb_setting setting, int flags)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", host->root, setting_path(setting)) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* One whole number and a newline; -EIO for anything else. */
static int value_parse(const char *text, int *value)
{
	char *end;
	long long number = strtoll(text, &end, 10);

	if (end == text || strcmp(end, "\n") != 0 || number < 0 || number > INT_MAX)
		return -EIO;
	*value = (int)number;
	return 0;
}

static int setting_read(const struct host *host, enum ezlb_setting setting, int *value)
{
	EZLB_AUTO_CLOSE int fd = setting_open(host, setting, O_RDONLY);
	char text[32];
	ssize_t n;

	/* Of a module only the presence of its file tells, also where it is built in. */
	if (setting == EZLB_IP_TABLES && (fd >= 0 || fd == -ENOENT)) {
		*value = fd >= 0;
		return 0;
	}
	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return value_parse(text, value);
}

static int setting_write(const struct host *host, enum ezlb_setting setting, int value)
{
	EZLB_AUTO_CLOSE int fd = setting_open(host, setting, O_WRONLY);
	char text[32];
	int len = snprintf(text, sizeof(text), "%d\n", value);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = write(fd, text, (size_t)len);
	if (n < 0)
		return -errno;
	return n == len ? 0 : -EIO;
}

static int setting_set(const struct host *host, const struct ezlb_setting_row *want)
{
	int value = -1;
	int rc = setting_read(host, want->setting, &value);

	if (rc < 0 || value == want->value)
		return rc;
	if (want->setting == EZLB_IP_TABLES)
		rc = module_load("ip_tables");
	else
		rc = setting_write(host, want->setting, want->value);
	if (rc < 0)
		return rc;
	rc = setting_read(host, want->setting, &value);
	if (rc < 0)
		return rc;
	return value == want->value ? 0 : -EIO;
}

/* All of them, or none and the reason. */
static int settings_read(const struct host *host, struct ezlb_setting_row *rows,
			 struct ezlb_err *err)
{
	for (int i = 0; i < EZLB_SETTINGS; i++) {
		enum ezlb_setting setting = (enum ezlb_setting)i;
		int rc;

		rows[i] = (struct ezlb_setting_row){ .setting = setting, .value = -1 };
		rc = setting_read(host, setting, &rows[i].value);
		if (rc < 0 && rc != -ENOENT)
			return ezlb_err_sys(err, -rc, "cannot read %s/%s", host->root,
					    setting_path(setting));
	}
	return 0;
}

static int host_list(struct ezlb_layer *layer, const struct ezlb_scope *scope,
		     struct ezlb_table *out, struct ezlb_err *err)
{
	struct ezlb_setting_row rows[EZLB_SETTINGS];
	int rc = settings_read((const void *)layer, rows, err);

	(void)scope;
	for (int i = 0; rc == 0 && i < EZLB_SETTINGS; i++)
		*EZLB_PUSH(&out->settings) = rows[i];
	return rc;
}

static int host_peek(struct ezlb_layer *layer, const struct ezlb_scope *scope, uint64_t *print)
{
	struct ezlb_setting_row rows[EZLB_SETTINGS];
	int rc = settings_read((const void *)layer, rows, NULL);

	(void)scope;
	if (rc == 0)
		*print = ezlb_hash(rows, sizeof(rows));
	return rc;
}

static int host_apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
		      struct ezlb_err *err)
{
	(void)err; /* every op speaks for itself */
	for (size_t i = 0; i < n; i++)
		ops[i]->rc = setting_set((const void *)layer, &ops[i]->setting);
	return 0;
}

static void host_close(struct ezlb_layer *layer)
{
	free(layer);
}

int ezlb_host_open(const char *root, struct ezlb_layer **out, struct ezlb_err *err)
{
	struct host *host = ezlb_calloc(1, sizeof(*host));

	(void)err;
	*host = (struct host){
		.layer = { .list = host_list,
			   .peek = host_peek,
			   .apply = host_apply,
			   .close = host_close },
		.root = root,
	};
	*out = &host->layer;
	return 0;
}
