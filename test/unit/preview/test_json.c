// SPDX-License-Identifier: GPL-2.0-or-later
#include "plans.h"

#include <errno.h>
#include <jansson.h>

static json_t *json_of(const struct scene *scene)
{
	struct ezlb_text text = { 0 };
	json_error_t error;
	json_t *root;
	size_t len;
	char *bytes;

	ezlb_preview_json(&scene->preview, &text);
	bytes = ezlb_text_take(&text, &len);
	assert_int_equal(bytes[len - 1], '\n');
	root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		fail_msg("%s in: %s", error.text, bytes);
	free(bytes);
	return root;
}

/* The caller frees. */
static char *compact(const json_t *value)
{
	return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

static void assert_json(const json_t *value, const char *want)
{
	char *got = compact(value);

	assert_string_equal(got, want);
	free(got);
}

static void test_nothing(void **state)
{
	struct scene *scene = scene_open();
	json_t *root = json_of(scene);

	(void)state;
	assert_json(root, "{\"summary\":{\"add\":0,\"change\":0,\"remove\":0,\"failed\":0},"
			  "\"ops\":[],\"warnings\":[]}");
	json_decref(root);
	scene_close(scene);
}

static struct scene *some(void)
{
	struct scene *scene = scene_open();

	add_spec(scene, "/d/web.yaml", "web tcp 10.0.0.1:80 10.1.0.1:80 10.1.0.2:80");
	add_verdict(scene, "web", "10.1.0.1:80", EZLB_UP);
	add_setting(scene, EZLB_OP_HOST_SET, EZLB_IP_FORWARD, 0);
	add_dest(scene, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.1:80");
	add_service(scene, EZLB_OP_SERVICE_DEL, "10.0.0.7:80");
	return scene;
}

static void test_ops(void **state)
{
	struct scene *scene = some();
	json_t *root = json_of(scene), *ops = json_object_get(root, "ops");

	(void)state;
	assert_json(json_object_get(root, "summary"),
		    "{\"add\":1,\"change\":1,\"remove\":1,\"failed\":0}");
	assert_int_equal(json_array_size(ops), 3);
	assert_json(json_array_get(ops, 0),
		    "{\"op\":\"dest-add\",\"action\":\"add\",\"service\":\"web\","
		    "\"listen\":\"tcp 10.0.0.1:80\",\"object\":\"backend\","
		    "\"what\":\"backend 10.1.0.1:80, weight 1\","
		    "\"text\":\"dest-add tcp 10.0.0.1:80 -> 10.1.0.1:80 masq weight 1\","
		    "\"reason\":\"web.yaml:11, backend is up\",\"file\":\"/d/web.yaml\","
		    "\"line\":11,\"outcome\":null,\"error\":null}");
	assert_json(json_array_get(ops, 1),
		    "{\"op\":\"host-set\",\"action\":\"change\",\"service\":null,\"listen\":null,"
		    "\"object\":\"sysctl\",\"what\":\"net.ipv4.ip_forward 0 -> 1\","
		    "\"text\":\"host-set net.ipv4.ip_forward = 1 (was 0)\","
		    "\"reason\":\"full_nat needs it\",\"file\":null,\"line\":null,"
		    "\"outcome\":null,\"error\":null}");
	assert_json(json_array_get(ops, 2),
		    "{\"op\":\"service-del\",\"action\":\"remove\",\"service\":null,"
		    "\"listen\":\"tcp 10.0.0.7:80\",\"object\":\"listener\","
		    "\"what\":\"listener tcp 10.0.0.7:80\","
		    "\"text\":\"service-del tcp 10.0.0.7:80\","
		    "\"reason\":\"no file asks for it any more\",\"file\":null,\"line\":null,"
		    "\"outcome\":null,\"error\":null}");
	json_decref(root);
	scene_close(scene);
}

/* A backend that is down, a listener that is foreign and a refused file, each once. */
static void test_warnings(void **state)
{
	struct scene *scene = some();
	json_t *root, *warnings;

	(void)state;
	add_spec(scene, "/d/api.yaml", "api tcp 10.0.0.2:80 10.1.0.1:80");
	add_down(scene, "web", "10.1.0.2:80", EZLB_PROBE_HTTP_STATUS, 404);
	add_foreign(scene, "10.0.0.2:80");
	add_diag(scene, "/d/bad.yaml", 3);
	root = json_of(scene);
	warnings = json_object_get(root, "warnings");
	assert_int_equal(json_array_size(json_object_get(root, "ops")), 3);
	assert_int_equal(json_array_size(warnings), 3);
	assert_json(json_array_get(warnings, 0),
		    "{\"service\":\"api\",\"listen\":\"tcp 10.0.0.2:80\",\"object\":\"listener\","
		    "\"text\":\"listener tcp 10.0.0.2:80, not added: it belongs to a virtual "
		    "service that ezlb did not create (--adopt never)\",\"reason\":\"api.yaml:2\","
		    "\"file\":\"/d/api.yaml\",\"line\":2}");
	assert_json(json_array_get(warnings, 1),
		    "{\"service\":\"web\",\"listen\":\"tcp 10.0.0.1:80\",\"object\":\"backend\","
		    "\"text\":\"backend 10.1.0.2:80, not added: down (http_status 404)\","
		    "\"reason\":\"web.yaml:12\",\"file\":\"/d/web.yaml\",\"line\":12}");
	assert_json(json_array_get(warnings, 2),
		    "{\"service\":null,\"listen\":null,\"object\":\"file\","
		    "\"text\":\"bad.yaml:3:9: error[E015]: this is wrong\","
		    "\"reason\":\"the file is not applied\",\"file\":\"/d/bad.yaml\","
		    "\"line\":3}");
	json_decref(root);
	scene_close(scene);
}

static const char *member(const json_t *ops, size_t i, const char *key)
{
	const char *text = json_string_value(json_object_get(json_array_get(ops, i), key));

	return text ? text : "null";
}

static void test_outcome(void **state)
{
	struct scene *scene = some();
	json_t *root, *ops;

	(void)state;
	scene->preview.outcome = true;
	scene->plan.items[0].rc = -EROFS;
	scene->plan.items[1].rc = EZLB_HELD;
	scene->plan.items[2].rc = 0;
	root = json_of(scene);
	ops = json_object_get(root, "ops");
	assert_json(json_object_get(root, "summary"),
		    "{\"add\":1,\"change\":1,\"remove\":1,\"failed\":2}");
	assert_string_equal(member(ops, 0, "outcome"), "held");
	assert_string_equal(member(ops, 0, "error"), "waits for an earlier operation that failed");
	assert_string_equal(member(ops, 1, "outcome"), "failed");
	assert_string_equal(member(ops, 1, "error"),
			    "/proc/sys is read-only: run privileged, or sysctl -w "
			    "net.ipv4.ip_forward=1 on the host");
	assert_string_equal(member(ops, 2, "outcome"), "done");
	assert_string_equal(member(ops, 2, "error"), "null");
	json_decref(root);
	scene_close(scene);
}

/* Each kind has its word, and what it does to the kernel. */
static const struct {
	enum ezlb_op_kind kind;
	const char *object, *action;
} kinds[] = {
	{ EZLB_OP_HOST_SET, "module", "add" },
	{ EZLB_OP_LINK_ADD, "link", "add" },
	{ EZLB_OP_VIP_ADD, "address", "add" },
	{ EZLB_OP_FIREWALL_SETUP, "firewall", "add" },
	{ EZLB_OP_ACCEPT_ADD, "accept", "add" },
	{ EZLB_OP_SNAT_SETUP, "snat-frame", "add" },
	{ EZLB_OP_SNAT_ADD, "snat", "add" },
	{ EZLB_OP_SNAT_SET, "snat", "change" },
	{ EZLB_OP_MARK_ADD, "mark", "add" },
	{ EZLB_OP_GUARD_ADD, "guard", "add" },
	{ EZLB_OP_TOA_SETUP, "toa-program", "add" },
	{ EZLB_OP_TOA_ADD, "toa", "add" },
	{ EZLB_OP_TOA_SET, "toa", "change" },
	{ EZLB_OP_HOOK_ADD, "hook", "add" },
	{ EZLB_OP_SYNC_ADD, "sync", "add" },
	{ EZLB_OP_SYNC_SET, "sync", "change" },
	{ EZLB_OP_TIMEOUT_SET, "timeout", "change" },
	{ EZLB_OP_SERVICE_ADD, "listener", "add" },
	{ EZLB_OP_SERVICE_SET, "listener", "change" },
	{ EZLB_OP_DEST_ADD, "backend", "add" },
	{ EZLB_OP_DEST_SET, "backend", "change" },
	{ EZLB_OP_DEST_DEL, "backend", "remove" },
	{ EZLB_OP_SERVICE_DEL, "listener", "remove" },
	{ EZLB_OP_TIMEOUT_RESET, "timeout", "change" },
	{ EZLB_OP_SYNC_DEL, "sync", "remove" },
	{ EZLB_OP_GUARD_DEL, "guard", "remove" },
	{ EZLB_OP_MARK_DEL, "mark", "remove" },
	{ EZLB_OP_TOA_DEL, "toa", "remove" },
	{ EZLB_OP_HOOK_DEL, "hook", "remove" },
	{ EZLB_OP_TOA_TEARDOWN, "toa-program", "remove" },
	{ EZLB_OP_SNAT_DEL, "snat", "remove" },
	{ EZLB_OP_SNAT_TEARDOWN, "snat-frame", "remove" },
	{ EZLB_OP_ACCEPT_DEL, "accept", "remove" },
	{ EZLB_OP_FIREWALL_TEARDOWN, "firewall", "remove" },
	{ EZLB_OP_VIP_DEL, "address", "remove" },
	{ EZLB_OP_LINK_DEL, "link", "remove" },
	{ EZLB_OP_HOST_RESET, "module", "change" },
};

static void test_kinds(void **state)
{
	_Static_assert(COUNT_OF(kinds) == EZLB_OPS, "each kind");
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct scene *scene = scene_open();
		json_t *root, *ops;

		ezlb_plan_add(&scene->plan, kinds[i].kind);
		root = json_of(scene);
		ops = json_object_get(root, "ops");
		assert_string_equal(member(ops, 0, "op"), ezlb_op_kind_str(kinds[i].kind));
		assert_string_equal(member(ops, 0, "object"), kinds[i].object);
		assert_string_equal(member(ops, 0, "action"), kinds[i].action);
		json_decref(root);
		scene_close(scene);
	}
}

/* JSON is UTF-8, and names of files are bytes. */
static void test_hostile_names(void **state)
{
	struct scene *scene = scene_open();
	json_t *root, *ops;

	(void)state;
	add_spec(scene, "/d/\xff\"\n.yaml", "web tcp 10.0.0.1:80 10.1.0.1:80");
	add_spec(scene, "/d/\xc3\xbc.yaml", "api tcp 10.0.0.2:80 10.1.0.1:80");
	add_service(scene, EZLB_OP_SERVICE_ADD, "10.0.0.1:80");
	add_service(scene, EZLB_OP_SERVICE_ADD, "10.0.0.2:80");
	root = json_of(scene);
	ops = json_object_get(root, "ops");
	assert_string_equal(member(ops, 0, "file"), "/d/\xc3\xbc.yaml");
	assert_string_equal(member(ops, 1, "file"), "/d/\ufffd\"\n.yaml");
	assert_string_equal(member(ops, 1, "reason"), "\ufffd\"\n.yaml:2");
	json_decref(root);
	scene_close(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),	      cmocka_unit_test(test_ops),
		cmocka_unit_test(test_outcome),	      cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_hostile_names), cmocka_unit_test(test_warnings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
