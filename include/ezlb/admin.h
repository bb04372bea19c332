/* SPDX-License-Identifier: GPL-2.0-or-later */
/* admin: where a running ezlb is asked; what the daemon and the commands that ask it agree on. */
#pragma once

#define EZLB_ADMIN_SOCKET "admin.sock" /* in the state directory */
