// SPDX-License-Identifier: GPL-2.0-or-later
#include "view_rig.h"

#include "conditions.h"
#include "specs.h"

#define WEB "web tcp 10.0.0.1:80 10.1.0.1:80 10.1.0.2:80 10.1.0.3:80 10.1.0.4:80"
#define NAT "web tcp 10.0.0.1:80 snat=10.0.0.3 10.1.0.1:80"

/* A pass over one service, as a test makes it up. */
struct made {
	struct ezlb_spec *spec;
	struct ezlb_catalog_entry entry;
	struct ezlb_pass state;
	struct ezlb_pass_result result;
	struct ezlb_verdicts verdicts;
	struct ezlb_view_roles roles;
	struct conditions_pass pass;
	struct conditions_value said;
};

static void made_open(struct made *made, const char *spec)
{
	*made = (struct made){ .spec = spec_of("/d/web.yaml", spec) };
	made->entry.path = ezlb_strdup("/d/web.yaml");
	made->entry.last = made->entry.fresh = made->spec;
	made->pass = (struct conditions_pass){ .pass = &made->state,
					       .found = &made->result.found,
					       .outcome = &made->result.outcome,
					       .verdicts = &made->verdicts };
}

static void made_close(struct made *made)
{
	blocked_clear(&made->pass.blocked);
	ezlb_pass_result_clear(&made->result);
	ezlb_pass_clear(&made->state);
	EZLB_VEC_CLEAR(&made->verdicts);
	EZLB_VEC_CLEAR(&made->roles);
	ezlb_spec_free(made->spec);
	free(made->entry.path);
}

static void assert_said(const struct conditions_value *said, const char *name,
			enum ezlb_reason reason, const char *message)
{
	if (said->reason != reason || strcmp(said->message, message) != 0)
		fail_msg("%s: %s: '%s', not %s: '%s'", name, ezlb_reason_str(said->reason),
			 said->message, ezlb_reason_str(reason), message);
}

/* --- files --------------------------------------------------------------------------------- */

static const struct {
	const char *name, *first, *second; /* of /d/web.yaml, then; NULL: it is not there */
	enum ezlb_reason accepted, conflict;
	const char *says; /* of the one that is not good */
} files[] = {
	{ "good", PLAIN("1"), NULL, EZLB_REASON_VALID, EZLB_REASON_NO_CONFLICT, "" },
	{ "refused", BROKEN, NULL, EZLB_REASON_REFUSED, EZLB_REASON_NO_CONFLICT,
	  "/d/web.yaml:1:9: error[E015]: " },
	{ "the last good one is kept", PLAIN("1"), BROKEN, EZLB_REASON_LAST_GOOD_KEPT,
	  EZLB_REASON_NO_CONFLICT, "/d/web.yaml:1:9: error[E015]: " },
	{ "its name is taken", "name: api\n" PLAIN("1"), NULL, EZLB_REASON_REFUSED,
	  EZLB_REASON_NAME_TAKEN, "error[E030]: " },
	{ "its listener is taken", PLAIN("9"), NULL, EZLB_REASON_REFUSED,
	  EZLB_REASON_LISTENER_TAKEN, "error[E031]: " },
	{ "its source NAT is taken", "snat_ip: 10.0.0.7\n" NATTED("1"), NULL, EZLB_REASON_REFUSED,
	  EZLB_REASON_SNAT_CONFLICT, "error[E032]: " },
	{ "it wants what is taken, and serves as before", PLAIN("1"), PLAIN("9"),
	  EZLB_REASON_LAST_GOOD_KEPT, EZLB_REASON_LISTENER_TAKEN, "error[E031]: " },
};

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		struct conditions_value said;
		struct ezlb_catalog_entry *web;
		struct view_rig rig;

		rig_open(&rig);
		for (int n = 0; n < 2; n++) {
			const char *text = n == 0 ? files[i].first : files[i].second;

			if (!text)
				continue;
			rig_file(&rig, "/d/api.yaml", "snat_ip: 10.0.0.3\n" NATTED("9"));
			rig_file(&rig, "/d/web.yaml", text);
			rig_update(&rig);
			ezlb_snapshot_clear(&rig.next);
		}
		web = &rig.catalog.entries.items[1];
		conditions_accepted(&rig.catalog, web, &said);
		if (said.reason != files[i].accepted || !strstr(said.message, files[i].says))
			fail_msg("%s: %s: %s", files[i].name, ezlb_reason_str(said.reason),
				 said.message);
		conditions_conflict(&rig.catalog, web, NULL, &said);
		if (said.reason != files[i].conflict ||
		    (said.reason != EZLB_REASON_NO_CONFLICT) != (said.message[0] != '\0'))
			fail_msg("%s: %s: %s", files[i].name, ezlb_reason_str(said.reason),
				 said.message);
		conditions_accepted(&rig.catalog, &rig.catalog.entries.items[0], &said);
		assert_said(&said, files[i].name, EZLB_REASON_VALID, "");
		rig_close(&rig);
	}
}

