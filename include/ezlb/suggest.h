/* SPDX-License-Identifier: GPL-2.0-or-later */
/* suggest: finds the allowed word that a user probably meant. */
#pragma once

#include <stddef.h>

/* The index of text in words[0..n), or -EINVAL. */
int ezlb_word_index(const char *const *words, size_t n, const char *text);
/* The nearest of words[0..n), or NULL if none is near. Case does not count. */
const char *ezlb_suggest(const char *typed, const char *const *words, size_t n);
