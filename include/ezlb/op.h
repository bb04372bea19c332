/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * op: one operation of a plan, and one table of facts about each kind: its name, the layer that
 * executes it, its phase, its action and the kind of its row.
 */
#pragma once

#include <stdbool.h>

#include <ezlb/table.h>

enum ezlb_layer_kind {
	EZLB_LAYER_HOST,
	EZLB_LAYER_FIREWALL,
	EZLB_LAYER_SNAT,
	EZLB_LAYER_MARK,
	EZLB_LAYER_TOA,
	EZLB_LAYER_IPVS,
	EZLB_LAYERS
};
const char *ezlb_layer_kind_str(enum ezlb_layer_kind kind); /* "ipvs" */

/* In order of execution: add before remove. */
enum EZLB_BYTE ezlb_op_kind {
	EZLB_OP_HOST_SET,
	EZLB_OP_LINK_ADD,
	EZLB_OP_FIREWALL_SETUP, /* create or repair the frame of the accepts */
	EZLB_OP_ACCEPT_ADD,
	EZLB_OP_SNAT_SETUP, /* create or repair the frame */
	EZLB_OP_SNAT_ADD,
	EZLB_OP_SNAT_SET,
	EZLB_OP_MARK_ADD,
	EZLB_OP_GUARD_ADD, /* before the address is there */
	EZLB_OP_TOA_SETUP, /* load the program and its maps, or repair them */
	EZLB_OP_TOA_ADD,
	EZLB_OP_TOA_SET,
	EZLB_OP_HOOK_ADD,
	EZLB_OP_SYNC_ADD, /* start a sync daemon of IPVS */
	EZLB_OP_SYNC_SET, /* stop it and start it with other values, or on a new interface */
	EZLB_OP_TIMEOUT_SET,
	EZLB_OP_SERVICE_ADD,
	EZLB_OP_SERVICE_SET,
	EZLB_OP_DEST_ADD,
	EZLB_OP_DEST_SET,
	EZLB_OP_VIP_ADD, /* an address comes after the dests behind it, and goes before them */
	EZLB_OP_VIP_DEL,
	EZLB_OP_DEST_DEL,
	EZLB_OP_SERVICE_DEL,
	EZLB_OP_TIMEOUT_RESET, /* restore the old value; not planned if it was changed since */
	EZLB_OP_SYNC_DEL,
	EZLB_OP_GUARD_DEL, /* after the address has gone; see by_dest for the exceptions */
	EZLB_OP_MARK_DEL,
	EZLB_OP_TOA_DEL,
	EZLB_OP_HOOK_DEL,
	EZLB_OP_TOA_TEARDOWN, /* remove the program, its maps and all its hooks */
	EZLB_OP_SNAT_DEL,
	EZLB_OP_SNAT_TEARDOWN, /* remove the frame and everything in it */
	EZLB_OP_ACCEPT_DEL,
	EZLB_OP_FIREWALL_TEARDOWN,
	EZLB_OP_LINK_DEL,
	EZLB_OP_HOST_RESET, /* restore the old value, unless it was changed since */
	EZLB_OPS
};

/* The kind of row that an op changes. Each except the frames has a member in struct ezlb_op. */
enum ezlb_object {
	EZLB_OBJECT_SETTING,
	EZLB_OBJECT_LINK,
	EZLB_OBJECT_VIP,
	EZLB_OBJECT_FIREWALL_FRAME,
	EZLB_OBJECT_ACCEPT,
	EZLB_OBJECT_SNAT_FRAME,
	EZLB_OBJECT_SNAT,
	EZLB_OBJECT_MARK,
	EZLB_OBJECT_GUARD,
	EZLB_OBJECT_TOA_FRAME,
	EZLB_OBJECT_TOA,
	EZLB_OBJECT_HOOK,
	EZLB_OBJECT_SYNC,
	EZLB_OBJECT_TIMEOUT,
	EZLB_OBJECT_SERVICE,
	EZLB_OBJECT_DEST,
	EZLB_OBJECTS
};

enum ezlb_action {
	EZLB_ACTION_ADD,
	EZLB_ACTION_SET, /* from the actual to the target value */
	EZLB_ACTION_DEL,
	EZLB_ACTION_RESET, /* to the value from before ezlb */
	EZLB_ACTIONS
};

/*
 * The ops of one phase go to a layer in one call: no op depends on another op of its phase. Ops of
 * DESTS come before and after those of VIPS; without an op of VIPS they are one call.
 */
