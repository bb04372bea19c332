// SPDX-License-Identifier: GPL-2.0-or-later
#include "sample.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <ezlb/ipvs.h>

static int64_t read_number(const char *proc, const char *name)
{
	char path[256], text[32];
	EZLB_AUTO_CLOSE int fd = -1;
	int64_t number;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/sys/net/netfilter/%s", proc, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	return sscanf(text, "%" SCNd64, &number) == 1 ? number : -1;
}

/* Opens its own layer: the daemon's layer belongs to the loop. */
static void take_snats(struct sample *sample)
{
	struct ezlb_layer *layer;
	struct ezlb_err err;
	int rc = sample->snat == EZLB_SNAT_NFTABLES ? ezlb_snat_nftables_open(&layer, &err)
						    : ezlb_snat_iptables_open(&layer, &err);

	if (rc < 0)
		return;
	sample->snats_known = layer->list(layer, &sample->scope, &sample->snats, &err) == 0;
	EZLB_SORT(&sample->snats.snats, ezlb_snat_row_cmp);
	layer->close(layer);
}

void sample_conntrack(const char *proc, int64_t *entries, int64_t *max)
{
	*entries = read_number(proc, "nf_conntrack_count");
	*max = read_number(proc, "nf_conntrack_max");
}

void sample_take(struct sample *sample)
{
	sample_conntrack(sample->proc, &sample->conntrack_entries, &sample->conntrack_max);
	ezlb_connlog_counts(&sample->connlog);
	if (!sample->kernel)
		return;
	ezlb_ipvs_traffic(&sample->scope, &sample->traffic, &sample->traffic_err);
	sample->toa_known = ezlb_toa_read_counts(sample->toa, NULL) == 0;
	if (sample->snat != EZLB_SNAT_AUTO)
		take_snats(sample);
}

static void put_connlog(const struct ezlb_connlog_counts *from, struct ezlb_status_connlog *to)
{
	to->on = from->on;
	to->lines = from->lines;
	to->lost = from->missed + from->unwritten;
	ezlb_strcpy(to->problem, sizeof(to->problem), from->problem);
}

void sample_put(const struct sample *sample, struct ezlb_status *status)
{
	status->conntrack_entries = sample->conntrack_entries;
	status->conntrack_max = sample->conntrack_max;
	put_connlog(&sample->connlog, &status->connlog);
	if (!sample->kernel)
		return;
	ezlb_strcpy(status->traffic_error, sizeof(status->traffic_error), sample->traffic_err.msg);
	for (int i = 0; sample->toa_known && i < EZLB_TOA_COUNTS; i++)
		*EZLB_PUSH(&status->toa) = (struct ezlb_status_count){
			ezlb_toa_count_str((enum ezlb_toa_count)i), sample->toa[i]
		};
	if (!sample->traffic_err.code)
		ezlb_status_count(status, &sample->traffic);
	if (sample->snats_known)
		ezlb_status_count_snat(status, &sample->snats.snats);
}

void sample_clear(struct sample *sample)
{
	EZLB_VEC_CLEAR(&sample->scope);
	EZLB_VEC_CLEAR(&sample->traffic);
	ezlb_table_clear(&sample->snats);
}
