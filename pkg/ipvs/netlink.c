// SPDX-License-Identifier: GPL-2.0-or-later
#include "netlink.h"

#include <errno.h>

#include <ezlb/mem.h>

#include "codec.h"

#define CHANGED 1

struct ezlb_ipvs_nl {
	struct ezlb_ipvs_source source;
	struct ezlb_nl *nl;
	uint16_t family; /* 0: unknown, the next call resolves it */
	struct ezlb_nl_buf out;
};

/* Sets the error text for a failure of IPVS as a whole. */
static int explain(struct ezlb_err *err, int rc)
{
	if (rc == -ENOENT)
		return ezlb_err_set(err, ENOENT,
				    "the kernel module ip_vs is not loaded: run 'modprobe ip_vs' "
				    "as root (in Kubernetes: on the node)");
	if (rc == -EINTR)
		return ezlb_err_set(err, EAGAIN, "the IPVS table changed while it was read");
	return ezlb_nl_explain(err, rc, "IPVS");
}

/* --- family -------------------------------------------------------------------------------- */

static int resolve(struct ezlb_ipvs_nl *nl, bool load, struct ezlb_err *err)
{
	int rc;

	nl->family = 0;
	rc = nl->source.resolve(nl->source.arg, load, &nl->family, err);
	return rc == -ENOENT || rc == -EPERM ? explain(err, rc) : rc;
}

/* The answers to a stale family id: no family has it, or a family with fewer commands has it. */
static bool stale_sign(int rc)
{
	return rc == -ENOENT || rc == -EOPNOTSUPP;
}

/* Returns CHANGED if the family id has changed, so that trying again makes sense. */
static int resolve_again(struct ezlb_ipvs_nl *nl, struct ezlb_err *err)
{
	uint16_t old = nl->family;
	int rc = resolve(nl, false, err);

	if (rc)
		return rc;
	return nl->family != old ? CHANGED : 0;
}

/* --- dump ---------------------------------------------------------------------------------- */

/* What to read; `service` is of QUESTION_SERVICE and QUESTION_DESTS. */
struct question {
	enum {
		QUESTION_SERVICES,
		QUESTION_SERVICE,
		QUESTION_DESTS,
		QUESTION_TIMEOUTS,
		QUESTION_SYNCS
	} kind;
	const struct ezlb_service_key *service;
};

static int ask_once(struct ezlb_ipvs_nl *nl, const struct question *question, ezlb_nl_msg_fn fn,
		    void *arg, struct ezlb_err *err)
{
	int rc;

	nl->out.len = 0;
	if (question->kind == QUESTION_TIMEOUTS)
		ezlb_ipvs_put_get_timeouts(&nl->out, nl->family);
	else if (question->kind == QUESTION_SYNCS)
		ezlb_ipvs_put_get_syncs(&nl->out, nl->family);
	else if (question->kind == QUESTION_SERVICE)
		ezlb_ipvs_put_get_service(&nl->out, nl->family, question->service);
	else if (question->kind == QUESTION_DESTS)
		ezlb_ipvs_put_get_dests(&nl->out, nl->family, question->service);
	else
		ezlb_ipvs_put_get_services(&nl->out, nl->family);
	rc = ezlb_nl_ask(nl->nl, &nl->out, fn, arg);
	return rc ? explain(err, rc) : 0;
}

static int ask(struct ezlb_ipvs_nl *nl, const struct question *question, ezlb_nl_msg_fn fn,
	       void *arg, struct ezlb_err *err)
{
	int rc = ask_once(nl, question, fn, arg, err);
	int fresh;

	if (!stale_sign(rc))
		return rc;
	fresh = resolve_again(nl, err);
	if (fresh == CHANGED)
		return ask_once(nl, question, fn, arg, err);
	return fresh ? fresh : rc;
}

int ezlb_ipvs_nl_dump(struct ezlb_ipvs_nl *nl, const struct ezlb_service_key *service,
		      ezlb_nl_msg_fn fn, void *arg, struct ezlb_err *err)
{
	const struct question question = { service ? QUESTION_DESTS : QUESTION_SERVICES, service };

	return ask(nl, &question, fn, arg, err);
}

int ezlb_ipvs_nl_service(struct ezlb_ipvs_nl *nl, const struct ezlb_service_key *service,
			 ezlb_nl_msg_fn fn, void *arg, struct ezlb_err *err)
{
	const struct question question = { QUESTION_SERVICE, service };

	return ask(nl, &question, fn, arg, err);
}

static int on_timeouts(void *arg, const struct nlmsghdr *msg)
{
	return ezlb_ipvs_get_timeouts(msg, msg->nlmsg_len, arg);
}

int ezlb_ipvs_nl_timeouts(struct ezlb_ipvs_nl *nl, uint32_t out[EZLB_TIMEOUTS],
			  struct ezlb_err *err)
{
	const struct question question = { QUESTION_TIMEOUTS, NULL };

