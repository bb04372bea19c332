// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/table.h>

#include <errno.h>
#include <stdio.h>

#define CMP(a, b) (((a) > (b)) - ((a) < (b)))

int ezlb_service_key_cmp(const void *pa, const void *pb)
{
	const struct ezlb_service_key *a = pa, *b = pb;
	int rc = CMP(a->proto, b->proto);

	return rc ? rc : ezlb_endpoint_cmp(&a->listen, &b->listen);
}

int ezlb_service_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_service_row *a = pa, *b = pb;

	return ezlb_service_key_cmp(&a->key, &b->key);
}

int ezlb_dest_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_dest_row *a = pa, *b = pb;
	int rc = ezlb_service_key_cmp(&a->service, &b->service);

	return rc ? rc : ezlb_endpoint_cmp(&a->endpoint, &b->endpoint);
}

int ezlb_snat_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_snat_row *a = pa, *b = pb;
	int rc = CMP(a->proto, b->proto);

	return rc ? rc : ezlb_endpoint_cmp(&a->backend, &b->backend);
}

int ezlb_setting_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_setting_row *a = pa, *b = pb;
	int rc = CMP(a->setting, b->setting);

	return rc ? rc : strcmp(a->device, b->device);
}

int ezlb_accept_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_accept_row *a = pa, *b = pb;
	int rc = CMP(a->gate, b->gate);

	return rc ? rc : ezlb_service_key_cmp(&a->service, &b->service);
}

int ezlb_link_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_link_row *a = pa, *b = pb;

	return strcmp(a->device, b->device);
}

int ezlb_vip_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_vip_row *a = pa, *b = pb;
	int rc = strcmp(a->device, b->device);

	return rc ? rc : ezlb_addr_cmp(&a->addr, &b->addr);
}

int ezlb_addr_row_cmp(const void *a, const void *b)
{
	return ezlb_addr_cmp(a, b);
}

bool ezlb_service_row_same(const struct ezlb_service_row *a, const struct ezlb_service_row *b)
{
	return strcmp(a->scheduler, b->scheduler) == 0 && a->flags == b->flags &&
	       a->timeout == b->timeout && a->netmask == b->netmask;
}

bool ezlb_dest_row_same(const struct ezlb_dest_row *a, const struct ezlb_dest_row *b)
{
	return a->forward == b->forward && a->weight == b->weight && a->upper == b->upper &&
	       a->lower == b->lower;
}

bool ezlb_snat_row_same(const struct ezlb_snat_row *a, const struct ezlb_snat_row *b)
{
	return ezlb_range_cmp(&a->to, &b->to) == 0;
}

void ezlb_table_sort(struct ezlb_table *table)
{
	EZLB_SORT(&table->services, ezlb_service_row_cmp);
	EZLB_SORT(&table->dests, ezlb_dest_row_cmp);
	EZLB_SORT(&table->snats, ezlb_snat_row_cmp);
	EZLB_SORT(&table->settings, ezlb_setting_row_cmp);
	EZLB_SORT(&table->accepts, ezlb_accept_row_cmp);
	EZLB_SORT(&table->links, ezlb_link_row_cmp);
	EZLB_SORT(&table->vips, ezlb_vip_row_cmp);
	EZLB_SORT(&table->elsewhere, ezlb_addr_row_cmp);
}

void ezlb_table_clear(struct ezlb_table *table)
{
	EZLB_VEC_CLEAR(&table->services);
	EZLB_VEC_CLEAR(&table->dests);
	EZLB_VEC_CLEAR(&table->snats);
	EZLB_VEC_CLEAR(&table->settings);
	EZLB_VEC_CLEAR(&table->accepts);
	EZLB_VEC_CLEAR(&table->links);
	EZLB_VEC_CLEAR(&table->vips);
	EZLB_VEC_CLEAR(&table->elsewhere);
	*table = (struct ezlb_table){ .snat_wanted = false };
}

bool ezlb_scope_has(const struct ezlb_scope *scope, const struct ezlb_service_key *key)
{
	return EZLB_FIND(scope, key, ezlb_service_key_cmp) != NULL;
}

