// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/netlink.h>

#include <errno.h>

bool ezlb_nl_msg_is_whole(const struct nlmsghdr *msg, int left)
{
	return left >= (int)sizeof(*msg) && msg->nlmsg_len >= sizeof(*msg) &&
	       msg->nlmsg_len <= (uint32_t)left;
}

static int read_attrs(const void *bytes, size_t len, struct ezlb_nl_attrs *out)
{
	const struct nlattr *attr = bytes;
	int left = (int)len;

	*out = (struct ezlb_nl_attrs){ .at = { NULL } };
	for (; mnl_attr_ok(attr, left); attr = mnl_attr_next(attr)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type < EZLB_NL_ATTRS)
			out->at[type] = attr;
		left -= MNL_ALIGN(attr->nla_len);
	}
	/* The last attribute may lack its padding. */
	return left > 0 ? -EBADMSG : 0;
}

int ezlb_nl_attrs_read(const struct nlmsghdr *msg, size_t head, struct ezlb_nl_attrs *out)
{
	size_t len = mnl_nlmsg_get_payload_len(msg), skip = MNL_ALIGN(head);

	*out = (struct ezlb_nl_attrs){ .at = { NULL } };
	if (len < head)
		return -EBADMSG;
	return read_attrs(mnl_nlmsg_get_payload_offset(msg, head), len < skip ? 0 : len - skip,
			  out);
}

int ezlb_nl_attrs_nested(const struct nlattr *attr, struct ezlb_nl_attrs *out)
{
	return read_attrs(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr), out);
}

const char *ezlb_nl_attrs_str(const struct ezlb_nl_attrs *attrs, int type)
{
	const struct nlattr *attr = attrs->at[type];

	return attr && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0 ? mnl_attr_get_str(attr)
									 : "";
}
