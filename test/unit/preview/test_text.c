// SPDX-License-Identifier: GPL-2.0-or-later
#include "plans.h"

#include <errno.h>

static void test_nothing(void **state)
{
	struct scene *scene = scene_open();

	(void)state;
	add_spec(scene, "/etc/ezlb/web.yaml", "web tcp 10.0.0.1:80 10.1.0.1:80");
	scene->preview.old = NULL;
	assert_text(scene, "");
	scene_close(scene);
}

/* Services by name, whatever their listeners; then the host, then what no file asks for. */
static struct scene *all_groups(void)
{
	struct scene *scene = scene_open();
	struct ezlb_op *op;

	add_spec(scene, "/etc/ezlb/z.yaml",
		 "api tcp 10.0.0.2:80 snat=10.0.0.3 10.1.0.1:80 10.1.0.2:80*2 10.1.0.3:80");
	add_spec(scene, "/etc/ezlb/web.yaml", "web tcp 10.0.0.1:80 10.1.0.9:80");
	add_verdict(scene, "api", "10.1.0.1:80", EZLB_UP);
	*add_verdict(scene, "api", "10.1.0.3:80", EZLB_DOWN) =
		(struct ezlb_verdict_row){ .service = "api",
					   .backend = ep_of("10.1.0.3:80"),
					   .verdict = EZLB_DOWN,
					   .probed = true,
					   .outcome = EZLB_PROBE_CONNECT_REFUSED };
	add_setting(scene, EZLB_OP_HOST_SET, EZLB_IP_FORWARD, 0);
	add_snat(scene, EZLB_OP_SNAT_ADD, "10.1.0.1:80", "10.0.0.3");
	op = add_service(scene, EZLB_OP_SERVICE_SET, "10.0.0.1:80");
	ezlb_strcpy(op->old_service.scheduler, sizeof(op->old_service.scheduler), "rr");
	add_dest(scene, EZLB_OP_DEST_ADD, "10.0.0.2:80", "10.1.0.1:80");
	op = add_dest(scene, EZLB_OP_DEST_SET, "10.0.0.2:80", "10.1.0.2:80");
	op->dest.weight = 2;
	add_dest(scene, EZLB_OP_DEST_DEL, "10.0.0.2:80", "10.1.0.3:80");
	add_dest(scene, EZLB_OP_DEST_DEL, "10.0.0.7:80", "10.1.0.7:80");
	add_service(scene, EZLB_OP_SERVICE_DEL, "10.0.0.7:80");
	add_snat(scene, EZLB_OP_SNAT_DEL, "10.1.0.3:80", "10.0.0.3");
	return scene;
}

static void test_groups(void **state)
{
	struct scene *scene = all_groups();

	(void)state;
	assert_text(
		scene,
		"api  tcp 10.0.0.2:80\n"
		"  + snat 10.0.0.3 for 10.1.0.1:80                  z.yaml:11, backend is up\n"
		"  + backend 10.1.0.1:80, weight 1                  z.yaml:11, backend is up\n"
		"  ~ backend 10.1.0.2:80, weight 1 -> 2             z.yaml:12\n"
		"  - backend 10.1.0.3:80                            z.yaml:13, "
		"backend is down: connect_refused\n"
		"  - snat 10.0.0.3 for 10.1.0.3:80                  z.yaml:13, "
		"backend is down: connect_refused\n"
		"\n"
		"web  tcp 10.0.0.1:80\n"
		"  ~ listener tcp 10.0.0.1:80, scheduler rr -> wrr  web.yaml:2\n"
		"\n"
		"host\n"
		"  ~ net.ipv4.ip_forward 0 -> 1                     full_nat needs it\n"
		"\n"
		"not in any file\n"
		"  - backend 10.1.0.7:80 of tcp 10.0.0.7:80         its service is removed\n"
		"  - listener tcp 10.0.0.7:80                       no file asks for it any more\n"
		"\n"
		"Plan: 2 to add, 3 to change, 4 to remove.\n");
	scene_close(scene);
}

