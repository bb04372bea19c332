/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tables: a table as text and back, for tables of cases. One row a line:
 *
 *   service PROTO LISTENER SCHEDULER
 *   dest PROTO LISTENER BACKEND WEIGHT [full_nat]
 *   snat PROTO BACKEND IP|masq
 *   setting module|conntrack|forward VALUE
 *   wanted | present | sound
 */
#pragma once

#include "cm.h"

#include <ezlb/table.h>

static const char *const setting_words[] = {
	[EZLB_IP_TABLES] = "module",
	[EZLB_VS_CONNTRACK] = "conntrack",
	[EZLB_IP_FORWARD] = "forward",
};

static inline enum ezlb_setting setting_of(const char *word)
{
	for (int i = 0; i < EZLB_SETTINGS; i++)
		if (strcmp(word, setting_words[i]) == 0)
			return (enum ezlb_setting)i;
	fail_msg("no setting '%s'", word);
	return EZLB_SETTINGS;
}

static inline struct ezlb_service_key key_of(const char *proto, const char *listen)
{
	struct ezlb_service_key key;

	assert_int_equal(ezlb_proto_parse(proto, &key.proto), 0);
	assert_int_equal(ezlb_endpoint_parse(listen, &key.listen, NULL), 0);
	return key;
}

static inline void snat_row_of(struct ezlb_snat_row *row, char w[6][64])
{
	assert_int_equal(ezlb_proto_parse(w[1], &row->proto), 0);
	assert_int_equal(ezlb_endpoint_parse(w[2], &row->backend, NULL), 0);
	if (strcmp(w[3], "masq") != 0)
		assert_int_equal(ezlb_addr_parse(w[3], &row->to, NULL), 0);
}

static inline void add_row(struct ezlb_table *table, const char *line)
{
	char w[6][64] = { "" };

	sscanf(line, "%63s %63s %63s %63s %63s %63s", w[0], w[1], w[2], w[3], w[4], w[5]);
	if (strcmp(w[0], "service") == 0) {
		struct ezlb_service_row *row = EZLB_PUSH(&table->services);

		row->key = key_of(w[1], w[2]);
		row->netmask = row->key.listen.addr.bytes[0] == 0xfd ? 128 : ~0u;
		ezlb_strcpy(row->scheduler, sizeof(row->scheduler), w[3]);
	} else if (strcmp(w[0], "dest") == 0) {
		struct ezlb_dest_row *row = EZLB_PUSH(&table->dests);

		row->service = key_of(w[1], w[2]);
		assert_int_equal(ezlb_endpoint_parse(w[3], &row->endpoint, NULL), 0);
		row->weight = (uint32_t)atoi(w[4]);
		row->full_nat = strcmp(w[5], "full_nat") == 0;
	} else if (strcmp(w[0], "snat") == 0) {
		snat_row_of(EZLB_PUSH(&table->snats), w);
	} else if (strcmp(w[0], "setting") == 0) {
		*EZLB_PUSH(&table->settings) = (struct ezlb_setting_row){ setting_of(w[1]),
									  atoi(w[2]) };
	}
	table->snat_wanted |= strcmp(w[0], "wanted") == 0;
	table->snat_present |= strcmp(w[0], "present") == 0 || strcmp(w[0], "sound") == 0;
	table->snat_sound |= strcmp(w[0], "sound") == 0;
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

/* The rows in their order; the caller frees. */
static inline char *text_of(const struct ezlb_table *t)
{
	char *out = NULL, key[EZLB_SERVICE_KEY_STRLEN], ep[EZLB_ENDPOINT_STRLEN];
	char addr[EZLB_ADDR_STRLEN];
	size_t size;
	FILE *f = open_memstream(&out, &size);

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
		fprintf(f, "snat %s %s %s\n", ezlb_proto_str(t->snats.items[i].proto),
			ezlb_endpoint_format(&t->snats.items[i].backend, ep),
			t->snats.items[i].to.family ? ezlb_addr_format(&t->snats.items[i].to, addr)
						    : "masq");
	for (size_t i = 0; i < t->settings.len; i++)
		fprintf(f, "setting %s %d\n", setting_words[t->settings.items[i].setting],
			t->settings.items[i].value);
	fprintf(f, "%s%s%s", t->snat_wanted ? "wanted\n" : "", t->snat_present ? "present\n" : "",
		t->snat_sound ? "sound\n" : "");
	fclose(f);
	return out;
}
