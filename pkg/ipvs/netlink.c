// SPDX-License-Identifier: GPL-2.0-or-later
#include "netlink.h"

#include <errno.h>

#include <ezlb/mem.h>

#include "codec.h"

#define CHANGED 1

struct ezlb_ipvs_nl {
	struct ezlb_ipvs_source source;
	struct ezlb_nl *nl;
	uint16_t family; /* 0: the next call resolves it */
	struct ezlb_nl_buf out;
};

/* The sentence for what goes wrong with IPVS as a whole. */
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

/* What a message gets for an answer when no family has its id, or one that has fewer commands. */
static bool stale_sign(int rc)
{
	return rc == -ENOENT || rc == -EOPNOTSUPP;
}

/* CHANGED where the id is another than when last resolved, so that trying again makes sense. */
static int relearn(struct ezlb_ipvs_nl *nl, struct ezlb_err *err)
{
	uint16_t old = nl->family;
	int rc = resolve(nl, false, err);

	if (rc)
		return rc;
	return nl->family != old ? CHANGED : 0;
}

/* --- dump ---------------------------------------------------------------------------------- */

static int dump_once(struct ezlb_ipvs_nl *nl, const struct ezlb_service_key *service,
		     ezlb_nl_msg_fn fn, void *arg, struct ezlb_err *err)
{
	int rc;

	nl->out.len = 0;
	if (service)
		ezlb_ipvs_put_get_dests(&nl->out, nl->family, service);
	else
		ezlb_ipvs_put_get_services(&nl->out, nl->family);
	rc = ezlb_nl_ask(nl->nl, &nl->out, fn, arg);
	return rc ? explain(err, rc) : 0;
}

int ezlb_ipvs_nl_dump(struct ezlb_ipvs_nl *nl, const struct ezlb_service_key *service,
		      ezlb_nl_msg_fn fn, void *arg, struct ezlb_err *err)
{
	int rc = dump_once(nl, service, fn, arg, err);
	int fresh;

	if (!stale_sign(rc))
		return rc;
	fresh = relearn(nl, err);
	if (fresh == CHANGED)
		return dump_once(nl, service, fn, arg, err);
	return fresh ? fresh : rc;
}

/* --- apply --------------------------------------------------------------------------------- */

/* The verdict on the last request, which is asked for, comes after those on all others. */
static bool on_verdict(void *arg, size_t i, int code)
{
	struct ezlb_op *const **ops = arg;

	(*ops)[i]->rc = code;
	return false;
}

/* Gives all ops that have no answer yet this one. */
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
	rc = ezlb_nl_tell(nl->nl, &nl->out, on_verdict, &ops);
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

/* send_ops, and once more where the family turns out to have got another id. */
static int send_fresh(struct ezlb_ipvs_nl *nl, struct ezlb_op *const *ops, size_t n,
		      struct ezlb_err *err)
{
	int rc = send_ops(nl, ops, n, err);

	if (rc || !looks_stale(ops, n))
		return rc;
	rc = relearn(nl, err);
	return rc == CHANGED ? send_ops(nl, ops, n, err) : rc;
}

int ezlb_ipvs_nl_apply(struct ezlb_ipvs_nl *nl, struct ezlb_op *const *ops, size_t n,
		       struct ezlb_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		ops[i]->rc = EZLB_PENDING;
	/* With answers lost the ops of that send are in doubt, but the way is open for the rest. */
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

/* --- opening ------------------------------------------------------------------------------- */

/* Resolving needs no right, so that alone does not tell whether we have it. */
static int probe(struct ezlb_ipvs_nl *nl, struct ezlb_err *err)
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
		rc = probe(nl, err);
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