const char *ezlb_service_key_format(const struct ezlb_service_key *key,
				    char buf[EZLB_SERVICE_KEY_STRLEN])
{
	char ep[EZLB_ENDPOINT_STRLEN];

	snprintf(buf, EZLB_SERVICE_KEY_STRLEN, "%s %s", ezlb_proto_str(key->proto),
		 ezlb_endpoint_format(&key->listen, ep));
	return buf;
}

/* A setting of an interface has its name where the "%s" is. */
static const struct {
	const char *name;
	int wanted;
} settings[] = {
	[EZLB_IP_TABLES] = { "module ip_tables", 1 },
	[EZLB_IP6_TABLES] = { "module ip6_tables", 1 },
	[EZLB_VS_CONNTRACK] = { "net.ipv4.vs.conntrack", 1 },
	[EZLB_VS_EXPIRE_NODEST] = { "net.ipv4.vs.expire_nodest_conn", 1 },
	[EZLB_IP_FORWARD] = { "net.ipv4.ip_forward", 1 },
	[EZLB_ACCEPT_RA] = { "net.ipv6.conf.%s.accept_ra", 2 },
	[EZLB_IP6_FORWARD] = { "net.ipv6.conf.all.forwarding", 1 },
	[EZLB_ARP_IGNORE] = { "net.ipv4.conf.all.arp_ignore", 1 },
	[EZLB_ARP_ANNOUNCE] = { "net.ipv4.conf.all.arp_announce", 2 },
};

bool ezlb_setting_is_module(enum ezlb_setting setting)
{
	return setting == EZLB_IP_TABLES || setting == EZLB_IP6_TABLES;
}

bool ezlb_setting_serves_snat(enum ezlb_setting setting)
{
	return ezlb_setting_is_module(setting) || setting == EZLB_VS_CONNTRACK ||
	       setting == EZLB_IP_FORWARD || setting == EZLB_IP6_FORWARD;
}

int ezlb_setting_wanted(enum ezlb_setting setting)
{
	return settings[setting].wanted;
}

const char *ezlb_setting_format(const struct ezlb_setting_row *row, char buf[EZLB_SETTING_STRLEN])
{
	const char *name = settings[row->setting].name, *gap = strchr(name, '%');

	if (gap)
		snprintf(buf, EZLB_SETTING_STRLEN, "%.*s%s%s", (int)(gap - name), name, row->device,
			 gap + 2);
	else
		ezlb_strcpy(buf, EZLB_SETTING_STRLEN, name);
	return buf;
}

/* What stands in place of the "%s"; false where the text does not fit the name. */
static bool take_device(const char *text, const char *name, char device[EZLB_DEVICE_STRLEN])
{
	const char *gap = strchr(name, '%');
	size_t before = gap ? (size_t)(gap - name) : 0, after = gap ? strlen(gap + 2) : 0;
	size_t len = strlen(text);

	memset(device, 0, EZLB_DEVICE_STRLEN);
	if (!gap)
		return strcmp(text, name) == 0;
	if (len <= before + after || strncmp(text, name, before) != 0 ||
	    strcmp(text + len - after, gap + 2) != 0)
		return false;
	len -= before + after;
	if (len >= EZLB_DEVICE_STRLEN)
		return false;
	snprintf(device, EZLB_DEVICE_STRLEN, "%.*s", (int)len, text + before);
	return true;
}

int ezlb_setting_parse(const char *text, struct ezlb_setting_row *out)
{
	char device[EZLB_DEVICE_STRLEN];

	for (int i = 0; i < EZLB_SETTINGS; i++) {
		if (!take_device(text, settings[i].name, device))
			continue;
		out->setting = (enum ezlb_setting)i;
		memcpy(out->device, device, sizeof(device));
		return 0;
	}
	return -EINVAL;
}

const char *ezlb_gate_str(enum ezlb_gate gate)
{
	return gate == EZLB_GATE_INPUT ? "input" : "forward";
}
