/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvsadm_args: one line of `ipvsadm -S` as options and values. */
#pragma once

#include <ezlb/yaml.h>

enum option {
	OPT_ADD_SERVICE,
	OPT_ADD_SERVER,
	OPT_CHANGE, /* -E, -e, -D, -d: changes of what is there */
	OPT_OTHER,  /* -C, -Z, -n and so on: nothing of a service */
	OPT_SET,
	OPT_DAEMON,
	OPT_LIST,
	OPT_TCP,
	OPT_UDP,
	OPT_SCTP,
	OPT_FWMARK,
	OPT_IPV6,
	OPT_SCHEDULER,
	OPT_PERSISTENT,
	OPT_NETMASK,
	OPT_ENGINE,
	OPT_FLAGS,
	OPT_ONE_PACKET,
	OPT_SERVER,
	OPT_DIRECT,
	OPT_TUNNEL,
	OPT_MASQ,
	OPT_TUN_TYPE,
	OPT_TUN_PORT,
	OPT_TUN_NOCSUM,
	OPT_TUN_CSUM,
	OPT_TUN_REMCSUM,
	OPT_WEIGHT,
	OPT_UPPER,
	OPT_LOWER,
	OPTIONS
};

/* The options of a line. A value is "" for an option without one, NULL for one that is absent. */
struct args {
	char *line; /* that the values point into; owned */
	const char *value[OPTIONS];
	const char *rest[3]; /* more values of --set */
	struct ezlb_mark at[OPTIONS];
	struct ezlb_mark start;
};

/* False: reported, or the line is empty or a comment. The caller clears in both cases. */
bool ipvsadm_args_read(struct ezlb_source *src, const char *line, size_t len, int number,
		       struct args *out);
void ipvsadm_args_clear(struct args *args);
