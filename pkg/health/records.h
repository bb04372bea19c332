/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * records: what daemon and worker say to each other about probes of type http and https, as bytes
 * of one record of the channel. Pure. The functions that read trust nothing: a wrong length, a word
 * out of range, a text with a NUL or a byte too many is -EBADMSG.
 *
 * The worker answers each PROBE with exactly one PROBE_RESULT, also if it was cancelled: so the
 * daemon knows which ids may still come.
 */
#pragma once

#include <ezlb/check.h>
#include <ezlb/mem.h>

#include "outcome.h"

struct ezlb_buffer EZLB_VEC(unsigned char);

/* A check that does not fit into a record (EZLB_RECORD_MAX) is in a memory file of at most this. */
#define EZLB_CHECK_RECORD_MAX (1024 * 1024)

/*
 * CHECK: what the probes of a check send and expect. The descriptors with it: first the CA file if
 * `has_ca`, then the memory file with these bytes if the record has none.
 */
struct ezlb_check_record {
	uint32_t id;
	enum ezlb_check_type type; /* HTTP or HTTPS */
	bool has_ca;
	struct ezlb_request *request; /* written: borrowed. Read: a new one. Without ca_file */
};

/* PROBE: begin one. */
struct ezlb_probe_record {
	uint32_t id, check;
	uint32_t timeout_ms;
	struct ezlb_endpoint target; /* with the port to probe */
	struct ezlb_addr source;     /* family 0: the kernel chooses */
};

/* PROBE_RESULT. A cancelled probe is a LOCAL_ERROR with ECANCELED. */
struct ezlb_result_record {
	uint32_t id;
	struct ezlb_probe_result result;
};

/* Each _put replaces the bytes in `out`, which the caller clears. */
void ezlb_check_record_put(const struct ezlb_check_record *record, struct ezlb_buffer *out);
void ezlb_probe_record_put(const struct ezlb_probe_record *record, struct ezlb_buffer *out);
void ezlb_result_record_put(const struct ezlb_result_record *record, struct ezlb_buffer *out);
/* CHECK_FORGET and PROBE_CANCEL have only the id. */
void ezlb_id_record_put(uint32_t id, struct ezlb_buffer *out);

/* Each _get returns 0 or -EBADMSG. The request is the caller's, who drops its reference. */
int ezlb_check_record_get(const void *data, size_t len, struct ezlb_check_record *out);
int ezlb_probe_record_get(const void *data, size_t len, struct ezlb_probe_record *out);
int ezlb_result_record_get(const void *data, size_t len, struct ezlb_result_record *out);
int ezlb_id_record_get(const void *data, size_t len, uint32_t *out);
