// SPDX-License-Identifier: GPL-2.0-or-later
/* Why addresses of listeners come and go. */
#include "plans.h"

#define A "10.1.0.1:80"

static void add_vip_on(struct scene *scene, enum ezlb_op_kind kind, const char *addr,
		       const char *device)
{
	struct ezlb_op *op = ezlb_plan_add(&scene->plan, kind);

	op->vip.addr = addr_of(addr);
	ezlb_strcpy(op->vip.device, sizeof(op->vip.device), device);
}

static void add_vip(struct scene *scene, enum ezlb_op_kind kind, const char *addr)
{
	add_vip_on(scene, kind, addr, "ezlb0");
}

static void test_vips(void **state)
{
	struct scene *scene = scene_open();

	(void)state;
	add_spec(scene, "/d/web.yaml", "web tcp 10.0.0.1:80 " A);
	add_spec(scene, "/d/dns.yaml", "dns udp 10.0.0.1:53 " A);
	add_spec(scene, "/d/api.yaml", "api tcp 10.0.0.2:80 " A);
	add_vip(scene, EZLB_OP_VIP_ADD, "10.0.0.1");
	add_vip(scene, EZLB_OP_VIP_DEL, "10.0.0.2");
	add_vip(scene, EZLB_OP_VIP_DEL, "10.0.0.9");
	assert_says(scene, "dns  udp 10.0.0.1:53\n  + address 10.0.0.1 on ezlb0  dns.yaml:2\n");
	assert_says(scene,
		    "api  tcp 10.0.0.2:80\n  - address 10.0.0.2 on ezlb0  --vip-device does not");
	assert_says(scene, "not in any file\n  - address 10.0.0.9 on ezlb0  no file asks");
	scene_close(scene);
}

static void test_vips_that_follow_their_service(void **state)
{
	struct scene *scene = scene_open();

	(void)state;
	add_spec(scene, "/d/web.yaml", "web tcp 10.0.0.1:80 " A);
	add_spec(scene, "/d/api.yaml", "api tcp 10.0.0.2:80 " A);
	scene->preview.vip_device = "ezlb0";
	*EZLB_PUSH(&scene->roster.vip_needs) =
		(struct ezlb_vip_need){ .addr = addr_of("10.0.0.1") };
	*EZLB_PUSH(&scene->roster.withdrawn) = addr_of("10.0.0.2");
	add_vip(scene, EZLB_OP_VIP_ADD, "10.0.0.1");
	add_vip(scene, EZLB_OP_VIP_DEL, "10.0.0.2");
	assert_says(scene, "  + address 10.0.0.1 on ezlb0  web.yaml:2, a backend serves\n");
	assert_says(scene,
		    "  - address 10.0.0.2 on ezlb0  withdrawn: no backend of a service on it "
		    "serves\n");
	scene->preview.drained = true; /* that is no other reason */
	assert_says(scene,
		    "  - address 10.0.0.2 on ezlb0  withdrawn: no backend of a service on it "
		    "serves\n");
	scene_close(scene);
}

static void test_vips_of_a_drained_balancer(void **state)
{
	struct scene *scene = scene_open();

	(void)state;
	add_spec(scene, "/d/web.yaml", "web tcp 10.0.0.1:80 " A);
	scene->preview.vip_device = "ezlb0";
	scene->preview.drained = true;
	strcpy(ezlb_plan_add(&scene->plan, EZLB_OP_LINK_ADD)->link.device, "ezlb0-drain");
	add_vip_on(scene, EZLB_OP_VIP_ADD, "10.0.0.1", "ezlb0-drain");
	add_vip(scene, EZLB_OP_VIP_DEL, "10.0.0.1");
	assert_says(scene, "  + link ezlb0-drain                 this balancer is drained\n");
	assert_says(scene,
		    "  + address 10.0.0.1 on ezlb0-drain  web.yaml:2, this balancer is drained\n"
		    "  - address 10.0.0.1 on ezlb0        this balancer is drained\n");
	ezlb_plan_clear(&scene->plan);
	scene->preview.drained = false;
	add_vip(scene, EZLB_OP_VIP_ADD, "10.0.0.1");
	add_vip_on(scene, EZLB_OP_VIP_DEL, "10.0.0.1", "ezlb0-drain");
	strcpy(ezlb_plan_add(&scene->plan, EZLB_OP_LINK_DEL)->link.device, "ezlb0-drain");
	assert_says(scene, "  + address 10.0.0.1 on ezlb0        web.yaml:2, this balancer is not "
			   "drained any more\n");
	assert_says(scene, "  - address 10.0.0.1 on ezlb0-drain  this balancer is not drained any "
			   "more\n");
	assert_says(scene,
		    "  - link ezlb0-drain                 no address of ezlb is left on it\n");
	scene->preview.vip_device = "other0"; /* both are links of another time */
	assert_says(scene,
		    "  - address 10.0.0.1 on ezlb0-drain  --vip-device does not name this link");
	scene_close(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vips),
		cmocka_unit_test(test_vips_that_follow_their_service),
		cmocka_unit_test(test_vips_of_a_drained_balancer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
