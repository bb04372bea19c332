// SPDX-License-Identifier: GPL-2.0-or-later
#include "host_header.h"

#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <ezlb/addr.h>

static bool is_port(const char *text)
{
	return text[0] == '\0' ||
	       (text[0] == ':' && text[1 + strspn(text + 1, "0123456789")] == '\0');
}

bool host_is_address(const char *host)
{
	bool bracket = host[0] == '[';
	const char *start = host + bracket;
	size_t len = strcspn(start, bracket ? "]" : ":");
	char name[EZLB_ADDR_STRLEN];
	struct ezlb_addr addr;

	if (len >= sizeof(name) || (bracket && start[len] != ']') ||
	    !is_port(start + len + bracket))
		return false;
	memcpy(name, start, len);
	name[len] = '\0';
	if (!bracket && strcasecmp(name, "localhost") == 0)
		return true;
	return ezlb_addr_parse(name, &addr, NULL) == 0 &&
	       addr.family == (bracket ? AF_INET6 : AF_INET);
}

bool host_is_label(const char *host)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t len = strspn(host, letters);

	return len > 0 && host[len] == '\0';
}
