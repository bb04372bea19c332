/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * curl: libcurl, which is loaded when it is first needed. Users include <curl/curl.h> and call its
 * functions, but only after ezlb_curl_load() has succeeded. It has the functions that ezlb uses;
 * another one needs a line in pkg/curl/curl.c, without which the program does not link.
 */
#pragma once

#include <ezlb/err.h>

/* As ezlb_library_load(): cheap if it is loaded; -ELIBACC if it cannot be. */
int ezlb_curl_load(struct ezlb_err *err);
