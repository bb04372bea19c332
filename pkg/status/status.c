// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/status.h>

const char *ezlb_file_state_str(enum ezlb_file_state state)
{
	static const char *const names[] = {
		[EZLB_FILE_OK] = "ok",
		[EZLB_FILE_REFUSED] = "refused",
		[EZLB_FILE_UNREADABLE] = "unreadable",
	};

	return state < EZLB_FILE_STATES ? names[state] : "?";
}

const char *ezlb_watch_mode_str(enum ezlb_watch_mode mode)
{
	static const char *const names[] = {
		[EZLB_WATCH_INOTIFY] = "inotify",
		[EZLB_WATCH_POLL] = "poll",
	};

	return names[mode];
}

static void shift(int64_t *time_ms, int64_t ms)
{
	if (*time_ms != 0)
		*time_ms += ms;
}

void ezlb_status_shift(struct ezlb_status *status, int64_t ms)
{
	shift(&status->now_ms, ms);
	shift(&status->started_ms, ms);
	shift(&status->last_reload_ms, ms);
	shift(&status->last_reload_ok_ms, ms);
	shift(&status->last_pass_ms, ms);
	shift(&status->last_ok_ms, ms);
	shift(&status->failing_since_ms, ms);
	for (size_t i = 0; i < status->services.len; i++)
		for (int k = 0; k < EZLB_CONDITIONS; k++)
			shift(&status->services.items[i].conditions[k].since_ms, ms);
	for (size_t i = 0; i < status->backends.len; i++)
		shift(&status->backends.items[i].since_ms, ms);
}

void ezlb_status_clear(struct ezlb_status *status)
{
	for (size_t i = 0; i < status->services.len; i++) {
		free(status->services.items[i].file);
		ezlb_check_clear(&status->services.items[i].check);
	}
	for (size_t i = 0; i < status->files.len; i++)
		free(status->files.items[i].path);
	for (size_t i = 0; i < status->dirs.len; i++) {
		free(status->dirs.items[i].path);
		free(status->dirs.items[i].problem);
	}
	EZLB_VEC_CLEAR(&status->services);
	EZLB_VEC_CLEAR(&status->backends);
	EZLB_VEC_CLEAR(&status->files);
	EZLB_VEC_CLEAR(&status->dirs);
	ezlb_diags_clear(&status->diags);
	*status = (struct ezlb_status){ 0 };
}

/* --- the kernel's counters ------------------------------------------------------------------ */

static void count_backend(struct ezlb_status_backend *backend, const struct ezlb_traffic *traffic,
			  struct ezlb_traffic_row *key)
{
	const struct ezlb_traffic_row *row;

	key->of_dest = true;
	key->backend = backend->address;
	row = EZLB_FIND(traffic, key, ezlb_traffic_row_cmp);
	/* Set from the last pass: if the dest is missing now, another program removed it. */
	backend->kernel_weight = -1;
	if (!row)
		return;
	backend->counted = true;
	backend->kernel_weight = row->weight;
	backend->active = row->active;
	backend->inactive = row->inactive;
	backend->counters = row->counters;
}

void ezlb_status_count(struct ezlb_status *status, const struct ezlb_traffic *traffic)
{
	for (size_t i = 0; i < status->services.len; i++) {
		struct ezlb_status_service *service = &status->services.items[i];
		struct ezlb_traffic_row key = { .service = { service->proto, service->listen } };
		const struct ezlb_traffic_row *row = EZLB_FIND(traffic, &key, ezlb_traffic_row_cmp);

		if (!service->applied)
			continue;
		if (row) {
			service->counted = true;
			service->active = row->active;
			service->inactive = row->inactive;
			service->counters = row->counters;
		}
		for (size_t k = 0; k < service->n_backends; k++)
			count_backend(&status->backends.items[service->first + k], traffic, &key);
	}
}

static void add_snat(struct ezlb_status_service *service, const struct ezlb_snats *snats,
		     enum ezlb_snat_key_kind kind, const struct ezlb_endpoint *endpoint)
{
	const struct ezlb_snat_row key = { .key = { kind, service->proto, *endpoint } };
	const struct ezlb_snat_row *row = EZLB_FIND(snats, &key, ezlb_snat_row_cmp);

	if (!row)
		return;
	if (service->snat_connections < 0)
		service->snat_connections = 0;
	service->snat_connections += (int64_t)row->connections;
}

void ezlb_status_count_snat(struct ezlb_status *status, const struct ezlb_snats *snats)
{
	for (size_t i = 0; i < status->services.len; i++) {
		struct ezlb_status_service *service = &status->services.items[i];

		service->snat_connections = -1;
		if (!service->applied || !service->full_nat)
			continue;
		add_snat(service, snats, EZLB_SNAT_KEY_LISTENER, &service->listen);
		for (size_t k = 0; k < service->n_backends; k++)
			add_snat(service, snats, EZLB_SNAT_KEY_BACKEND,
				 &status->backends.items[service->first + k].address);
	}
}
