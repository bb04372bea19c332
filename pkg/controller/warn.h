/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <ezlb/diag.h>
#include <ezlb/spec.h>

/* Adds a warning for each thing in the services that is valid and can hardly work. */
void warn_of(const struct ezlb_desired *desired, struct ezlb_diags *diags);