static void test_outcome(void **state)
{
	struct scene *scene = scene_open();

	(void)state;
	add_spec(scene, "web.yaml", "web tcp 10.0.0.1:80 10.1.0.1:80");
	scene->preview.outcome = true;
	add_service(scene, EZLB_OP_SERVICE_ADD, "10.0.0.1:80")->rc = -ENOENT;
	add_dest(scene, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.1:80")->rc = EZLB_HELD;
	add_service(scene, EZLB_OP_SERVICE_DEL, "10.0.0.7:80")->rc = 0;
	assert_text(scene,
		    "web  tcp 10.0.0.1:80\n"
		    "  + listener tcp 10.0.0.1:80, scheduler wrr  web.yaml:2\n"
		    "    failed: this kernel has no scheduler 'wrr' (modprobe ip_vs_wrr)\n"
		    "  + backend 10.1.0.1:80, weight 1            web.yaml:11\n"
		    "    held: waits for an earlier operation that failed\n"
		    "\n"
		    "not in any file\n"
		    "  - listener tcp 10.0.0.7:80                 no file asks for it any more\n"
		    "\n"
		    "Done: 0 added, 0 changed, 1 removed; 1 failed, 1 held.\n");
	scene->plan.items[0].rc = scene->plan.items[1].rc = 0;
	assert_says(scene, "\nDone: 2 added, 0 changed, 1 removed.\n");
	scene_close(scene);
}

static void test_colour(void **state)
{
	struct scene *scene = all_groups();
	char *text;

	(void)state;
	text = text_of(scene, true);
	assert_has(text, "\033[1mapi\033[0m  tcp 10.0.0.2:80\n");
	assert_has(text, "\033[32m  + backend 10.1.0.1:80, weight 1\033[0m   ");
	assert_has(text, "\033[33m  ~ backend 10.1.0.2:80, weight 1 -> 2\033[0m   ");
	assert_has(text, "\033[31m  - listener tcp 10.0.0.7:80\033[0m   ");
	free(text);
	text = text_of(scene, false);
	assert_null(strchr(text, '\033'));
	free(text);
	scene->preview.outcome = true;
	text = text_of(scene, true);
	assert_has(text, "\033[31m    failed: pending\033[0m\n");
	free(text);
	scene_close(scene);
}

/* One group for the file; each op names its listener. */
static void test_several_listeners(void **state)
{
	struct scene *scene = scene_open();
	struct ezlb_op *op;

	(void)state;
	add_spec(scene, "/etc/ezlb/dns.yaml",
		 "dns tcp 10.0.0.1:53 +tcp/10.0.0.1:54 +mark/7 snat=masq 10.1.0.1 10.1.0.2");
	add_down(scene, "dns", "10.1.0.2:1", EZLB_PROBE_CONNECT_REFUSED, 0);
	scene->verdicts.items[0].backend.port = 0;
	add_snat(scene, EZLB_OP_SNAT_ADD, "10.1.0.1:54", NULL);
	add_service(scene, EZLB_OP_SERVICE_ADD, "10.0.0.1:54");
	op = add_service(scene, EZLB_OP_SERVICE_ADD, "10.0.0.1:54");
	op->service.key = (struct ezlb_service_key){ .listen.addr.family = 2, .fwmark = 7 };
	add_dest(scene, EZLB_OP_DEST_ADD, "10.0.0.1:54", "10.1.0.1:54");
	add_dest(scene, EZLB_OP_DEST_DEL, "10.0.0.1:53", "10.1.0.2:53");
	assert_text(scene, "dns  tcp 10.0.0.1:53, tcp 10.0.0.1:54, fwmark 7\n"
			   "  + snat masquerade for 10.1.0.1:54                   dns.yaml:11\n"
			   "  + listener tcp 10.0.0.1:54, scheduler wrr           dns.yaml:2\n"
			   "  + listener fwmark 7, scheduler wrr                  dns.yaml:2\n"
			   "  + backend 10.1.0.1:54, weight 1 of tcp 10.0.0.1:54  dns.yaml:11\n"
			   "  - backend 10.1.0.2:53 of tcp 10.0.0.1:53            dns.yaml:12, "
			   "backend is down: connect_refused\n"
			   "\nPlan: 4 to add, 0 to change, 1 to remove.\n");
	/* --adopt never: the file is held. */
	scene->plan.len = 0;
	add_foreign(scene, "10.0.0.1:54");
	assert_text(scene,
		    "dns  tcp 10.0.0.1:53, tcp 10.0.0.1:54, fwmark 7\n"
		    "  ! listener tcp 10.0.0.1:54, not added: it belongs to a virtual service that "
		    "ezlb did not create (--adopt never)  dns.yaml:2\n");
	scene_close(scene);
}

/* One that is longer than the rest moves its own reason only. */
static void test_long_rows(void **state)
{
	static const char v6[] = "[fd00:1111:2222:3333:4444:5555:6666:7777]:80";
	struct scene *scene = scene_open();

	(void)state;
	add_dest(scene, EZLB_OP_DEST_DEL, "10.0.0.1:80", "10.1.0.1:80");
	add_dest(scene, EZLB_OP_DEST_DEL, v6, v6);
	assert_says(scene, "10.1.0.1:80 of tcp 10.0.0.1:80  its service is removed\n");
	assert_says(scene, "6666:7777]:80  its service is removed\n");
	scene_close(scene);
}

/* What a terminal would obey; other letters stay. */
static void test_hostile_names(void **state)
{
	struct scene *scene = scene_open();

	(void)state;
	add_spec(scene, "/etc/ezlb/\033[2Jw\xc3\xbc\n.yaml", "web tcp 10.0.0.1:80 10.1.0.1:80");
	add_service(scene, EZLB_OP_SERVICE_ADD, "10.0.0.1:80");
	ezlb_strcpy(ezlb_plan_add(&scene->plan, EZLB_OP_LINK_ADD)->link.device, EZLB_DEVICE_STRLEN,
		    "e\033[31m");
	ezlb_strcpy(ezlb_plan_add(&scene->plan, EZLB_OP_LINK_ADD)->link.device, EZLB_DEVICE_STRLEN,
		    "f\xc2\x9b[m\x9b[m");
	assert_says(scene, "  ?[2Jw\xc3\xbc?.yaml:2\n");
	assert_says(scene, "  + link e?[31m ");
	assert_says(scene, "  + link f?[m?[m ");
	scene_close(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),		  cmocka_unit_test(test_groups),
		cmocka_unit_test(test_outcome),		  cmocka_unit_test(test_colour),
		cmocka_unit_test(test_several_listeners), cmocka_unit_test(test_long_rows),
		cmocka_unit_test(test_hostile_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
