/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tables: a table as text and back, for tables of cases. One row a line:
 *
 *   service PROTO LISTENER SCHEDULER [sticky]
 *   dest PROTO LISTENER BACKEND WEIGHT [full_nat]
 *   snat PROTO BACKEND IP|IP-IP|masq
 *   PROTO "fwmark" has the mark as LISTENER
 *   setting WORD[:DEVICE] VALUE                     the words are below
 *   accept input|forward PROTO LISTENER
 *   link DEVICE
 *   vip DEVICE IP
 *   need IP PROTO LISTEN
 *   elsewhere IP
 *   gate input|forward 4|6
 *   toa PROTO LISTENER add|strip [254|253]
 *   hook DEVICE [qdisc]
 *   route IP DEVICE [qdisc|ingress]
 *   toa-problem
 *   toa-wanted | toa-present | toa-sound
 *   wanted | present | sound                        the frame of the SNAT rows
 *   accepts-wanted | accepts-present | accepts-sound
 */
#pragma once

#include "cm.h"

#include <linux/ip_vs.h>

#include <ezlb/table.h>

static const char *const setting_words[] = {
	[EZLB_IP_TABLES] = "module",
	[EZLB_IP6_TABLES] = "module6",
	[EZLB_VS_CONNTRACK] = "conntrack",
	[EZLB_VS_EXPIRE_NODEST] = "expire",
	[EZLB_VS_EXPIRE_QUIESCENT] = "quiescent",
	[EZLB_IP_FORWARD] = "forward",
	[EZLB_ACCEPT_RA] = "accept_ra",
	[EZLB_IP6_FORWARD] = "forward6",
	[EZLB_ARP_IGNORE] = "arp_ignore",
	[EZLB_ARP_ANNOUNCE] = "arp_announce",
	[EZLB_TCP_LIBERAL] = "liberal",
	[EZLB_SLOPPY_TCP] = "sloppy",
	[EZLB_SLOPPY_SCTP] = "sloppy_sctp",
	[EZLB_CT_EVENTS] = "events",
	[EZLB_CT_ACCT] = "acct",
	[EZLB_CT_TIMESTAMP] = "timestamp",
};

#define WORDS 6
struct words {
	char w[WORDS][64];
};

static inline struct ezlb_service_key key_of(const char *proto, const char *listen)
{
	struct ezlb_service_key key = { .proto = EZLB_TCP };

	if (strcmp(proto, "fwmark") == 0) {
		key.fwmark = (uint32_t)atoi(listen);
		key.listen.addr.family = 2; /* AF_INET */
		return key;
	}
	assert_int_equal(ezlb_proto_parse(proto, &key.proto), 0);
	assert_int_equal(ezlb_endpoint_parse(listen, &key.listen, NULL), 0);
	return key;
}

static inline enum ezlb_gate gate_of(const char *word)
{
	assert_true(strcmp(word, "input") == 0 || strcmp(word, "forward") == 0);
	return strcmp(word, "input") == 0 ? EZLB_GATE_INPUT : EZLB_GATE_FORWARD;
}

static inline void add_service(struct ezlb_table *table, const struct words *line)
{
	struct ezlb_service_row *row = EZLB_PUSH(&table->services);

	row->key = key_of(line->w[1], line->w[2]);
	row->netmask = row->key.listen.addr.bytes[0] == 0xfd ? 128 : ~0u;
	ezlb_strcpy(row->scheduler, sizeof(row->scheduler), line->w[3]);
	if (strcmp(line->w[4], "sticky") == 0) {
		row->flags = IP_VS_SVC_F_PERSISTENT;
		row->timeout = 300;
	}
}

static inline void add_dest(struct ezlb_table *table, const struct words *line)
{
	struct ezlb_dest_row *row = EZLB_PUSH(&table->dests);

	row->service = key_of(line->w[1], line->w[2]);
	assert_int_equal(ezlb_endpoint_parse(line->w[3], &row->endpoint, NULL), 0);
	row->weight = (uint32_t)atoi(line->w[4]);
	row->full_nat = strcmp(line->w[5], "full_nat") == 0;
}

