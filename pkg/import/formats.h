/* SPDX-License-Identifier: GPL-2.0-or-later */
/* formats: one reader for each kind of text. */
#pragma once

#include <ezlb/import.h>

/* As ezlb_import_read. */
typedef void (*import_read_fn)(struct ezlb_import *import, const char *file, const char *text,
			       size_t len);

void ezlb_import_go(struct ezlb_import *import, const char *file, const char *text, size_t len);
void ezlb_import_ipvsadm(struct ezlb_import *import, const char *file, const char *text,
			 size_t len);
void ezlb_import_keepalived(struct ezlb_import *import, const char *file, const char *text,
			    size_t len);
void ezlb_import_kubernetes(struct ezlb_import *import, const char *file, const char *text,
			    size_t len);
