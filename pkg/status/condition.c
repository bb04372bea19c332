// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/status.h>

const char *ezlb_condition_type_str(enum ezlb_condition_type type)
{
	static const char *const names[] = {
		[EZLB_ACCEPTED] = "Accepted",
		[EZLB_PROGRAMMED] = "Programmed",
		[EZLB_BACKENDS_READY] = "BackendsReady",
		[EZLB_CONFLICT] = "Conflict",
		[EZLB_DELIVERABLE] = "Deliverable",
		[EZLB_CLIENT_ADDRESS] = "ClientAddress",
	};

	return type < EZLB_CONDITIONS ? names[type] : "?";
}

const char *ezlb_truth_str(enum ezlb_truth truth)
{
	static const char *const names[] = {
		[EZLB_FALSE] = "False",
		[EZLB_TRUE] = "True",
		[EZLB_DONT_KNOW] = "Unknown",
	};

	return names[truth];
}

#define OF(type) (1u << (type))

static const struct {
	const char *name;
	enum ezlb_truth truth;
	unsigned of; /* conditions that may have the reason */
} reasons[] = {
	[EZLB_REASON_VALID] = { "Valid", EZLB_TRUE, OF(EZLB_ACCEPTED) },
	[EZLB_REASON_REFUSED] = { "Refused", EZLB_FALSE, OF(EZLB_ACCEPTED) },
	[EZLB_REASON_LAST_GOOD_KEPT] = { "LastGoodKept", EZLB_FALSE, OF(EZLB_ACCEPTED) },
	[EZLB_REASON_PROGRAMMED] = { "Programmed", EZLB_TRUE, OF(EZLB_PROGRAMMED) },
	[EZLB_REASON_PENDING] = { "Pending", EZLB_DONT_KNOW,
				  OF(EZLB_PROGRAMMED) | OF(EZLB_BACKENDS_READY) |
					  OF(EZLB_CLIENT_ADDRESS) },
	[EZLB_REASON_NOT_APPLIED] = { "NotInForce", EZLB_FALSE,
				      OF(EZLB_PROGRAMMED) | OF(EZLB_BACKENDS_READY) |
					      OF(EZLB_DELIVERABLE) | OF(EZLB_CLIENT_ADDRESS) },
	[EZLB_REASON_FAILED] = { "Failed", EZLB_FALSE,
				 OF(EZLB_PROGRAMMED) | OF(EZLB_CLIENT_ADDRESS) },
	[EZLB_REASON_HELD] = { "Held", EZLB_FALSE, OF(EZLB_PROGRAMMED) | OF(EZLB_CLIENT_ADDRESS) },
	[EZLB_REASON_UNREADABLE] = { "Unreadable", EZLB_DONT_KNOW,
				     OF(EZLB_PROGRAMMED) | OF(EZLB_CLIENT_ADDRESS) },
	[EZLB_REASON_FIGHT] = { "Fight", EZLB_FALSE, OF(EZLB_PROGRAMMED) },
	[EZLB_REASON_ALL_UP] = { "AllUp", EZLB_TRUE, OF(EZLB_BACKENDS_READY) },
	[EZLB_REASON_SOME_DOWN] = { "SomeDown", EZLB_TRUE, OF(EZLB_BACKENDS_READY) },
	[EZLB_REASON_SOME_UNKNOWN] = { "SomeUnknown", EZLB_TRUE, OF(EZLB_BACKENDS_READY) },
	[EZLB_REASON_FAIL_OPEN] = { "FailOpen", EZLB_TRUE, OF(EZLB_BACKENDS_READY) },
	[EZLB_REASON_FALLBACK_SERVES] = { "FallbackServes", EZLB_TRUE, OF(EZLB_BACKENDS_READY) },
	[EZLB_REASON_NONE_UP] = { "NoneUp", EZLB_FALSE, OF(EZLB_BACKENDS_READY) },
	[EZLB_REASON_NONE_SERVING] = { "NoneServing", EZLB_FALSE, OF(EZLB_BACKENDS_READY) },
	[EZLB_REASON_NO_CONFLICT] = { "NoConflict", EZLB_FALSE, OF(EZLB_CONFLICT) },
	[EZLB_REASON_NAME_TAKEN] = { "NameTaken", EZLB_TRUE, OF(EZLB_CONFLICT) },
	[EZLB_REASON_LISTENER_TAKEN] = { "ListenerTaken", EZLB_TRUE, OF(EZLB_CONFLICT) },
	[EZLB_REASON_SNAT_CONFLICT] = { "SnatConflict", EZLB_TRUE, OF(EZLB_CONFLICT) },
	[EZLB_REASON_FOREIGN] = { "Foreign", EZLB_TRUE, OF(EZLB_CONFLICT) },
	[EZLB_REASON_NO_OBSTACLE] = { "NoObstacle", EZLB_TRUE, OF(EZLB_DELIVERABLE) },
	[EZLB_REASON_LOCAL_BACKEND] = { "LocalBackend", EZLB_TRUE, OF(EZLB_DELIVERABLE) },
	[EZLB_REASON_NO_REAL_BACKEND] = { "NoRealBackend", EZLB_FALSE, OF(EZLB_DELIVERABLE) },
	[EZLB_REASON_BACKEND_IS_LISTENER] = { "BackendIsListener", EZLB_FALSE,
					      OF(EZLB_DELIVERABLE) },
	[EZLB_REASON_NO_ANSWERS] = { "NoAnswers", EZLB_FALSE, OF(EZLB_DELIVERABLE) },
	[EZLB_REASON_CONNTRACK_FULL] = { "ConntrackFull", EZLB_FALSE, OF(EZLB_DELIVERABLE) },
	[EZLB_REASON_SOURCE_NOT_LOCAL] = { "SourceNotLocal", EZLB_FALSE, OF(EZLB_DELIVERABLE) },
	[EZLB_REASON_SOURCE_PORTS_LOW] = { "SourcePortsLow", EZLB_TRUE, OF(EZLB_DELIVERABLE) },
	[EZLB_REASON_NOT_ASKED] = { "NotAsked", EZLB_TRUE, OF(EZLB_CLIENT_ADDRESS) },
	[EZLB_REASON_ADDED] = { "Added", EZLB_TRUE, OF(EZLB_CLIENT_ADDRESS) },
	[EZLB_REASON_UNSUPPORTED] = { "Unsupported", EZLB_FALSE, OF(EZLB_CLIENT_ADDRESS) },
};

