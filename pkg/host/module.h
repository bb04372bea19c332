/* SPDX-License-Identifier: GPL-2.0-or-later */
/* module: loads a kernel module with what it depends on, through libkmod; no program is started. */
#pragma once

/* 0 also where it is loaded or built in already; -ENOENT where the kernel has none, -EPERM. */
int module_load(const char *name);
