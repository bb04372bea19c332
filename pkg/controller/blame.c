// SPDX-License-Identifier: GPL-2.0-or-later
#include "blame.h"

#include <ezlb/log.h>
#include <ezlb/snat.h>

static struct ezlb_addr listen_of(const struct ezlb_op *op)
{
	const struct ezlb_subject subject = ezlb_op_subject(op);

	if (subject.kind == EZLB_SUBJECT_SERVICE)
		return subject.service.listen.addr;
	if (subject.kind == EZLB_SUBJECT_ADDR)
		return subject.addr;
	return (struct ezlb_addr){ 0 };
}

static void suspect(const struct ezlb_op *op, char buf[EZLB_SUSPECT_STRLEN])
{
	enum ezlb_layer_kind layer = ezlb_op_layer(op->kind);
	const struct ezlb_addr listen = listen_of(op);

	/* A program that removes source NAT rules also removes accept rules. */
	if (layer == EZLB_LAYER_FIREWALL)
		layer = EZLB_LAYER_SNAT;
	if (ezlb_host_suspect("/proc", layer, &listen, buf))
		return;
	if (layer != EZLB_LAYER_HOST && ezlb_snat_iptables_has_chain("KUBE-"))
		ezlb_strcpy(buf, EZLB_SUSPECT_STRLEN,
			    "perhaps kube-proxy: there are chains KUBE-* on this host");
	else
		ezlb_strcpy(buf, EZLB_SUSPECT_STRLEN,
			    "nothing on this host gives away who: look for another load balancer, "
			    "a firewall manager or a cron job");
}

const struct ezlb_op *blame(struct ezlb_pass *pass, const struct ezlb_plan *drift, uint64_t now_ms,
			    char who[EZLB_SUSPECT_STRLEN])
{
	char what[EZLB_OP_STRLEN];
	size_t n;
	const struct ezlb_op *op = ezlb_pass_fights(pass, drift, now_ms, &n);

	if (!op)
		return NULL;
	suspect(op, who);
	ezlb_log(EZLB_ERROR, "controller",
		 EZLB_S("msg", "another program keeps undoing ezlb's changes: "
			       "repairing at most every 5 s"),
		 EZLB_S("change", ezlb_op_format(op, what)), EZLB_I("objects", n),
		 EZLB_S("suspect", who));
	return op;
}

bool blame_calm(struct ezlb_pass *pass, uint64_t now_ms)
{
	if (ezlb_pass_calm(pass, now_ms) == 0)
		return false;
	ezlb_log(EZLB_INFO, "controller",
		 EZLB_S("msg", "the other program stopped undoing ezlb's changes"));
	return true;
}
