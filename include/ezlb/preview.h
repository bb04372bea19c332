/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * preview: a plan for whoever has to decide on it: grouped by service, with the reason for each
 * operation. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ezlb/plan.h>
#include <ezlb/spec.h>
#include <ezlb/text.h>
#include <ezlb/verdict.h>

struct ezlb_preview {
	const struct ezlb_plan *plan;	      /* in the order of execution */
	const struct ezlb_plan *old;	      /* what the other SNAT backend loses; NULL: nothing */
	const struct ezlb_desired *desired;   /* the set that the plan leads to */
	const struct ezlb_verdicts *verdicts; /* sorted */
	enum ezlb_snat_key_kind snat_key;     /* of the SNAT layer (layer.h) */
	bool outcome; /* the ops were carried out: say what became of each */
};

/*
 * "" where there is nothing to do; else ends with a line that counts. Services by name, then what
 * is the host's, then what no file asks for; in each the order is that of execution.
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
 *     "outcome": null, "error": null}]}
 *
 * service, listen, file and line are null where there is none. Objects are listener, backend, snat,
 * accept, address, link, module, sysctl, snat-frame and firewall. outcome is done, held or failed,
 * and null for a plan; error has the words where it is not done. The summary counts every op, and
 * again those that are not done.
 */
void ezlb_preview_json(const struct ezlb_preview *preview, struct ezlb_text *out);
