/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metrics_world: statuses to render. The golden text of the small one is test/data/metrics.txt. */
#pragma once

#include "cm.h"
#include "listening.h"

#include <ezlb/status.h>

static inline struct ezlb_endpoint ep(const char *text)
{
	struct ezlb_endpoint out;

	assert_int_equal(ezlb_endpoint_parse(text, &out, NULL), 0);
	return out;
}

static inline struct ezlb_status_service *add_service(struct ezlb_status *status, const char *name,
						      const char *file, const char *listen)
{
	struct ezlb_status_service *service = EZLB_PUSH(&status->services);

	ezlb_strcpy(service->name, sizeof(service->name), name);
	service->file = ezlb_strdup(file);
	service->first = status->backends.len;
	service->snat_connections = -1;
	service->applied = listen != NULL;
	service->state = listen ? EZLB_STATE_OK : EZLB_STATE_REFUSED;
	ezlb_strcpy(service->scheduler, sizeof(service->scheduler), listen ? "wrr" : "");
	if (listen)
		listen_on(status, EZLB_TCP, listen);
	return service;
}

/* Of the service that was added last; checked and up, and not in the kernel. */
static inline struct ezlb_status_backend *add_backend(struct ezlb_status *status,
						      const char *address)
{
	struct ezlb_status_backend *backend = EZLB_PUSH(&status->backends);

	backend->address = ep(address);
	backend->checked = true;
	backend->verdict = EZLB_UP;
	backend->weight = 1;
	backend->kernel_weight = -1;
	status->services.items[status->services.len - 1].n_backends++;
	return backend;
}

static inline void count(struct ezlb_status_backend *backend, uint64_t n)
{
	backend->counted = true;
	backend->kernel_weight = (int64_t)n;
	backend->active = (uint32_t)n + 1;
	backend->inactive = (uint32_t)n + 2;
	backend->counters = (struct ezlb_counters){ .connections = n + 3,
						    .bytes_in = n + 4,
						    .bytes_out = n + 5,
						    .packets_in = n + 6,
						    .packets_out = n + 7 };
}

static inline void add_file(struct ezlb_status *status, const char *path,
			    enum ezlb_file_state state)
{
	struct ezlb_status_file *file = EZLB_PUSH(&status->files);

	file->path = ezlb_strdup(path);
	file->state = state;
}

static inline void add_dir(struct ezlb_status *status, const char *path, const char *problem)
{
	struct ezlb_status_dir *dir = EZLB_PUSH(&status->dirs);

	dir->path = ezlb_strdup(path);
	dir->problem = problem ? ezlb_strdup(problem) : NULL;
}

/* Nothing has happened yet, and nothing is known. */
static inline struct ezlb_status nothing(void)
{
	return (struct ezlb_status){ .version = "1.2.3",
				     .conntrack_entries = -1,
				     .conntrack_max = -1 };
}

static inline void add_web(struct ezlb_status *status)
{
	struct ezlb_status_service *web = add_service(status, "web", "web.yaml", "10.0.0.1:80");
	struct ezlb_status_listener *listener;
	struct ezlb_status_backend *backend;

	web->state = EZLB_STATE_DEGRADED;
	web->full_nat = true;
	web->ports_known = true;
	assert_int_equal(ezlb_range_parse("10.0.0.3-10.0.0.6", &web->ports.source, NULL), 0);
	web->ports.used = 110000;
	web->snat_connections = 1200;
	web->conditions[EZLB_ACCEPTED].status = EZLB_TRUE;
	web->conditions[EZLB_PROGRAMMED].status = EZLB_DONT_KNOW;
	web->conditions[EZLB_BACKENDS_READY].status = EZLB_TRUE;
	web->conditions[EZLB_DELIVERABLE].status = EZLB_TRUE;
	listener = &status->listeners.items[web->first_listener];
	listener->counted = true;
	listener->vip = EZLB_VIP_ANNOUNCED;
	listener->active = 31;
	listener->inactive = 32;
	listener->counters = (struct ezlb_counters){ .connections = 33,
						     .bytes_in = UINT64_MAX,
						     .bytes_out = 35,
						     .packets_in = 36,
						     .packets_out = 0 };
	backend = add_backend(status, "192.168.10.11:80");
	backend->probed = true;
	backend->latency_us = 1234;
	count(backend, 100);
	backend = add_backend(status, "192.168.10.12:80");
	backend->verdict = EZLB_DOWN;
	backend->probed = true;
	backend->latency_us = 3000210;
	backend->weight = 2;
	backend->placed = true;
	backend->role = EZLB_ROLE_OUT;
	/* It has left the file. */
	backend = add_backend(status, "192.168.10.13:80");
	backend->checked = false;
	backend->removed = backend->placed = true;
	backend->role = EZLB_ROLE_DRAINING;
	count(backend, 0);
	/* Its weight grows. */
	backend = add_backend(status, "192.168.10.14:80");
	backend->placed = true;
	backend->role = EZLB_ROLE_STARTING;
	web->conditions[EZLB_BACKENDS_READY].reason = EZLB_REASON_FAIL_OPEN;
}

