// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The layer of IPVS in a conversation with the kernel. What it lists is in the scope, no row comes
 * twice, each op has a result, and a list that fails adds nothing.
 */
#include "kernel.h"

#include <linux/ip_vs.h>

#include <ezlb/ipvs.h>

#include "pkg/ipvs/layer.h"

#define SERVICES 2

static const char *const keys[SERVICES] = { "tcp 10.0.0.1:80", "udp [fd00::1]:443" };

static int resolve(void *arg, bool load, uint16_t *family, struct ezlb_err *err)
{
	(void)arg;
	(void)load;
	(void)err;
	*family = 30;
	return 0;
}

static unsigned index_of(const char *device, bool *up)
{
	*up = true;
	return (unsigned)device[0];
}

static void make_scope(struct ezlb_scope *scope)
{
	for (size_t i = 0; i < SERVICES; i++)
		FUZZ_CHECK(ezlb_service_key_parse(keys[i], EZLB_PUSH(scope)) == 0);
	EZLB_SORT(scope, ezlb_service_key_cmp);
}

static void check_table(const struct ezlb_scope *scope, const struct ezlb_table *table)
{
	for (size_t i = 0; i < table->services.len; i++)
		FUZZ_CHECK(ezlb_scope_has(scope, &table->services.items[i].key));
	for (size_t i = 0; i < table->dests.len; i++)
		FUZZ_CHECK(ezlb_scope_has(scope, &table->dests.items[i].service));
}

static void check_list(struct ezlb_layer *layer, const struct ezlb_scope *scope)
{
	struct ezlb_table table = { 0 };
	struct ezlb_err err = { 0 };
	uint64_t print;
	int rc = layer->list(layer, scope, &table, &err);

	FUZZ_CHECK(rc <= 0 && (rc == 0 || (err.code == -rc && err.msg[0])));
	if (rc == 0)
		check_table(scope, &table);
	ezlb_table_clear(&table);
	if (layer->peek)
		FUZZ_CHECK(layer->peek(layer, scope, &print) <= 0);
}

static void check_apply(struct ezlb_layer *layer)
{
	struct ezlb_op ops[SERVICES] = { { .kind = EZLB_OP_SERVICE_ADD },
					 { .kind = EZLB_OP_SERVICE_DEL } };
	struct ezlb_op *list[SERVICES];

	for (size_t i = 0; i < SERVICES; i++) {
		FUZZ_CHECK(ezlb_service_key_parse(keys[i], &ops[i].service.key) == 0);
		list[i] = &ops[i];
		ops[i].rc = EZLB_PENDING;
	}
	ezlb_strcpy(ops[0].service.scheduler, sizeof(ops[0].service.scheduler), "wrr");
	layer->apply(layer, list, SERVICES, NULL);
	for (size_t i = 0; i < SERVICES; i++)
		FUZZ_CHECK(ops[i].rc <= 0);
}

static void check_traffic(const struct ezlb_ipvs_source *source, const struct ezlb_scope *scope)
{
	struct ezlb_traffic rows = { 0 };

	FUZZ_CHECK(ezlb_ipvs_traffic_source(source, scope, &rows, NULL) <= 0);
	for (size_t i = 1; i < rows.len; i++)
		FUZZ_CHECK(ezlb_traffic_row_cmp(&rows.items[i - 1], &rows.items[i]) < 0);
	EZLB_VEC_CLEAR(&rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_rest rest = { data, size };
	uint8_t way = fuzz_byte(&rest) % 3;
	struct fuzz_kernel kernel;
	const struct ezlb_ipvs_source source = { .nl = fuzz_kernel_open(&kernel, rest.at, rest.len),
						 .resolve = resolve,
						 .index_of = index_of,
						 .procfs = "/dev/null" };
	struct ezlb_scope scope = { 0 };
	struct ezlb_layer *layer = NULL;

	make_scope(&scope);
	if (way == 2) {
		check_traffic(&source, &scope);
	} else if (ezlb_ipvs_open_source(&source, &layer, NULL) == 0) {
		ezlb_ipvs_manage_timeouts(layer);
		ezlb_ipvs_manage_syncs(layer, "eth1");
		if (way == 0)
			check_list(layer, &scope);
		else
			check_apply(layer);
		layer->close(layer);
	}
	EZLB_VEC_CLEAR(&scope);
	fuzz_kernel_close(&kernel);
	return 0;
}
