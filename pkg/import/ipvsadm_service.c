// SPDX-License-Identifier: GPL-2.0-or-later
/* Values of ipvsadm, and the options of a virtual service. */
#include "ipvsadm.h"

#include <arpa/inet.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <string.h>

#define DAY_S	(24 * 3600)
#define NUMERIC "write numbers: use `ipvsadm -Sn`, not `ipvsadm -S`"

bool ipvsadm_refuse(struct parser *p, const struct args *args, enum option at, const char *help,
		    const char *what, const char *text)
{
	char shown[EZLB_SHOW_STRLEN];

	ezlb_source_refuse(&p->src, args->at[at].line ? args->at[at] : args->start, EZLB_E_VALUE,
			   help, "%s '%s'", what, ezlb_source_show(text, shown));
	return false;
}

bool ipvsadm_number(struct parser *p, const struct args *args, enum option at, uint32_t max,
		    uint32_t *out)
{
	const char *text = args->value[at];
	uint64_t n = 0;

	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9' || n > max)
			return ipvsadm_refuse(p, args, at, NULL, "not a number in range:", text);
		n = n * 10 + (uint64_t)(*c - '0');
	}
	if (!*text || n > max)
		return ipvsadm_refuse(p, args, at, NULL, "not a number in range:", text);
	*out = (uint32_t)n;
	return true;
}

/* "IP", "IP:port", "[IPv6]:port"; port 0 is none. */
bool ipvsadm_endpoint(struct parser *p, const struct args *args, enum option at,
		      struct ezlb_endpoint *out)
{
	const char *text = args->value[at];
	const char *bracket = strrchr(text, ']'), *colon = strrchr(text, ':');
	EZLB_AUTO_FREE char *host = NULL;
	bool brackets = text[0] == '[' && bracket;
	uint32_t port = 0;

	if (brackets)
		colon = bracket[1] == ':' ? bracket + 1 : NULL;
	host = brackets ? ezlb_strndup(text + 1, (size_t)(bracket - text - 1))
	       : colon	? ezlb_strndup(text, (size_t)(colon - text))
			: ezlb_strdup(text);
	for (const char *c = colon ? colon + 1 : ""; *c; c++) {
		port = port * 10 + (uint32_t)(*c - '0');
		if (*c < '0' || *c > '9' || port > UINT16_MAX)
			return ipvsadm_refuse(p, args, at, NUMERIC, "not a port in", text);
	}
	if (ezlb_addr_parse(host, &out->addr, NULL) < 0)
		return ipvsadm_refuse(p, args, at, NUMERIC, "not an IP address:", text);
	out->port = (uint16_t)port;
	return true;
}

/* ipvsadm prints those from 2147483648 on as negative numbers. */
bool ipvsadm_mark(struct parser *p, const struct args *args, uint32_t *out)
{
	struct args positive = *args;
	bool negative = args->value[OPT_FWMARK][0] == '-';

	positive.value[OPT_FWMARK] += negative;
	if (!ipvsadm_number(p, &positive, OPT_FWMARK, negative ? UINT32_C(1) << 31 : UINT32_MAX,
			    out))
		return false;
	if (negative)
		*out = (uint32_t)(-(int64_t)*out);
	return *out > 0 || ipvsadm_refuse(p, args, OPT_FWMARK, NULL, "not a firewall mark:", "0");
}

void ipvsadm_note(struct parser *p, const struct service *service, const struct args *args,
		  enum option at, enum ezlb_import_fate fate, const char *text)
{
	ezlb_import_note(p->import, fate, p->src.file, args->at[at], service->spec->name, "%s",
			 text);
}

