/* SPDX-License-Identifier: GPL-2.0-or-later */
/* what: what an op does, in an operator's words. */
#pragma once

#include "sheet.h"

enum action { ACTION_ADD, ACTION_CHANGE, ACTION_REMOVE, ACTIONS };

enum action what_action(const struct ezlb_op *op);
const char *what_object(const struct ezlb_op *op); /* "backend" */
/* The listener of the op's service; false: none. */
bool what_listener(const struct item *item, struct ezlb_service_key *out);
/* "backend 10.1.0.1:80, weight 1 -> 2" */
const char *what_format(const struct sheet *sheet, const struct item *item,
			char buf[EZLB_OP_STRLEN]);
