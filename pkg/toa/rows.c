// SPDX-License-Identifier: GPL-2.0-or-later
#include "rows.h"

#include <arpa/inet.h>
#include <string.h>

#include "bpf.h"
#include "program.h"

void ezlb_toa_key_encode(const struct ezlb_service_key *service, struct ezlb_toa_service_key *out)
{
	const struct ezlb_endpoint *listen = &service->listen;

	*out = (struct ezlb_toa_service_key){ .family = listen->addr.family,
					      .mark = service->fwmark };
	memcpy(out->address, listen->addr.bytes, sizeof(out->address));
	out->port = htons(listen->port);
}

void ezlb_toa_row_decode(const struct ezlb_toa_service_key *key,
			 const struct ezlb_toa_service *value, struct ezlb_toa_row *out)
{
	*out = (struct ezlb_toa_row){ .service = { .proto = EZLB_TCP, .fwmark = key->mark },
				      .mode = (enum ezlb_toa_mode)value->mode,
				      .ipv6_kind = value->ipv6_kind };
	out->service.listen.addr.family = key->family;
	out->service.listen.port = ntohs(key->port);
	memcpy(out->service.listen.addr.bytes, key->address, sizeof(key->address));
}

int ezlb_toa_rows_list(const struct ezlb_toa_program *program, struct ezlb_toas *out,
		       struct ezlb_err *err)
{
	enum { BATCH = 512 };
	struct ezlb_toa_service_key keys[BATCH];
	struct ezlb_toa_service values[BATCH];
	size_t before = out->len;
	uint32_t at = 0, n;
	int rc;

	for (bool first = true;; first = false) {
		n = BATCH;
		rc = ezlb_bpf_get_batch(program->services, first ? NULL : &at, &at, keys, values,
					&n);
		for (uint32_t i = 0; i < n; i++)
			if (!ezlb_toa_is_odd(&keys[i], &values[i]))
				ezlb_toa_row_decode(&keys[i], &values[i], EZLB_PUSH(out));
		if (rc == 0)
			return 0;
		if (rc < 0)
			break;
	}
	out->len = before;
	return ezlb_err_sys(err, -rc, "the BPF map of services");
}

int ezlb_toa_row_put(const struct ezlb_toa_program *program, const struct ezlb_toa_row *row,
		     struct ezlb_err *err)
{
	struct ezlb_toa_service value = { .mode = (uint8_t)row->mode, .ipv6_kind = row->ipv6_kind };
	struct ezlb_toa_service_key key;
	int rc;

	ezlb_toa_key_encode(&row->service, &key);
	rc = ezlb_bpf_put(program->services, &key, &value);
	return rc < 0 ? ezlb_err_sys(err, -rc, "the BPF map of services") : 0;
}

int ezlb_toa_row_del(const struct ezlb_toa_program *program, const struct ezlb_service_key *service,
		     struct ezlb_err *err)
{
	struct ezlb_toa_service_key key;
	int rc;

	ezlb_toa_key_encode(service, &key);
	rc = ezlb_bpf_del(program->services, &key);
	return rc < 0 ? ezlb_err_sys(err, -rc, "the BPF map of services") : 0;
}