/* Files whose paths begin alike, and one with several things wrong. */
static void test_finds_the_diagnostics_of_a_file(void **state)
{
	struct view_rig rig;
	size_t n;

	(void)state;
	rig_open(&rig);
	rig_file(&rig, "/d/a.yaml", "colour: red\nsize: 3\n" PLAIN("1"));
	rig_file(&rig, "/d/aa.yaml", PLAIN("2"));
	rig_file(&rig, "/d/b.yaml", PLAIN("3"));
	rig_file(&rig, "/d/c.yaml", NULL);
	rig_update(&rig);
	assert_ptr_equal(ezlb_catalog_diags(&rig.catalog, &rig.catalog.entries.items[0], &n),
			 &rig.catalog.diags.items[0]);
	assert_int_equal(n, 2);
	assert_null(ezlb_catalog_diags(&rig.catalog, &rig.catalog.entries.items[1], &n));
	assert_int_equal(n, 0);
	assert_null(ezlb_catalog_diags(&rig.catalog, &rig.catalog.entries.items[2], &n));
	assert_ptr_equal(ezlb_catalog_diags(&rig.catalog, &rig.catalog.entries.items[3], &n),
			 &rig.catalog.diags.items[2]);
	assert_int_equal(n, 1);
	rig_close(&rig);
}

/* --- the kernel ---------------------------------------------------------------------------- */

/*
 * What came of a pass, a letter each: x an op of the service failed, h one waits, s its source NAT
 * failed, o another service's failed. L the IPVS layer could not be read, S the SNAT layer; A IPVS
 * failed as a whole when it was written. W the ledger cannot be written. C the listener is foreign,
 * F its service is fought over, N a rule of source NAT is, M another
 * backend's, Q the chain of all. t: its TOA failed, T: it could not be read, U: it is fought over.
 */
static void add_op(struct made *made, enum ezlb_op_kind kind, const char *key, int rc)
{
	struct ezlb_op *op = ezlb_plan_add(&made->result.plan.ops, kind);

	op->rc = rc;
	if (kind == EZLB_OP_SNAT_ADD) {
		op->snat.key.endpoint = key_of(key).listen;
		return;
	}
	op->dest.service = key_of(key);
	op->dest.endpoint = key_of("tcp 10.1.0.1:80").listen;
	op->dest.weight = 1;
}

static void add_fight(struct made *made, enum ezlb_layer_kind layer, const char *key)
{
	struct ezlb_unit *unit = EZLB_PUSH(&made->state.units);

	*unit = (struct ezlb_unit){ .layer = layer, .fight = true };
	if (layer == EZLB_LAYER_SNAT)
		unit->subject = (struct ezlb_subject){
			.kind = EZLB_SUBJECT_BACKEND,
			.backend = { EZLB_SNAT_KEY_BACKEND, key_of(key).proto, key_of(key).listen }
		};
	else
		unit->subject = (struct ezlb_subject){ .kind = EZLB_SUBJECT_SERVICE,
						       .service = key_of(key) };
}

