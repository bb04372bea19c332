/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow: one flow of a client through IPVS, as far as a pass knows it and conntrack looks for it. */
#pragma once

#include <ezlb/spec.h>

/* The flows from anybody to `listen` that IPVS gave to `backend`. */
struct ezlb_flow {
	enum ezlb_proto proto;
	struct ezlb_endpoint listen;
	struct ezlb_endpoint backend;
};
struct ezlb_flows EZLB_VEC(struct ezlb_flow);
