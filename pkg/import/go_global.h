/* SPDX-License-Identifier: GPL-2.0-or-later */
/* go_global: the section `global` of the Go program, whose place is taken by flags. */
#pragma once

#include <ezlb/import.h>
#include <ezlb/yaml.h>

/* Notes for the settings that are not as ezlb has them without a flag. */
void go_global_notes(struct ezlb_import *import, const char *file, const struct ezlb_node *map);
/* A note for each key of a mapping that is none of `known`. The service may be "". */
void go_unknown_keys(struct ezlb_import *import, const char *file, const char *service,
		     const struct ezlb_node *map, const char *const *known);
