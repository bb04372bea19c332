/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_header: checks the Host header against DNS rebinding. A web page can make its own name
 * resolve to 127.0.0.1 and then read the answers. This does not work with an address or with
 * "localhost", which browsers do not resolve by DNS.
 */
#pragma once

#include <stdbool.h>

/* True if the value (RFC 9110 7.2) is an address or localhost, with or without a port. */
bool host_is_address(const char *host);
/*
 * True if it is one word without a dot and without a port, as in `curl --unix-socket ...
 * http://ezlb`. A browser that uses a forwarded socket sends the port of its end, which is not 80.
 */
bool host_is_label(const char *host);
