/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * answers: finds virtual services into which packets go and out of which none come, from samples of
 * the kernel's counters. Pure: the caller reads the counters and passes the time.
 */
#pragma once

#include <ezlb/spec.h>
#include <ezlb/traffic.h>

#define EZLB_ANSWERS_SAMPLE_MS 10000 /* the caller takes a sample so often */

/* One virtual service since the last packet that went out of it. */
struct ezlb_answers_row {
	struct ezlb_service_key service;
	uint64_t in, out;  /* the kernel's counters in the last sample */
	uint64_t asked;	   /* packets that came in since then */
	unsigned samples;  /* samples in which some of these came in */
	uint64_t since_ms; /* the last sample before these */
	uint64_t asked_ms; /* the last sample in which packets came in */
	bool silent;
};

/* The zero value has no sample yet. */
struct ezlb_answers {
	struct EZLB_VEC(struct ezlb_answers_row) rows; /* sorted by service */
};

/*
 * Whether answers to the service pass this host, so that a service without any is a problem: masq,
 * and not one-packet scheduling, whose answers IPVS does not count.
 */
bool ezlb_answers_pass(const struct ezlb_spec *spec);

/*
 * Takes the counters of services into account; rows of dests are ignored, and services without a
 * row are forgotten. A service becomes silent after at least 10 packets in two samples and 10
 * seconds without an answer. It is no longer silent when an answer goes out, when its counters
 * begin again, or when no packet has come in for 5 minutes. Returns true if a service became silent
 * or is no longer. `clock_ms` is by ezlb_now_ms.
 */
bool ezlb_answers_sample(struct ezlb_answers *answers, const struct ezlb_traffic *traffic,
			 uint64_t clock_ms);
/* The same for counters that are as in the last sample, at a much lower cost. */
bool ezlb_answers_still(struct ezlb_answers *answers, uint64_t clock_ms);

/*
 * The first silent listener of the service; NULL: none. Much UDP is one-way (syslog, statsd), and a
 * firewall mark may have such packets. So these are reported only if the service has sent at least
 * one packet for ten that it got, before it became silent.
 */
const struct ezlb_answers_row *ezlb_answers_silent(const struct ezlb_answers *answers,
						   const struct ezlb_spec *spec);
void ezlb_answers_clear(struct ezlb_answers *answers);