static inline void add_snat(struct ezlb_table *table, const struct words *line)
{
	struct ezlb_snat_row *row = EZLB_PUSH(&table->snats);

	if (strcmp(line->w[0], "snat-listener") == 0)
		row->key.kind = EZLB_SNAT_KEY_LISTENER;
	assert_int_equal(ezlb_proto_parse(line->w[1], &row->key.proto), 0);
	assert_int_equal(ezlb_endpoint_parse(line->w[2], &row->key.endpoint, NULL), 0);
	if (strcmp(line->w[3], "masq") != 0)
		assert_int_equal(ezlb_range_parse(line->w[3], &row->to, NULL), 0);
}

static inline void add_setting(struct ezlb_table *table, const struct words *line)
{
	struct ezlb_setting_row *row = EZLB_PUSH(&table->settings);
	size_t len = strcspn(line->w[1], ":");
	int i = 0;

	while (i < EZLB_SETTINGS &&
	       (strlen(setting_words[i]) != len || strncmp(line->w[1], setting_words[i], len) != 0))
		i++;
	assert_in_range(i, 0, EZLB_SETTINGS - 1);
	row->setting = (enum ezlb_setting)i;
	row->value = atoi(line->w[2]);
	if (line->w[1][len])
		ezlb_strcpy(row->device, sizeof(row->device), line->w[1] + len + 1);
}

/* "sync master eth1 1 stale" */
static inline void add_sync(struct ezlb_table *table, const struct words *line)
{
	struct ezlb_sync_row *row = EZLB_PUSH(&table->syncs);

	assert_int_equal(ezlb_sync_role_parse(line->w[1], &row->role), 0);
	ezlb_strcpy(row->device, sizeof(row->device), line->w[2]);
	row->id = (uint32_t)atoi(line->w[3]);
	row->stale = strcmp(line->w[4], "stale") == 0;
}

static inline void add_accept(struct ezlb_table *table, const struct words *line)
{
	struct ezlb_accept_row *row = EZLB_PUSH(&table->accepts);

	row->gate = gate_of(line->w[1]);
	row->service = key_of(line->w[2], line->w[3]);
}

static inline void add_link(struct ezlb_table *table, const struct words *line)
{
	ezlb_strcpy(EZLB_PUSH(&table->links)->device, EZLB_DEVICE_STRLEN, line->w[1]);
}

static inline void add_vip(struct ezlb_table *table, const struct words *line)
{
	struct ezlb_vip_row *row = EZLB_PUSH(&table->vips);

	ezlb_strcpy(row->device, sizeof(row->device), line->w[1]);
	assert_int_equal(ezlb_addr_parse(line->w[2], &row->addr, NULL), 0);
}

/* "guard 10.0.0.1", "guard other" */
static inline void add_guard(struct ezlb_table *table, const struct words *line)
{
	struct ezlb_guard_row *row = EZLB_PUSH(&table->guards);

	if (strcmp(line->w[1], "other") != 0)
		assert_int_equal(ezlb_addr_parse(line->w[1], &row->addr, NULL), 0);
}

static inline void add_need(struct ezlb_table *table, const struct words *line)
{
	struct ezlb_vip_need *row = EZLB_PUSH(&table->vip_needs);

	assert_int_equal(ezlb_addr_parse(line->w[1], &row->addr, NULL), 0);
	row->service = key_of(line->w[2], line->w[3]);
}

static inline void add_elsewhere(struct ezlb_table *table, const struct words *line)
{
	assert_int_equal(ezlb_addr_parse(line->w[1], EZLB_PUSH(&table->elsewhere), NULL), 0);
}

static inline void add_toa(struct ezlb_table *table, const struct words *line)
{
	struct ezlb_toa_row *row = EZLB_PUSH(&table->toas);

	row->service = key_of(line->w[1], line->w[2]);
	row->mode = strcmp(line->w[3], "add") == 0 ? EZLB_TOA_ADD : EZLB_TOA_STRIP;
	row->ipv6_kind = (uint8_t)atoi(line->w[4]);
}