	return ask(nl, &question, on_timeouts, out, err);
}

int ezlb_ipvs_nl_syncs(struct ezlb_ipvs_nl *nl, ezlb_nl_msg_fn fn, void *arg, struct ezlb_err *err)
{
	const struct question question = { QUESTION_SYNCS, NULL };

	return ask(nl, &question, fn, arg, err);
}

/* --- apply --------------------------------------------------------------------------------- */

/* Sets the rc of an op. The last request asks for an answer, which comes after all others. */
static bool on_answer(void *arg, size_t i, int code)
{
	struct ezlb_op *const **ops = arg;

	(*ops)[i]->rc = code;
	return false;
}

/* Sets the rc of all ops that have no answer yet. */
static void settle(struct ezlb_op *const *ops, size_t n, int rc)
{
	for (size_t i = 0; i < n; i++) {
		if (ops[i]->rc == EZLB_PENDING)
			ops[i]->rc = rc;
	}
}

static int send_ops(struct ezlb_ipvs_nl *nl, struct ezlb_op *const *ops, size_t n,
		    struct ezlb_err *err)
{
	int rc;

	nl->out.len = 0;
	for (size_t i = 0; i < n; i++) {
		ezlb_ipvs_put_op(&nl->out, nl->family, ops[i]);
		ops[i]->rc = EZLB_PENDING;
	}
	ezlb_nl_ack_last(&nl->out);
	rc = ezlb_nl_tell(nl->nl, &nl->out, on_answer, &ops);
	if (rc)
		explain(err, rc);
	settle(ops, n, rc);
	return rc;
}

static bool looks_stale(struct ezlb_op *const *ops, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!stale_sign(ops[i]->rc))
			return false;
	}
	return true;
}

/* Runs send_ops, and once more if the family id has changed. */
static int send_fresh(struct ezlb_ipvs_nl *nl, struct ezlb_op *const *ops, size_t n,
		      struct ezlb_err *err)
{
	int rc = send_ops(nl, ops, n, err);

	if (rc || !looks_stale(ops, n))
		return rc;
	rc = resolve_again(nl, err);
	return rc == CHANGED ? send_ops(nl, ops, n, err) : rc;
}

int ezlb_ipvs_nl_apply(struct ezlb_ipvs_nl *nl, struct ezlb_op *const *ops, size_t n,
		       struct ezlb_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		ops[i]->rc = EZLB_PENDING;
	/* -ENOBUFS: the results of this send are unknown, but the other ops can still be sent. */
	for (size_t i = 0; i < n && (rc == 0 || rc == -ENOBUFS); i += EZLB_IPVS_SEND_OPS) {
		size_t room = n - i < EZLB_IPVS_SEND_OPS ? n - i : EZLB_IPVS_SEND_OPS;

		rc = send_fresh(nl, ops + i, room, err);
	}
	settle(ops, n, rc);
	for (size_t i = 0; i < n; i++) {
		if (ops[i]->rc != rc)
			return 0;
	}
	return rc;
}

void ezlb_ipvs_nl_no_service(struct ezlb_ipvs_nl *nl)
{
	if (ezlb_ipvs_nl_begin(nl, NULL) < 0)
		return;
	nl->out.len = 0;
	ezlb_ipvs_put_no_service(&nl->out, nl->family);
	ezlb_nl_ask(nl->nl, &nl->out, NULL, NULL);
}

/* --- opening ------------------------------------------------------------------------------- */

/* Resolving needs no permission, so send a request that does. */
static int test_permission(struct ezlb_ipvs_nl *nl, struct ezlb_err *err)
{
	int rc;

	nl->out.len = 0;
	ezlb_ipvs_put_get_info(&nl->out, nl->family);
	rc = ezlb_nl_ask(nl->nl, &nl->out, NULL, NULL);
	return rc ? explain(err, rc) : 0;
}

int ezlb_ipvs_nl_open(const struct ezlb_ipvs_source *source, bool load, struct ezlb_ipvs_nl **out,
		      struct ezlb_err *err)
{
	struct ezlb_ipvs_nl *nl = ezlb_calloc(1, sizeof(*nl));
	int rc;

	nl->source = *source;
	nl->nl = ezlb_nl_new(&source->nl);
	rc = resolve(nl, load, err);
	if (rc == 0)
		rc = test_permission(nl, err);
	if (rc) {
		ezlb_ipvs_nl_close(nl);
		return rc;
	}
	*out = nl;
	return 0;
}

void ezlb_ipvs_nl_close(struct ezlb_ipvs_nl *nl)
{
	if (!nl)
		return;
	ezlb_nl_free(nl->nl);
	ezlb_nl_buf_clear(&nl->out);
	free(nl);
}

int ezlb_ipvs_nl_begin(struct ezlb_ipvs_nl *nl, struct ezlb_err *err)
{
	ezlb_nl_begin(nl->nl);
	return nl->family ? 0 : resolve(nl, false, err);
}
