/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files: what service files hold. */
#pragma once

#define CHECKLESS "health_check: {enabled: false}\n"
#define WEB	  "listen: 10.0.0.1:80\n" CHECKLESS "backends:\n  - address: 10.1.0.1:80\n"
#define WEB_TWO	  WEB "  - address: 10.1.0.2:80\n"
#define API	  "listen: 10.0.0.2:80\n" CHECKLESS "backends:\n  - address: 10.1.0.1:80\n"
#define TAKEN	  "listen: 10.0.0.1:80\n" CHECKLESS "backends:\n  - address: 10.1.0.9:80\n"
#define CHAIN	  "listen: 10.0.0.9:80\n" CHECKLESS "backends:\n  - address: 10.0.0.2:80\n"
#define SLOW(type, timeout)                                                     \
	"listen: 10.0.0.7:80\nprotocol: " type "\nhealth_check:\n  type: " type \
	"\n  interval: 1s\n" timeout "backends:\n  - address: 10.1.0.1:80\n"
#define BAD "listen: nonsense\nbackends:\n  - address: 10.1.0.1:80\n"

/* Both send to one backend. */
#define SNAT(x)                                                                      \
	"full_nat: true\nsnat_ip: 10.0.0." x "\nlisten: 10.0.0." x ":80\n" CHECKLESS \
	"backends:\n  - address: 10.1.0.1:80\n"
