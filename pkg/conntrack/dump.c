// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump.h"

#include <errno.h>

#include "entry.h"

static int dump(struct ezlb_nl *nl, uint8_t family, const struct ezlb_connection_select *select,
		ezlb_nl_msg_fn on_msg, void *arg)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf request = { .items = NULL };

	ezlb_ct_put_dump(&request, family, select);
	return ezlb_nl_ask(nl, &request, on_msg, arg);
}

static bool is_refusal(int rc)
{
	return rc == -EINVAL || rc == -EOPNOTSUPP;
}

int ezlb_ct_dump(struct ezlb_nl *nl, uint8_t family, const struct ezlb_connection_select *select,
		 ezlb_nl_msg_fn on_msg, void *arg)
{
	int rc = dump(nl, family, select, on_msg, arg);

	/* This kernel may not support such filters, which only save time. */
	if (is_refusal(rc) && select)
		rc = dump(nl, family, NULL, on_msg, arg);
	/* nfnetlink returns these for a missing subsystem: the request itself is valid. */
	return is_refusal(rc) ? -ENOPROTOOPT : rc;
}
