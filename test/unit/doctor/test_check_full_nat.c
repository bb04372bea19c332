// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts_world.h"

static struct ezlb_ports ports;
static struct ezlb_doctor doctor;

static struct ezlb_spec *with(const char *text)
{
	return spec_of("web.yaml", text);
}

/* The service of the spec, with so many ports used to its backend; backend false: in no kernel. */
static void used(const struct ezlb_spec *spec, uint64_t n, bool backend)
{
	static const struct ezlb_ports before;
	struct ezlb_ports_row *row;

	ports.len = 0;
	row = EZLB_PUSH(&ports);
	row->service = ezlb_spec_key(spec);
	row->source = spec->snat_ip;
	row->used = n;
	if (backend)
		row->backend = spec->backends[0].endpoint;
	ezlb_ports_judge(&ports, &before);
	doctor.ports = &ports;
}

static void test_source_ports(void **state)
{
	static const struct {
		uint64_t n;
		const char *want;
	} cases[] = {
		{ 51609,
		  "ok source-ports web: 51609 of 64512 source ports to 10.1.0.1:80 are used: "
		  "snat_ip needs 2 addresses: write 10.0.0.3-10.0.0.4" },
		{ 12, "ok source-ports web: 12 of 64512 source ports to 10.1.0.1:80 are used" },
		{ 51610,
		  "warn source-ports web: 51610 of 64512 source ports to 10.1.0.1:80 are used: "
		  "snat_ip needs 2 addresses: write 10.0.0.3-10.0.0.4" },
		{ 64000,
		  "fail source-ports web: 64000 of 64512 source ports to 10.1.0.1:80 are used, "
		  "and some new connections are dropped: snat_ip needs 2 addresses: write "
		  "10.0.0.3-10.0.0.4" },
	};
	struct ezlb_spec *spec = with("web tcp 10.0.0.1:80 snat=10.0.0.3 10.1.0.1:80");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		used(spec, cases[i].n, true);
		check_source_ports(&doctor, spec, &found);
		assert_string_equal(told(NULL), cases[i].want);
	}
	used(spec, 0, false);
	check_source_ports(&doctor, spec, &found);
	doctor.ports = NULL;
	check_source_ports(&doctor, spec, &found);
	ezlb_spec_free(spec);
	spec = with("web tcp 10.0.0.1:80 10.1.0.1:80"); /* without source NAT */
	used(spec, 64000, true);
	check_source_ports(&doctor, spec, &found);
	assert_string_equal(told(NULL), "");
	ezlb_spec_free(spec);
	EZLB_VEC_CLEAR(&ports);
}

static void test_client_address(void **state)
{
	struct ezlb_spec *spec = with("web tcp 10.0.0.1:80 snat=10.0.0.3 10.1.0.1:80");

	(void)state;
	doctor.toa_problem = "this kernel has no BTF";
	check_client_address(&doctor, spec, &found);
	assert_string_equal(told(NULL), ""); /* not asked for */
	spec->client_address = EZLB_CLIENT_ADDRESS_TOA;
	check_client_address(&doctor, spec, &found);
	assert_string_equal(told(NULL),
			    "warn client-address web: client_address has no effect, and "
			    "backends see the source address: this kernel has no BTF");
	doctor.toa_problem = "";
	check_client_address(&doctor, spec, &found);
	assert_string_equal(told(NULL),
			    "ok client-address web: this host can add the option with the client's "
			    "address");
	doctor.toa_problem = NULL;
	check_client_address(&doctor, spec, &found);
	assert_string_equal(told(NULL), "");
	ezlb_spec_free(spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_source_ports, clear_found),
		cmocka_unit_test_teardown(test_client_address, clear_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