static inline struct ezlb_status small_world(void)
{
	struct ezlb_status status = nothing();
	struct ezlb_status_service *dns;

	status.started_ms = 1763856000000;
	status.ready = true;
	status.reloads = 3;
	status.last_reload_ms = 1763859600007;
	status.last_reload_ok_ms = 1763856000050;
	status.revision = 0x0123456789abcdef;
	status.revision_ms = 1763856000050;
	status.passes = 7;
	status.pass_errors = 1;
	status.last_ok_ms = 1763859600100;
	ezlb_histogram_add(&status.pass_duration, 0.003);
	ezlb_histogram_add(&status.pass_duration, 0.5);
	ezlb_histogram_add(&status.probe_duration, 100);
	status.repairs[EZLB_OP_DEST_ADD] = 4;
	status.probes[EZLB_PROBE_HTTP_STATUS] = 5;
	status.targets = 2;
	status.overdue = 1;
	status.overdue_total = 7;
	status.worker_ends = 3;
	status.log_lost = 12;
	status.events[EZLB_EVENT_BACKEND_DOWN] = 6;
	status.conntrack_entries = 120;
	status.conntrack_max = 262144;
	status.connlog = (struct ezlb_status_connlog){ .on = true, .lines = 41, .lost = 2 };
	*EZLB_PUSH(&status.toa) = (struct ezlb_status_count){ "added", 43 };
	*EZLB_PUSH(&status.toa) = (struct ezlb_status_count){ "stripped", 0 };
	add_dir(&status, "/etc/ezlb", NULL);
	add_dir(&status, "/run/more", "no such directory");
	add_dir(&status, "/etc/ezlb", NULL);
	add_file(&status, "dns.yaml", EZLB_FILE_OK);
	add_file(&status, "other.yaml", EZLB_FILE_REFUSED);
	add_file(&status, "web.yaml", EZLB_FILE_OK);
	dns = add_service(&status, "dns", "dns.yaml", "[fd00::1]:53");
	ezlb_strcpy(status.sync.device, sizeof(status.sync.device), "eth1");
	status.sync.running[EZLB_SYNC_MASTER] = true;
	ezlb_strcpy(status.vip_device, sizeof(status.vip_device), "ezlb0");
	status.listeners.items[0].of.proto = EZLB_UDP;
	status.listeners.items[0].vip = EZLB_VIP_WITHDRAWN;
	dns->conditions[EZLB_PROGRAMMED].status = EZLB_TRUE;
	add_backend(&status, "[fd00::2]:53")->checked = false;
	status.backends.items[0].verdict = EZLB_UNKNOWN;
	add_service(&status, "web", "other.yaml", NULL)->conditions[EZLB_CONFLICT].status =
		EZLB_TRUE;
	add_web(&status);
	return status;
}

static inline void add_large(struct ezlb_status *status, unsigned i)
{
	char name[32], file[64], address[EZLB_ENDPOINT_STRLEN];
	struct ezlb_status_service *service;
	struct ezlb_status_listener *listener;

	snprintf(name, sizeof(name), "service-%04u", i);
	snprintf(file, sizeof(file), "/etc/ezlb/services.d/service-%04u.yaml", i);
	snprintf(address, sizeof(address), "10.0.%u.%u:8080", i / 250, i % 250 + 1);
	service = add_service(status, name, file, address);
	service->full_nat = true;
	service->snat_connections = 1234567;
	listener = &status->listeners.items[service->first_listener];
	listener->counted = true;
	listener->counters = (struct ezlb_counters){ 1234567,	  12345678, 12345678, 12345678901,
						     12345678901, 1,	    1,	      1,
						     1,		  1 };
	for (unsigned k = 0; k < 10; k++) {
		struct ezlb_status_backend *backend;

		snprintf(address, sizeof(address), "192.168.%u.%u:8080", i / 25,
			 i % 25 * 10 + k + 1);
		backend = add_backend(status, address);
		backend->probed = true;
		backend->latency_us = 1234 + i;
		count(backend, 1234567890u + i);
	}
}
