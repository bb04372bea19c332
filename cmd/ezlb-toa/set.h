/* SPDX-License-Identifier: GPL-2.0-or-later */
/* set: the maps, programs and links of one receiver, as descriptors; -1: not open. */
#pragma once

#include <linux/bpf.h>

#include "from.h"

enum set_map { MAP_CLIENTS, MAP_FROM, MAP_CONFIG, MAP_COUNTERS, MAP_SCRATCH, MAPS };
/* In the order in which they are attached: no address is kept that nobody would see. */
enum set_program { PROGRAM_PEER4, PROGRAM_PEER6, PROGRAM_SOCKOPS, PROGRAMS };

struct set {
	int maps[MAPS];
	int programs[PROGRAMS];
	int links[PROGRAMS];
};

void set_init(struct set *set);
void set_close(struct set *set);

/* As the kernel knows them: "toa_clients", "toa_sockops". */
const char *set_map_name(enum set_map map);
const char *set_program_name(enum set_program program);

/* Creates the maps that are not open. */
int set_make_maps(struct set *set, struct ezlb_err *err);
/* Whether the map in `fd` can be used by these programs. */
bool set_map_fits(enum set_map map, int fd);

/* Loads the programs, with the maps of the set. */
int set_load(struct set *set, struct ezlb_err *err);

/* Replaces the list of balancers. At any time either the old list or the new one counts. */
int set_believe(struct set *set, const struct from_list *list, struct ezlb_err *err);

/* The keys of the map toa_from that count now, and the counters, summed over the processors. */
int set_read_list(const struct set *set, struct from_list *list, struct ezlb_err *err);
int set_read_counters(const struct set *set, uint64_t counters[TOA_COUNTERS], struct ezlb_err *err);

/* A link that ends with its descriptor, or with its pin. */
int set_link(const struct set *set, enum set_program program, int cgroup, struct ezlb_err *err);
