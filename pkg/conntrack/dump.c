// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump.h"

#include <errno.h>

#include "entry.h"

int ezlb_ct_refusal(int rc)
{
	return rc == -EINVAL || rc == -EOPNOTSUPP ? -ENOPROTOOPT : rc;
}

int ezlb_ct_dump(struct ezlb_nl *nl, ezlb_nl_msg_fn on_msg, void *arg)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf request = { .items = NULL };

	ezlb_ct_put_dump(&request);
	return ezlb_ct_refusal(ezlb_nl_ask(nl, &request, on_msg, arg));
}
