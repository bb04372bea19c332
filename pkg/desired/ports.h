/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ports: which version in force has a listener with a port of another one. The key of a range of
 * ports is its mark, so it is not equal to that of a port in the range. A search takes a few steps
 * for each doubling of the listeners, as long as those in force do not overlap.
 */
#pragma once

#include "entry.h"

#define PORTS_NOBODY SIZE_MAX

struct ports;

/* Of all versions of the entries. NULL: none has a range of ports. */
struct ports *ports_new(struct entry *entries, size_t n);
void ports_free(struct ports *ports); /* NULL is fine */

/* The version has come into force for the entry with this index, or is not any more. */
void ports_put(struct ports *ports, const struct version *version, size_t entry);
void ports_drop(struct ports *ports, const struct version *version);

/* The index of the first entry that has a port of this listener in force. */
size_t ports_holder(const struct ports *ports, const struct ezlb_listener *listener);
