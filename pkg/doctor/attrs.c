// SPDX-License-Identifier: GPL-2.0-or-later
#include "attrs.h"

static int on_attr(const struct nlattr *attr, void *data)
{
	struct attrs *attrs = data;
	uint16_t type = mnl_attr_get_type(attr);

	if (type < sizeof(attrs->at) / sizeof(attrs->at[0]))
		attrs->at[type] = attr;
	return MNL_CB_OK;
}

void attrs_read(const struct nlmsghdr *msg, size_t head, struct attrs *out)
{
	*out = (struct attrs){ .at = { NULL } };
	mnl_attr_parse(msg, (unsigned)head, on_attr, out);
}

const char *attrs_str(const struct attrs *attrs, int type)
{
	return attrs->at[type] ? mnl_attr_get_str(attrs->at[type]) : "";
}