static void add(struct made *made, char letter)
{
	struct ezlb_pass_result *result = &made->result;

	if (letter == 'x' || letter == 'h')
		add_op(made, EZLB_OP_DEST_ADD, "tcp 10.0.0.1:80",
		       letter == 'x' ? -ENOMEM : EZLB_HELD);
	else if (letter == 'o')
		add_op(made, EZLB_OP_DEST_ADD, "tcp 10.0.0.9:80", -ENOMEM);
	else if (letter == 's')
		add_op(made, EZLB_OP_SNAT_ADD, "tcp 10.1.0.1:80", -EAGAIN);
	else if (letter == 'A')
		ezlb_err_set(&result->outcome.errs.layer[EZLB_LAYER_IPVS], EIO,
			     "netlink is broken");
	else if (letter == 'W')
		ezlb_err_set(&result->outcome.ledger_err, ENOSPC, "cannot write the ledger");
	else if (letter == 'F')
		add_fight(made, EZLB_LAYER_IPVS, "tcp 10.0.0.1:80");
	else if (letter == 'N')
		add_fight(made, EZLB_LAYER_SNAT, "tcp 10.1.0.1:80");
	else if (letter == 'M')
		add_fight(made, EZLB_LAYER_SNAT, "tcp 10.1.0.99:80");
	else if (letter == 'Q')
		*EZLB_PUSH(&made->state.units) = (struct ezlb_unit){ .layer = EZLB_LAYER_SNAT,
								     .fight = true };
	else if (letter == 'C')
		*EZLB_PUSH(&result->found.conflicts) =
			(struct ezlb_pass_conflict){ "web", key_of("tcp 10.0.0.1:80") };
	else if (letter == 't')
		ezlb_plan_add(&result->plan.ops, EZLB_OP_TOA_ADD)->toa.service =
			key_of("tcp 10.0.0.1:80");
	else if (letter == 'T')
		ezlb_err_set(&result->found.errs.layer[EZLB_LAYER_TOA], EPERM, "cannot list tc");
	else if (letter == 'U')
		add_fight(made, EZLB_LAYER_TOA, "tcp 10.0.0.1:80");
	if (letter == 'L' || letter == 'S') {
		ezlb_err_set(&result->found.errs
				      .layer[letter == 'L' ? EZLB_LAYER_IPVS : EZLB_LAYER_SNAT],
			     EPERM, letter == 'L' ? "cannot list IPVS" : "cannot list nat");
		result->outcome.errs = result->found.errs;
	}
}

#define OP    "dest-add tcp 10.0.0.1:80 -> 10.1.0.1:80 masq weight 1: "
#define FIGHT "another program keeps changing it: ezlb repairs it at most every 5 s"

static const struct {
	const char *name, *outcome, *spec;
	enum ezlb_reason reason;
	const char *message; /* how it begins */
} passes[] = {
	{ "nothing is wrong", "", WEB, EZLB_REASON_PROGRAMMED, "" },
	{ "another service fails", "o", WEB, EZLB_REASON_PROGRAMMED, "" },
	{ "it fails", "x", WEB, EZLB_REASON_FAILED, OP },
	{ "it waits", "h", WEB, EZLB_REASON_HELD, OP },
	{ "both", "hx", WEB, EZLB_REASON_FAILED, OP },
	{ "its source NAT fails", "hs", NAT, EZLB_REASON_FAILED, "snat-add tcp 10.1.0.1:80" },
	{ "the layer says why", "xA", WEB, EZLB_REASON_FAILED, OP "netlink is broken" },
	{ "the ledger", "hW", WEB, EZLB_REASON_FAILED, "cannot write the ledger" },
	{ "IPVS cannot be read", "L", WEB, EZLB_REASON_UNREADABLE, "cannot list IPVS" },
	{ "SNAT cannot be read", "S", NAT, EZLB_REASON_UNREADABLE, "cannot list nat" },
	{ "SNAT cannot be read, IPVS was not to be written", "SAx", WEB, EZLB_REASON_FAILED,
	  OP "netlink is broken" },
	{ "SNAT is no concern of it", "S", WEB, EZLB_REASON_PROGRAMMED, "" },
	{ "the listener is foreign", "C", WEB, EZLB_REASON_NOT_APPLIED,
	  "a virtual service that ezlb does not own has the listener" },
	{ "a fight", "F", WEB, EZLB_REASON_FIGHT, FIGHT },
	{ "a fight over another backend's rule", "M", NAT, EZLB_REASON_PROGRAMMED, "" },
	{ "a fight over the chain", "Q", NAT, EZLB_REASON_FIGHT, FIGHT },
	{ "a fight over the chain, without source NAT", "Q", WEB, EZLB_REASON_PROGRAMMED, "" },
	{ "a fight, and it waits", "Fh", WEB, EZLB_REASON_FIGHT, FIGHT },
	{ "a fight over source NAT", "N", NAT, EZLB_REASON_FIGHT, FIGHT },
	{ "that is no concern of it", "N", WEB, EZLB_REASON_PROGRAMMED, "" },
	{ "it works without TOA, which failed", "t", NAT, EZLB_REASON_PROGRAMMED, "" },
	{ "or cannot be read", "T", NAT, EZLB_REASON_PROGRAMMED, "" },
	{ "or is fought over", "U", NAT, EZLB_REASON_PROGRAMMED, "" },
};