static inline void add_hook(struct ezlb_table *table, const struct words *line)
{
	struct ezlb_hook_row *row = EZLB_PUSH(&table->hooks);

	ezlb_strcpy(row->device, sizeof(row->device), line->w[1]);
	row->qdisc = strcmp(line->w[2], "qdisc") == 0;
}

static inline void add_route(struct ezlb_table *table, const struct words *line)
{
	struct ezlb_route_row *row = EZLB_PUSH(&table->routes);

	assert_int_equal(ezlb_addr_parse(line->w[1], &row->to, NULL), 0);
	ezlb_strcpy(row->device, sizeof(row->device), line->w[2]);
	row->qdisc = strcmp(line->w[3], "qdisc") == 0;
	row->ingress = strcmp(line->w[3], "ingress") == 0;
}

static inline void add_problem(struct ezlb_table *table, const struct words *line)
{
	(void)line;
	strcpy(table->toa_problem, "no such program");
}

static inline void add_gate(struct ezlb_table *table, const struct words *line)
{
	table->gates[gate_of(line->w[1])][line->w[2][0] == '6'] = true;
}

static inline void add_flag(struct ezlb_table *table, const struct words *line)
{
	const char *word = line->w[0];
	bool accepts = strncmp(word, "accepts-", 8) == 0;
	bool toa = strncmp(word, "toa-", 4) == 0;

	word += accepts ? 8 : 0;
	if (toa) {
		*(strcmp(word, "toa-wanted") == 0 ? &table->toa_wanted
						  : &table->toa_present) = true;
		table->toa_sound |= strcmp(word, "toa-sound") == 0;
		return;
	}
	if (strcmp(word, "wanted") == 0)
		*(accepts ? &table->accepts_wanted : &table->snat_wanted) = true;
	else if (strcmp(word, "present") == 0)
		*(accepts ? &table->accepts_present : &table->snat_present) = true;
	else if (strcmp(word, "sound") == 0 && accepts)
		table->accepts_present = table->accepts_sound = true;
	else if (strcmp(word, "sound") == 0)
		table->snat_present = table->snat_sound = true;
	else
		fail_msg("no row '%s'", word);
}

static inline void add_row(struct ezlb_table *table, const char *text)
{
	static const struct {
		const char *word;
		void (*add)(struct ezlb_table *, const struct words *);
	} kinds[] = {
		{ "service", add_service }, { "dest", add_dest },
		{ "snat", add_snat },	    { "snat-listener", add_snat },
		{ "setting", add_setting }, { "accept", add_accept },
		{ "link", add_link },	    { "vip", add_vip },
		{ "need", add_need },	    { "elsewhere", add_elsewhere },
		{ "gate", add_gate },	    { "toa", add_toa },
		{ "hook", add_hook },	    { "route", add_route },
		{ "sync", add_sync },	    { "toa-problem", add_problem },
		{ "guard", add_guard },
	};
	struct words line = { .w = { "" } };
	size_t i = 0;

	sscanf(text, "%63s %63s %63s %63s %63s %63s", line.w[0], line.w[1], line.w[2], line.w[3],
	       line.w[4], line.w[5]);
	while (i < COUNT_OF(kinds) && strcmp(kinds[i].word, line.w[0]) != 0)
		i++;
	if (i < COUNT_OF(kinds))
		kinds[i].add(table, &line);
	else
		add_flag(table, &line);
}

/* Sorted. NULL: empty. The caller clears. */
static inline struct ezlb_table table_of(const char *text)
{
	struct ezlb_table table = { .snat_wanted = false };
	EZLB_AUTO_FREE char *copy = ezlb_strdup(text ? text : "");
	char *save, *line = strtok_r(copy, "\n", &save);

	for (; line; line = strtok_r(NULL, "\n", &save))
		add_row(&table, line);
	ezlb_table_sort(&table);
	return table;
}