const char *ezlb_reason_str(enum ezlb_reason reason)
{
	return reason < EZLB_REASONS ? reasons[reason].name : "?";
}

enum ezlb_truth ezlb_reason_truth(enum ezlb_reason reason, enum ezlb_condition_type type)
{
	if (reason >= EZLB_REASONS || !(reasons[reason].of & OF(type)))
		return EZLB_DONT_KNOW;
	return reasons[reason].truth;
}

const char *ezlb_condition_message(const struct ezlb_condition *condition)
{
	return condition->message ? condition->message : "";
}

static void set_message(struct ezlb_condition *condition, const char *message)
{
	if (strncmp(ezlb_condition_message(condition), message, EZLB_MESSAGE_STRLEN - 1) == 0)
		return;
	free(condition->message);
	condition->message = message[0] ? ezlb_strndup(message, EZLB_MESSAGE_STRLEN - 1) : NULL;
}

bool ezlb_condition_set(struct ezlb_condition *condition, enum ezlb_condition_type type,
			enum ezlb_reason reason, const char *message, int64_t now_ms)
{
	enum ezlb_truth status = ezlb_reason_truth(reason, type);
	bool changed = condition->since_ms == 0 || condition->reason != reason ||
		       condition->status != status;

	condition->status = status;
	condition->reason = reason;
	set_message(condition, message ? message : "");
	if (changed)
		condition->since_ms = now_ms;
	return changed;
}

