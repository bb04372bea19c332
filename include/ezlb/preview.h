/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * preview: a plan for the operator: grouped by service, with the reason for each operation, and
 * with a warning for each backend, listener, TOA option and file that the plan leaves out, and for
 * each backend whose role does not last. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ezlb/diag.h>
#include <ezlb/plan.h>
#include <ezlb/roster.h>
#include <ezlb/spec.h>
#include <ezlb/text.h>
#include <ezlb/verdict.h>

struct ezlb_preview {
	const struct ezlb_plan *plan; /* in the order of execution */
	const struct ezlb_plan *old;  /* removes the rules of the other SNAT driver; NULL: none */
	const struct ezlb_desired *desired;   /* the set that the plan applies */
	const struct ezlb_verdicts *verdicts; /* sorted */
	const struct ezlb_roster *roster;     /* why a backend is a dest or not; NULL: not known */
	uint64_t now_ms;		      /* by ezlb_now_ms, as the times in the roster */
	const struct ezlb_diags *diags;	      /* of refused files, sorted; NULL: none */
	/* Listeners of `desired` that belong to foreign virtual services, sorted; NULL: none. */
	const struct ezlb_scope *foreign;
	const struct ezlb_syncs *foreign_syncs; /* as in struct ezlb_pass_found; NULL: none */
	const char *toa_problem;		/* of struct ezlb_table; NULL: not known */
	enum ezlb_snat_key_kind snat_key;	/* of the SNAT layer (layer.h) */
	const char *vip_device;			/* as in struct ezlb_policy; NULL: not known */
	bool drained;				/* this balancer is drained */
	bool outcome;				/* the ops were executed: show their results */
};

/*
 * Empty if there are no ops and no warnings. Groups: services by name, the host, what no file asks
 * for, refused files. In each group first the ops in the order of execution, then the warnings:
 *
 *   ! backend 10.1.0.2:80, not added: down (http_status 404)  web.yaml:8
 *   ! backend 10.1.0.3:80, drains: it left the file; at most 12 s more, 3 connections open
 *
 * If there are ops, the last line counts them.
 */
void ezlb_preview_text(const struct ezlb_preview *preview, bool colour, struct ezlb_text *out);
/*
 * The same as one JSON document; ends in a newline:
 *
 *   {"summary": {"add": 1, "change": 0, "remove": 0, "failed": 0}, "ops": [{
 *     "op": "dest-add", "action": "add", "service": "web", "listen": "tcp 10.0.0.1:80",
 *     "object": "backend", "what": "backend 10.1.0.1:80, weight 1",
 *     "text": "dest-add tcp 10.0.0.1:80 -> 10.1.0.1:80 masq weight 1",
 *     "reason": "web.yaml:7, backend is up", "file": "/etc/ezlb/services.d/web.yaml", "line": 7,
 *     "outcome": null, "error": null}],
 *    "warnings": [{"service": "web", "listen": "tcp 10.0.0.1:80", "object": "backend",
 *     "text": "backend 10.1.0.2:80, not added: down (http_status 404)", "reason": "web.yaml:8",
 *     "file": "/etc/ezlb/services.d/web.yaml", "line": 8}]}
 *
 * service, listen, file and line may be null. Objects are listener, backend, snat, mark, toa,
 * accept, address, link, module, sysctl, timeout, sync, hook, toa-program, snat-frame and firewall.
 * outcome is done, held or failed, and null for a plan; error says why it is not done. The summary
 * counts every op, also as failed those that are not done. A warning is about a backend, a
 * listener, a TOA option (toa) or a file.
 */
void ezlb_preview_json(const struct ezlb_preview *preview, struct ezlb_text *out);
