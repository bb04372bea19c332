/* SPDX-License-Identifier: GPL-2.0-or-later */
/* admin: the name of the socket on which the daemon answers other ezlb commands. */
#pragma once

#define EZLB_ADMIN_SOCKET "admin.sock" /* in the state directory */