static inline void print_ipvs(FILE *f, const struct ezlb_table *t)
{
	char key[EZLB_SERVICE_KEY_STRLEN], ep[EZLB_ENDPOINT_STRLEN], range[EZLB_RANGE_STRLEN];

	for (size_t i = 0; i < t->services.len; i++)
		fprintf(f, "service %s %s\n",
			ezlb_service_key_format(&t->services.items[i].key, key),
			t->services.items[i].scheduler);
	for (size_t i = 0; i < t->dests.len; i++)
		fprintf(f, "dest %s %s %u%s\n",
			ezlb_service_key_format(&t->dests.items[i].service, key),
			ezlb_endpoint_format(&t->dests.items[i].endpoint, ep),
			t->dests.items[i].weight, t->dests.items[i].full_nat ? " full_nat" : "");
	for (size_t i = 0; i < t->snats.len; i++)
		fprintf(f, "snat%s %s %s\n",
			t->snats.items[i].key.kind == EZLB_SNAT_KEY_LISTENER ? "-listener" : "",
			ezlb_snat_key_format(&t->snats.items[i].key, key),
			t->snats.items[i].to.first.family
				? ezlb_range_format(&t->snats.items[i].to, range)
				: "masq");
}

static inline void print_host(FILE *f, const struct ezlb_table *t)
{
	char key[EZLB_SERVICE_KEY_STRLEN], addr[EZLB_ADDR_STRLEN], mark[EZLB_MARK_STRLEN];

	for (size_t i = 0; i < t->settings.len; i++)
		fprintf(f, "setting %s%s%s %d\n", setting_words[t->settings.items[i].setting],
			t->settings.items[i].device[0] ? ":" : "", t->settings.items[i].device,
			t->settings.items[i].value);
	for (size_t i = 0; i < t->syncs.len; i++)
		fprintf(f, "sync %s %s %u\n", ezlb_sync_role_str(t->syncs.items[i].role),
			t->syncs.items[i].device, t->syncs.items[i].id);
	for (size_t i = 0; i < t->accepts.len; i++)
		fprintf(f, "accept %s %s\n", ezlb_gate_str(t->accepts.items[i].gate),
			ezlb_service_key_format(&t->accepts.items[i].service, key));
	for (size_t i = 0; i < t->marks.len; i++)
		fprintf(f, "mark %s %s\n", ezlb_service_key_format(&t->marks.items[i].service, key),
			ezlb_mark_row_format(&t->marks.items[i], mark));
	for (size_t i = 0; i < t->links.len; i++)
		fprintf(f, "link %s\n", t->links.items[i].device);
	for (size_t i = 0; i < t->vips.len; i++)
		fprintf(f, "vip %s %s\n", t->vips.items[i].device,
			ezlb_addr_format(&t->vips.items[i].addr, addr));
	for (size_t i = 0; i < t->vip_needs.len; i++)
		fprintf(f, "need %s %s\n", ezlb_addr_format(&t->vip_needs.items[i].addr, addr),
			ezlb_service_key_format(&t->vip_needs.items[i].service, key));
}

static inline void print_toa(FILE *f, const struct ezlb_table *t)
{
	char key[EZLB_SERVICE_KEY_STRLEN];

	for (size_t i = 0; i < t->toas.len; i++) {
		const struct ezlb_toa_row *row = &t->toas.items[i];

		fprintf(f, "toa %s %s", ezlb_service_key_format(&row->service, key),
			ezlb_toa_mode_str(row->mode));
		fprintf(f, row->ipv6_kind ? " %u\n" : "\n", (unsigned)row->ipv6_kind);
	}
	for (size_t i = 0; i < t->hooks.len; i++)
		fprintf(f, "hook %s%s\n", t->hooks.items[i].device,
			t->hooks.items[i].qdisc ? " qdisc" : "");
	if (t->toa_wanted)
		fprintf(f, "toa-wanted\n");
}

/* The rows that a target has, in their order; the caller frees. */
static inline char *text_of(const struct ezlb_table *t)
{
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	print_ipvs(f, t);
	print_host(f, t);
	print_toa(f, t);
	fprintf(f, "%s%s%s%s", t->snat_wanted ? "wanted\n" : "", t->snat_present ? "present\n" : "",
		t->snat_sound ? "sound\n" : "", t->accepts_wanted ? "accepts-wanted\n" : "");
	fclose(f);
	return out;
}