enum ezlb_phase {
	EZLB_PHASE_SETTINGS,
	EZLB_PHASE_HOST,
	EZLB_PHASE_FIREWALL,
	EZLB_PHASE_SNAT,
	EZLB_PHASE_MARK,
	EZLB_PHASE_GUARD,
	EZLB_PHASE_TOA_FRAME,
	EZLB_PHASE_TOA,
	EZLB_PHASE_SYNC, /* early, so that a balancer knows connections before it gets them */
	EZLB_PHASE_SERVICES,
	EZLB_PHASE_DESTS,
	EZLB_PHASE_VIPS,
	EZLB_PHASE_VIPS_DEL,
	EZLB_PHASE_SERVICES_DEL,
	EZLB_PHASE_SYNC_DEL,
	EZLB_PHASE_GUARD_DEL,
	EZLB_PHASE_MARK_DEL,
	EZLB_PHASE_TOA_DEL,
	EZLB_PHASE_SNAT_DEL,
	EZLB_PHASE_FIREWALL_DEL,
	EZLB_PHASE_HOST_DEL
};

/* The facts about a kind of op. A new kind is a member of enum ezlb_op_kind and a row of these. */
struct ezlb_op_facts {
	const char *name; /* "dest-add" */
	enum ezlb_layer_kind layer;
	enum ezlb_phase phase; /* the default; see ezlb_op_phase */
	enum ezlb_action action;
	enum ezlb_object object;
};

/* The result of an op: 0 done, -errno failed, or one of these. */
#define EZLB_PENDING 1 /* not tried yet */
#define EZLB_HELD    2 /* an op that it depends on failed; the next pass tries again */

struct ezlb_op {
	enum ezlb_op_kind kind;
	int rc;
	union {
		struct ezlb_service_row service;
		struct ezlb_dest_row dest;
		struct ezlb_snat_row snat;
		struct ezlb_setting_row setting;
		struct ezlb_timeout_row timeout;
		struct ezlb_sync_row sync;
		struct ezlb_accept_row accept;
		struct ezlb_mark_row mark;
		struct ezlb_guard_row guard;
		struct ezlb_toa_row toa;
		struct ezlb_hook_row hook;
		struct ezlb_link_row link;
		struct ezlb_vip_row vip;
	};
	union { /* *_SET only: the actual row, for people who read the plan */
		struct ezlb_service_row old_service;
		struct ezlb_dest_row old_dest;
		struct ezlb_snat_row old_snat;
		struct ezlb_setting_row old_setting;
		struct ezlb_toa_row old_toa;
		struct ezlb_timeout_row old_timeout; /* seconds 0: unknown */
		struct ezlb_sync_row old_sync;
	};
};

const struct ezlb_op_facts *ezlb_op_facts(enum ezlb_op_kind kind);
const char *ezlb_op_kind_str(enum ezlb_op_kind kind);
enum ezlb_layer_kind ezlb_op_layer(enum ezlb_op_kind kind);
enum ezlb_object ezlb_op_object(enum ezlb_op_kind kind);
enum ezlb_action ezlb_op_action(enum ezlb_op_kind kind);
enum ezlb_phase ezlb_op_phase(const struct ezlb_op *op);
/* The kind with this object and action; EZLB_OPS if there is none. */
enum ezlb_op_kind ezlb_op_kind_of(enum ezlb_object object, enum ezlb_action action);

/*
 * In the order of execution: by kind, then by the key of the row. A DEST_SET to weight 0 stands
 * before DEST_DEL.
 */
int ezlb_op_cmp(const void *a, const void *b);

/*
 * What an op is for, as a key. The ops of a service, of its dests, of its accepts, and of its SNAT
 * row for a listener have the same subject.
 */
enum ezlb_subject_kind {
	EZLB_SUBJECT_FRAME,   /* the whole layer; no key */
	EZLB_SUBJECT_SERVICE, /* service */
	EZLB_SUBJECT_BACKEND, /* backend: a SNAT row for all services that send to this backend */
	EZLB_SUBJECT_ADDR,    /* addr: all services that listen on this address */
	EZLB_SUBJECT_LINK,    /* link; a hook has the same subject */
	EZLB_SUBJECT_SETTING, /* setting, ignoring its value */
	EZLB_SUBJECT_TIMEOUT, /* timeout, ignoring its value */
	EZLB_SUBJECT_SYNC     /* sync, by its role */
};
struct ezlb_subject {
	enum ezlb_subject_kind kind;
	union {
		struct ezlb_service_key service;
		struct ezlb_snat_key backend;
		struct ezlb_addr addr;
		struct ezlb_link_row link;
		struct ezlb_setting_row setting;
		struct ezlb_timeout_row timeout;
		struct ezlb_sync_row sync;
	};
};
struct ezlb_subject ezlb_op_subject(const struct ezlb_op *op);
int ezlb_subject_cmp(const void *a, const void *b);
/* The one service that the op is for; false if it is for none or for several. */
bool ezlb_op_service(const struct ezlb_op *op, struct ezlb_service_key *out);