static void test_programmed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(passes); i++) {
		struct made made;

		made_open(&made, passes[i].spec);
		for (const char *p = passes[i].outcome; *p; p++)
			add(&made, *p);
		blocked_find(&made.pass.blocked, &made.result.plan.ops);
		conditions_programmed(&made.entry, &made.pass, &made.said);
		if (made.said.reason != passes[i].reason ||
		    (passes[i].message[0] == '\0') != (made.said.message[0] == '\0') ||
		    strncmp(made.said.message, passes[i].message, strlen(passes[i].message)) != 0)
			fail_msg("%s: %s: %s", passes[i].name, ezlb_reason_str(made.said.reason),
				 made.said.message);
		made_close(&made);
	}
}

static void test_before_a_pass(void **state)
{
	struct made made;

	(void)state;
	made_open(&made, WEB);
	made.spec->check.type = EZLB_CHECK_TCP;
	conditions_programmed(&made.entry, NULL, &made.said);
	assert_said(&made.said, "programmed", EZLB_REASON_PENDING, "");
	conditions_ready(&made.entry, &made.roles, NULL, &made.said);
	assert_said(&made.said, "ready", EZLB_REASON_PENDING, "");
	made.entry.last = NULL;
	conditions_programmed(&made.entry, NULL, &made.said);
	assert_said(&made.said, "programmed", EZLB_REASON_NOT_APPLIED,
		    "no version of the file is applied");
	conditions_ready(&made.entry, &made.roles, &made.pass, &made.said);
	assert_said(&made.said, "ready", EZLB_REASON_NOT_APPLIED,
		    "no version of the file is applied");
	made_close(&made);
}

static void test_foreign(void **state)
{
	const struct ezlb_catalog catalog = { 0 };
	struct made made;

	(void)state;
	made_open(&made, WEB);
	*EZLB_PUSH(&made.result.found.conflicts) =
		(struct ezlb_pass_conflict){ "api", key_of("tcp 10.0.0.9:80") };
	conditions_conflict(&catalog, &made.entry, &made.pass, &made.said);
	assert_said(&made.said, "another's", EZLB_REASON_NO_CONFLICT, "");
	add(&made, 'C');
	conditions_conflict(&catalog, &made.entry, &made.pass, &made.said);
	assert_said(&made.said, "its own", EZLB_REASON_FOREIGN,
		    "a virtual service that ezlb does not own has tcp 10.0.0.1:80 "
		    "(--adopt never)");
	made_close(&made);
}

/* --- backends ------------------------------------------------------------------------------ */

/*
 * Verdicts of the backends 10.1.0.1 to 10.1.0.4: u up, d down, h down with 503, ? none yet; U, D
 * and X are up, down and none yet with weight 0.
 */
