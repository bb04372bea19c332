/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unwritten: what a pass still does while the ledger cannot be written, because the disk is full or
 * read-only. A kill must leave nothing behind that the ledger does not name, so nothing new is
 * created. But services that it names follow their files and the health of their backends:
 * otherwise one new file would keep dead backends of all others in the kernel.
 */
#pragma once

#include <ezlb/pass.h>

/*
 * Holds all other ops of the plan. A service that is not wanted any more stays as it is: what takes
 * its place may be one of those that wait. False if no op is left.
 */
bool unwritten_hold(const struct ezlb_pass *pass, struct ezlb_pass_todo *plan);