void ezlb_conditions_copy(struct ezlb_condition to[static EZLB_CONDITIONS],
			  const struct ezlb_condition from[static EZLB_CONDITIONS])
{
	for (int i = 0; i < EZLB_CONDITIONS; i++) {
		to[i] = from[i];
		to[i].message = from[i].message ? ezlb_strdup(from[i].message) : NULL;
	}
}

void ezlb_conditions_clear(struct ezlb_condition conditions[static EZLB_CONDITIONS])
{
	for (int i = 0; i < EZLB_CONDITIONS; i++) {
		free(conditions[i].message);
		conditions[i].message = NULL;
	}
}

const char *ezlb_state_str(enum ezlb_state state)
{
	static const char *const names[] = {
		[EZLB_STATE_DOWN] = "down",	    [EZLB_STATE_FAILED] = "failed",
		[EZLB_STATE_CONFLICT] = "conflict", [EZLB_STATE_REFUSED] = "refused",
		[EZLB_STATE_STALE] = "stale",	    [EZLB_STATE_DEGRADED] = "degraded",
		[EZLB_STATE_PENDING] = "pending",   [EZLB_STATE_OK] = "ok",
	};

	return state < EZLB_STATES ? names[state] : "?";
}

static bool is_failed(enum ezlb_reason programmed)
{
	return programmed == EZLB_REASON_FAILED || programmed == EZLB_REASON_HELD ||
	       programmed == EZLB_REASON_UNREADABLE || programmed == EZLB_REASON_FIGHT;
}

/* Not NotInForce, which follows from the file. ClientAddress makes no state: a service works
 * without.
 */
static bool is_obstacle(enum ezlb_reason deliverable)
{
	return deliverable == EZLB_REASON_BACKEND_IS_LISTENER ||
	       deliverable == EZLB_REASON_NO_ANSWERS || deliverable == EZLB_REASON_CONNTRACK_FULL ||
	       deliverable == EZLB_REASON_SOURCE_NOT_LOCAL ||
	       deliverable == EZLB_REASON_SOURCE_PORTS_LOW;
}

enum ezlb_state ezlb_state_of(const struct ezlb_condition conditions[static EZLB_CONDITIONS])
{
	enum ezlb_reason accepted = conditions[EZLB_ACCEPTED].reason;
	enum ezlb_reason programmed = conditions[EZLB_PROGRAMMED].reason;
	enum ezlb_reason ready = conditions[EZLB_BACKENDS_READY].reason;
	enum ezlb_reason conflict = conditions[EZLB_CONFLICT].reason;
	enum ezlb_reason deliverable = conditions[EZLB_DELIVERABLE].reason;
	bool applied = accepted != EZLB_REASON_REFUSED && programmed != EZLB_REASON_NOT_APPLIED;
	bool taken = conditions[EZLB_CONFLICT].status == EZLB_TRUE;

	if (ready == EZLB_REASON_NONE_UP || ready == EZLB_REASON_NONE_SERVING ||
	    deliverable == EZLB_REASON_NO_REAL_BACKEND)
		return EZLB_STATE_DOWN;
	if (is_failed(programmed))
		return EZLB_STATE_FAILED;
	/* ezlb does not touch a foreign service, so no older version is applied either. */
	if (taken && (!applied || conflict == EZLB_REASON_FOREIGN))
		return EZLB_STATE_CONFLICT;
	if (!applied)
		return EZLB_STATE_REFUSED;
	if (taken || accepted == EZLB_REASON_LAST_GOOD_KEPT)
		return EZLB_STATE_STALE;
	if (ready == EZLB_REASON_SOME_DOWN || ready == EZLB_REASON_FAIL_OPEN ||
	    ready == EZLB_REASON_FALLBACK_SERVES || is_obstacle(deliverable))
		return EZLB_STATE_DEGRADED;
	if (programmed == EZLB_REASON_PENDING || ready == EZLB_REASON_PENDING ||
	    ready == EZLB_REASON_SOME_UNKNOWN)
		return EZLB_STATE_PENDING;
	return EZLB_STATE_OK;
}