static const struct {
	const char *name, *verdicts;
	enum ezlb_reason reason;
	const char *message;
} backends[] = {
	{ "all", "uuuu", EZLB_REASON_ALL_UP, "" },
	{ "one is down", "uduu", EZLB_REASON_SOME_DOWN,
	  "1 of 4 backends is down: 10.1.0.2:80 (connect_refused)" },
	{ "one is up", "uhdd", EZLB_REASON_SOME_DOWN,
	  "3 of 4 backends are down: 10.1.0.2:80 (http_status 503), 10.1.0.3:80 (connect_refused), "
	  "10.1.0.4:80 (connect_refused)" },
	{ "none", "dddd", EZLB_REASON_NONE_UP,
	  "no backend is up: 10.1.0.1:80 (connect_refused), 10.1.0.2:80 (connect_refused), "
	  "10.1.0.3:80 (connect_refused), ..." },
	{ "none has a verdict", "????", EZLB_REASON_PENDING,
	  "4 of 4 backends have no health result yet" },
	{ "some are up", "u??u", EZLB_REASON_SOME_UNKNOWN,
	  "2 of 4 backends have no health result yet" },
	{ "the last one may be up", "ddd?", EZLB_REASON_PENDING,
	  "1 of 4 backends have no health result yet" },
	{ "one has weight 0", "uUuu", EZLB_REASON_ALL_UP,
	  "1 of 4 backends has weight 0 and takes no new connections" },
	{ "one is left", "UUuU", EZLB_REASON_ALL_UP,
	  "3 of 4 backends have weight 0 and take no new connections" },
	{ "all have weight 0", "UUUU", EZLB_REASON_NONE_SERVING,
	  "every backend has weight 0: the service takes no new connections; set a weight above 0" },
	{ "all have weight 0, and one is down", "UDUU", EZLB_REASON_NONE_SERVING,
	  "every backend has weight 0: the service takes no new connections; set a weight above 0" },
	{ "all have weight 0, and no verdict", "XXXX", EZLB_REASON_NONE_SERVING,
	  "every backend has weight 0: the service takes no new connections; set a weight above 0" },
	{ "weight 0 or down", "UdhU", EZLB_REASON_NONE_SERVING,
	  "no backend takes new connections: 10.1.0.1:80 (weight 0), "
	  "10.1.0.2:80 (connect_refused), 10.1.0.3:80 (http_status 503), ..." },
	{ "all are down, some with weight 0", "dDdD", EZLB_REASON_NONE_UP,
	  "no backend is up: 10.1.0.1:80 (connect_refused), 10.1.0.2:80 (connect_refused), "
	  "10.1.0.3:80 (connect_refused), ..." },
	{ "weight 0, or no verdict yet", "UU?d", EZLB_REASON_PENDING,
	  "1 of 4 backends have no health result yet" },
	{ "one is down, one has weight 0", "uUdu", EZLB_REASON_SOME_DOWN,
	  "1 of 4 backends is down: 10.1.0.3:80 (connect_refused)" },
};

static void set_backend(struct made *made, size_t k, char letter)
{
	struct ezlb_verdict_row *row = EZLB_PUSH(&made->verdicts);

	ezlb_strcpy(row->service, sizeof(row->service), "web");
	row->backend = made->spec->backends[k].endpoint;
	made->spec->backends[k].weight = strchr("UDX", letter) ? 0 : 1;
	row->verdict = strchr("uU", letter)   ? EZLB_UP
		       : strchr("?X", letter) ? EZLB_UNKNOWN
					      : EZLB_DOWN;
	row->code = letter == 'h' ? 503 : 0;
	row->outcome = letter == 'h' ? EZLB_PROBE_HTTP_STATUS : EZLB_PROBE_CONNECT_REFUSED;
}

static void test_backends(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(backends); i++) {
		struct made made;

		made_open(&made, WEB);
		made.spec->check.type = EZLB_CHECK_TCP;
		for (size_t k = 0; k < 4; k++)
			set_backend(&made, k, backends[i].verdicts[k]);
		conditions_ready(&made.entry, &made.roles, &made.pass, &made.said);
		assert_said(&made.said, backends[i].name, backends[i].reason, backends[i].message);
		made_close(&made);
	}
}

/*
 * Verdicts as above, and the roles: s serving, g in slow start, d draining, o out, f fail open. The
 * fourth backend is a fallback: its role is b standby, F serving.
 */
