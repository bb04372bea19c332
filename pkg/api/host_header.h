/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_header: whether somebody asked by address. A web page can make its own name resolve to
 * 127.0.0.1 (DNS rebinding) and would then read answers as its own; it cannot do so with an address
 * or with "localhost", which no browser asks the DNS for.
 */
#pragma once

#include <stdbool.h>

/* The value of a Host header, RFC 9110 7.2: an address or localhost, a port behind it or none. */
bool host_is_address(const char *host);
