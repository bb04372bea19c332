/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow: the flows of clients through IPVS to one backend. */
#pragma once

#include <ezlb/spec.h>

/* The flows from any client to `listen` that IPVS sends to `backend`. */
struct ezlb_flow {
	enum ezlb_proto proto;
	struct ezlb_endpoint listen;
	struct ezlb_endpoint backend;
};
struct ezlb_flows EZLB_VEC(struct ezlb_flow);
