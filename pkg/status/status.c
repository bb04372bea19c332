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

const char *ezlb_vip_state_str(enum ezlb_vip_state state)
{
	static const char *const names[] = {
		[EZLB_VIP_UNKNOWN] = NULL,	    [EZLB_VIP_ANNOUNCED] = "announced",
		[EZLB_VIP_WITHDRAWN] = "withdrawn", [EZLB_VIP_HELD] = "held",
		[EZLB_VIP_DRAINED] = "drained",	    [EZLB_VIP_ELSEWHERE] = "elsewhere",
		[EZLB_VIP_MISSING] = "missing",
	};

	return names[state];
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
	shift(&status->revision_ms, ms);
	shift(&status->last_pass_ms, ms);
	shift(&status->last_ok_ms, ms);
	shift(&status->failing_since_ms, ms);
	for (size_t i = 0; i < status->services.len; i++)
		for (int k = 0; k < EZLB_CONDITIONS; k++)
			shift(&status->services.items[i].conditions[k].since_ms, ms);
	for (size_t i = 0; i < status->backends.len; i++) {
		shift(&status->backends.items[i].since_ms, ms);
		shift(&status->backends.items[i].until_ms, ms);
	}
}

void ezlb_status_clear(struct ezlb_status *status)
{
	for (size_t i = 0; i < status->services.len; i++) {
		free(status->services.items[i].file);
		ezlb_check_clear(&status->services.items[i].check);
		ezlb_conditions_clear(status->services.items[i].conditions);
	}
	for (size_t i = 0; i < status->files.len; i++)
		free(status->files.items[i].path);
	for (size_t i = 0; i < status->dirs.len; i++) {
		free(status->dirs.items[i].path);
		free(status->dirs.items[i].problem);
	}
	EZLB_VEC_CLEAR(&status->toa);
	EZLB_VEC_CLEAR(&status->services);
	EZLB_VEC_CLEAR(&status->listeners);
	EZLB_VEC_CLEAR(&status->backends);
	EZLB_VEC_CLEAR(&status->files);
	EZLB_VEC_CLEAR(&status->dirs);
	ezlb_diags_clear(&status->diags);
	*status = (struct ezlb_status){ 0 };
}

/* --- the kernel's counters ------------------------------------------------------------------ */

static void add_counters(struct ezlb_counters *to, const struct ezlb_counters *from)
{
	to->connections += from->connections;
	to->packets_in += from->packets_in;
	to->packets_out += from->packets_out;
	to->bytes_in += from->bytes_in;
	to->bytes_out += from->bytes_out;
	to->connection_rate += from->connection_rate;
	to->packet_rate_in += from->packet_rate_in;
	to->packet_rate_out += from->packet_rate_out;
	to->byte_rate_in += from->byte_rate_in;
	to->byte_rate_out += from->byte_rate_out;
}

static void count_backend(struct ezlb_status_backend *backend, const struct ezlb_traffic *traffic,
			  const struct ezlb_service_key *service, bool first)
{
	const struct ezlb_traffic_row key = { .service = *service,
					      .of_dest = true,
					      .backend = ezlb_dest_endpoint(service,
									    &backend->address) };
	const struct ezlb_traffic_row *row = EZLB_FIND(traffic, &key, ezlb_traffic_row_cmp);
	int64_t weight = row ? (int64_t)row->weight : -1;
	/* A drain may have ended at one listener and not at another one yet. */
	bool draining = backend->placed && backend->role == EZLB_ROLE_DRAINING;

	/* Set from the last pass: if the dest is missing now, another program removed it. */
	if (first || (draining ? weight > backend->kernel_weight : weight < backend->kernel_weight))
		backend->kernel_weight = weight;
	if (!row)
		return;
	backend->counted = true;
	backend->active += row->active;
	backend->inactive += row->inactive;
	add_counters(&backend->counters, &row->counters);
}

static void count_listener(struct ezlb_status *status, struct ezlb_status_service *service,
			   size_t i, const struct ezlb_traffic *traffic)
{
	struct ezlb_status_listener *to = &status->listeners.items[service->first_listener + i];
	const struct ezlb_traffic_row key = { .service = to->of.key };
	const struct ezlb_traffic_row *row = EZLB_FIND(traffic, &key, ezlb_traffic_row_cmp);

	for (size_t k = 0; k < service->n_backends; k++)
		count_backend(&status->backends.items[service->first + k], traffic, &to->of.key,
			      i == 0);
	if (!row)
		return;
	to->counted = service->counted = true;
	to->active = row->active;
	to->inactive = row->inactive;
	to->counters = row->counters;
	service->active += row->active;
	service->inactive += row->inactive;
	add_counters(&service->counters, &row->counters);
}

void ezlb_status_count(struct ezlb_status *status, const struct ezlb_traffic *traffic)
{
	for (size_t i = 0; i < status->services.len; i++) {
		struct ezlb_status_service *service = &status->services.items[i];

		for (size_t k = 0; service->applied && k < service->n_listeners; k++)
			count_listener(status, service, k, traffic);
	}
}

static void add_snat(struct ezlb_snats *to, const struct ezlb_snats *snats,
		     const struct ezlb_snat_key *of)
{
	const struct ezlb_snat_row key = { .key = *of };
	const struct ezlb_snat_row *row = EZLB_FIND(snats, &key, ezlb_snat_row_cmp);

	if (row)
		*EZLB_PUSH(to) = *row;
}

static void find_snats(const struct ezlb_status *status, const struct ezlb_status_service *service,
		       const struct ezlb_snats *snats, struct ezlb_snats *out)
{
	for (size_t i = 0; i < service->n_listeners; i++) {
		const struct ezlb_service_key *service_key =
			&status->listeners.items[service->first_listener + i].of.key;
		struct ezlb_snat_key key = ezlb_snat_key_of(EZLB_SNAT_KEY_LISTENER, service_key,
							    NULL);

		add_snat(out, snats, &key);
		for (size_t k = 0; k < service->n_backends; k++) {
			key = ezlb_snat_key_of(EZLB_SNAT_KEY_BACKEND, service_key,
					       &status->backends.items[service->first + k].address);
			add_snat(out, snats, &key);
		}
	}
	/* Several listeners can send to one backend: its row counts once. */
	EZLB_SORT(out, ezlb_snat_row_cmp);
	EZLB_UNIQUE(out, ezlb_snat_row_cmp);
}

void ezlb_status_count_snat(struct ezlb_status *status, const struct ezlb_snats *snats)
{
	for (size_t i = 0; i < status->services.len; i++) {
		struct ezlb_status_service *service = &status->services.items[i];
		struct ezlb_snats found = { 0 };

		service->snat_connections = -1;
		if (!service->applied || !service->full_nat)
			continue;
		find_snats(status, service, snats, &found);
		if (found.len > 0)
			service->snat_connections = 0;
		for (size_t k = 0; found.items && k < found.len; k++)
			service->snat_connections += (int64_t)found.items[k].connections;
		EZLB_VEC_CLEAR(&found);
	}
}