static const struct {
	const char *name, *verdicts, *roles;
	enum ezlb_reason reason;
	const char *message;
} placed[] = {
	{ "a fallback that is not needed", "uuuu", "sssb", EZLB_REASON_ALL_UP, "" },
	{ "drains and slow starts are no fault", "uuuu", "sgdd", EZLB_REASON_ALL_UP,
	  "2 backends drain; 1 backend is in slow start" },
	{ "it is down and drains", "uhdu", "sdob", EZLB_REASON_SOME_DOWN,
	  "2 of 3 backends are down: 10.1.0.2:80 (http_status 503, drains), 10.1.0.3:80 "
	  "(connect_refused)" },
	{ "the fallback is down", "uuud", "ssso", EZLB_REASON_SOME_DOWN,
	  "1 of 1 fallbacks is down: 10.1.0.4:80 (connect_refused)" },
	{ "one of each is down", "uudd", "ssoo", EZLB_REASON_SOME_DOWN,
	  "1 of 3 backends is down: 10.1.0.3:80 (connect_refused); 1 of 1 fallbacks is down: "
	  "10.1.0.4:80 (connect_refused)" },
	{ "the fallback serves", "dddu", "oooF", EZLB_REASON_FALLBACK_SERVES,
	  "no backend is up: the fallback serves (10.1.0.4:80); 10.1.0.1:80 (connect_refused), "
	  "10.1.0.2:80 (connect_refused), 10.1.0.3:80 (connect_refused)" },
	{ "the others have weight 0", "UUUu", "sssF", EZLB_REASON_FALLBACK_SERVES,
	  "no backend is up: the fallback serves (10.1.0.4:80); 10.1.0.1:80 (weight 0), "
	  "10.1.0.2:80 (weight 0), 10.1.0.3:80 (weight 0)" },
	{ "the fallback is down, too", "dddd", "oooo", EZLB_REASON_NONE_UP,
	  "no backend is up, and no fallback serves: 10.1.0.1:80 (connect_refused), "
	  "10.1.0.2:80 (connect_refused), 10.1.0.3:80 (connect_refused)" },
	{ "a fallback that is up says nothing of the others", "???u", "sssb", EZLB_REASON_PENDING,
	  "3 of 3 backends have no health result yet" },
	{ "fail open", "uddu", "sffb", EZLB_REASON_FAIL_OPEN,
	  "fewer than min_healthy (50%): 1 of 3 backends is up; all 3 are scheduled; down: "
	  "10.1.0.2:80 (connect_refused), 10.1.0.3:80 (connect_refused)" },
	{ "fail open, and those that are down have weight 0", "uDDu", "sffb", EZLB_REASON_SOME_DOWN,
	  "2 of 3 backends are down: 10.1.0.2:80 (connect_refused), 10.1.0.3:80 "
	  "(connect_refused)" },
};

static void set_role(struct made *made, size_t k, char letter)
{
	static const struct {
		char letter;
		enum ezlb_role role;
	} roles[] = {
		{ 's', EZLB_ROLE_SERVING },   { 'g', EZLB_ROLE_STARTING },
		{ 'd', EZLB_ROLE_DRAINING },  { 'o', EZLB_ROLE_OUT },
		{ 'f', EZLB_ROLE_FAIL_OPEN }, { 'b', EZLB_ROLE_STANDBY },
		{ 'F', EZLB_ROLE_FALLBACK },
	};
	struct ezlb_view_role *role = EZLB_PUSH(&made->roles);

	role->backend = made->spec->backends[k].endpoint;
	role->weight = made->spec->backends[k].weight;
	for (size_t i = 0; i < COUNT_OF(roles); i++)
		if (roles[i].letter == letter)
			role->role = roles[i].role;
}

static void test_roles(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(placed); i++) {
		struct made made;

		made_open(&made, WEB);
		made.spec->check.type = EZLB_CHECK_TCP;
		made.spec->min_healthy = (struct ezlb_min_healthy){ 50, true };
		made.spec->backends[3].fallback = true;
		for (size_t k = 0; k < 4; k++) {
			set_backend(&made, k, placed[i].verdicts[k]);
			set_role(&made, k, placed[i].roles[k]);
		}
		conditions_ready(&made.entry, &made.roles, &made.pass, &made.said);
		assert_said(&made.said, placed[i].name, placed[i].reason, placed[i].message);
		made_close(&made);
	}
}

/* No row of health's is no verdict; without a check there is no need of one. */
static void test_backends_without_a_row(void **state)
{
	struct made made;

	(void)state;
	made_open(&made, NAT);
	made.spec->check.type = EZLB_CHECK_TCP;
	conditions_ready(&made.entry, &made.roles, &made.pass, &made.said);
	assert_said(&made.said, "no row", EZLB_REASON_PENDING,
		    "1 of 1 backends have no health result yet");
	made.spec->check.type = EZLB_CHECK_NONE;
	conditions_ready(&made.entry, &made.roles, &made.pass, &made.said);
	assert_said(&made.said, "no check", EZLB_REASON_ALL_UP, "the service has no health check");
	made.spec->backends[0].weight = 0;
	conditions_ready(&made.entry, &made.roles, NULL, &made.said);
	assert_said(
		&made.said, "no check and no weight", EZLB_REASON_NONE_SERVING,
		"every backend has weight 0: the service takes no new connections; set a weight above 0");
	made_close(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_files),
		IN_TOP(test_finds_the_diagnostics_of_a_file),
		cmocka_unit_test(test_programmed),
		cmocka_unit_test(test_before_a_pass),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_backends),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_backends_without_a_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
