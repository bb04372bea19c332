/* SPDX-License-Identifier: GPL-2.0-or-later */
/* module: loads a kernel module and its dependencies through libkmod. */
#pragma once

/* As ezlb_host_module_load, without the error text. */
int module_load(const char *name);