/* sh-fallback, mh-port, flag-1 and so on. */
static void read_flags(struct parser *p, const struct service *service, const struct args *args)
{
	struct ezlb_spec *spec = service->spec;
	EZLB_AUTO_FREE char *text = ezlb_strdup(args->value[OPT_FLAGS]);
	bool hash_scheduler = strcmp(spec->scheduler, "sh") == 0 ||
			      strcmp(spec->scheduler, "mh") == 0;

	if (!hash_scheduler) {
		ipvsadm_note(p, service, args, OPT_FLAGS, EZLB_IMPORT_DROPPED,
			     "-b: only the schedulers sh and mh have flags");
		return;
	}
	for (char *save = NULL, *word = strtok_r(text, ",", &save); word;
	     word = strtok_r(NULL, ",", &save)) {
		bool own = strncmp(word, spec->scheduler, 2) == 0 && word[2] == '-';

		if (strcmp(word, "flag-1") == 0 || (own && strcmp(word + 3, "fallback") == 0))
			spec->flags |= IP_VS_SVC_F_SCHED1;
		else if (strcmp(word, "flag-2") == 0 || (own && strcmp(word + 3, "port") == 0))
			spec->flags |= IP_VS_SVC_F_SCHED2;
		else
			ezlb_import_note(p->import, EZLB_IMPORT_DROPPED, p->src.file,
					 args->at[OPT_FLAGS], spec->name,
					 "-b %s: the scheduler %s has no such flag", word,
					 spec->scheduler);
	}
}

/* "255.255.255.0", or the length of a prefix for IPv6. */
static bool read_netmask(struct parser *p, const struct args *args, struct ezlb_spec *spec)
{
	const char *text = args->value[OPT_NETMASK];
	struct in_addr mask;
	uint32_t bits, prefix = 0;

	if (!strchr(text, '.')) {
		if (!ipvsadm_number(p, args, OPT_NETMASK, 128, &prefix))
			return false;
		spec->persistence.prefix = (uint8_t)(prefix == 128 ? 0 : prefix);
		return true;
	}
	if (inet_pton(AF_INET, text, &mask) != 1)
		return ipvsadm_refuse(p, args, OPT_NETMASK, NULL, "not a netmask:", text);
	for (bits = ntohl(mask.s_addr); bits & 0x80000000u; bits <<= 1)
		prefix++;
	if (bits || prefix == 0)
		return ipvsadm_refuse(p, args, OPT_NETMASK, NULL,
				      "not the mask of a network:", text);
	spec->persistence.prefix = (uint8_t)(prefix == 32 ? 0 : prefix);
	return true;
}

bool ipvsadm_persistence(struct parser *p, const struct service *service, const struct args *args)
{
	struct ezlb_persistence *to = &service->spec->persistence;
	const char *engine = args->value[OPT_ENGINE];

	if (!args->value[OPT_PERSISTENT])
		return true;
	to->timeout_s = 300;
	if (*args->value[OPT_PERSISTENT] &&
	    !ipvsadm_number(p, args, OPT_PERSISTENT, UINT32_MAX, &to->timeout_s))
		return false;
	if (to->timeout_s > DAY_S) {
		to->timeout_s = DAY_S;
		ipvsadm_note(p, service, args, OPT_PERSISTENT, EZLB_IMPORT_CHANGED,
			     "-p: 24h is the longest persistence.timeout");
	}
	if (engine && strcmp(engine, "sip") != 0)
		return ipvsadm_refuse(p, args, OPT_ENGINE, "one of: sip",
				      "unknown persistence engine", engine);
	if (engine)
		ezlb_strcpy(to->engine, sizeof(to->engine), engine);
	return !args->value[OPT_NETMASK] || read_netmask(p, args, service->spec);
}

/* Without -s it is wlc. The parser of service files knows which schedulers there are. */
bool ipvsadm_scheduler(struct parser *p, const struct service *service, const struct args *args)
{
	struct ezlb_spec *spec = service->spec;
	const char *name = args->value[OPT_SCHEDULER];

	if (!ezlb_strcpy(spec->scheduler, sizeof(spec->scheduler), name ? name : "wlc"))
		return ipvsadm_refuse(p, args, OPT_SCHEDULER, NULL, "unknown scheduler", name);
	if (args->value[OPT_FLAGS])
		read_flags(p, service, args);
	if (args->value[OPT_ONE_PACKET])
		spec->flags |= IP_VS_SVC_F_ONEPACKET;
	return true;
}
