// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/op_text.h>

#include <errno.h>
#include <sys/socket.h>

/* Appends to buf of EZLB_OP_STRLEN. */
#define put(buf, ...) ezlb_strcatf((buf), EZLB_OP_STRLEN, __VA_ARGS__)

static void explain_setting(const struct ezlb_op *op, char *buf)
{
	const char *module = ezlb_setting_facts(op->setting.setting)->module;
	char name[EZLB_SETTING_STRLEN];

	ezlb_setting_format(&op->setting, name);
	if (op->rc == -ECANCELED && op->setting.setting == EZLB_IP6_FORWARD)
		put(buf, "an interface with accept_ra 1 would lose its default route: set it to 2, "
			 "or run `ezlb host-setup`");
	else if (op->rc == -ECANCELED)
		put(buf, "not changed because of --host-setup never: run `ezlb host-setup` on the "
			 "host");
	else if (module)
		put(buf, "cannot load it (%s): run `modprobe %s` on the host",
		    ezlb_errno_str(-op->rc), module);
	else if (op->rc == -EROFS || op->rc == -EACCES || op->rc == -EPERM)
		put(buf, "/proc/sys is read-only: run privileged, or sysctl -w %s=%d on the host",
		    name, op->setting.value);
	else if (op->rc == -ENOENT)
		put(buf, "the kernel has no %s%s", name,
		    op->setting.setting == EZLB_VS_CONNTRACK
			    ? ": load ip_vs; it needs CONFIG_IP_VS_NFCT"
			    : "");
}

static void explain_link(const struct ezlb_op *op, char *buf)
{
	if (op->kind == EZLB_OP_LINK_ADD && op->rc == -EEXIST)
		put(buf, "the link %s is not a dummy link: choose another name for --vip-device",
		    op->link.device);
	else if (op->kind == EZLB_OP_LINK_ADD && op->rc == -EOPNOTSUPP)
		put(buf, "this kernel has no dummy links: run `modprobe dummy` on the host");
	else if (op->kind == EZLB_OP_LINK_DEL && op->rc == -EBUSY)
		put(buf, "it has addresses that ezlb did not add");
	else if (op->kind == EZLB_OP_VIP_ADD && op->rc == -EAFNOSUPPORT)
		put(buf, "no IPv6 on this host: sysctl -w net.ipv6.conf.%s.disable_ipv6=0",
		    op->vip.device);
	else if (op->kind == EZLB_OP_VIP_ADD && op->rc == -ENODEV)
		put(buf, "cannot find the dummy link %s", op->vip.device);
}

/* IPv6 may fail while IPv4 works: then only the op has the reason. */
static void explain_snat6(const struct ezlb_op *op, char *buf)
{
	bool row = op->kind == EZLB_OP_SNAT_ADD || op->kind == EZLB_OP_SNAT_SET;

	if (!row || op->snat.key.endpoint.addr.family != AF_INET6)
		return;
	if (op->rc == -ENOPROTOOPT)
		put(buf, "the kernel has no IPv6 nat table: run `modprobe ip6_tables` on the host");
	else if (op->rc == -EAFNOSUPPORT)
		put(buf, "this kernel runs without IPv6: boot it without ipv6.disable=1");
	else if (op->rc == -ENOENT)
		put(buf, "a module for IPv6 nat is missing: run `modprobe -a ip6table_nat "
			 "nft_chain_nat nft_nat nft_masq` on the host");
}

/* The kernel has one error for a missing scheduler and a missing engine. */
static void explain_missing(const struct ezlb_op *op, char *buf)
{
	const struct ezlb_service_row *row = &op->service;
	bool has_scheduler = row->engine[0] && op->kind == EZLB_OP_SERVICE_SET &&
			     strcmp(row->scheduler, op->old_service.scheduler) == 0;

	put(buf, "this kernel has no ");
	if (!has_scheduler)
		put(buf, "scheduler '%s' (modprobe ip_vs_%s)", row->scheduler, row->scheduler);
	if (row->engine[0])
		put(buf, "%spersistence engine '%s' (modprobe ip_vs_pe_%s)",
		    has_scheduler ? "" : ", or no ", row->engine, row->engine);
}

static void explain_service(const struct ezlb_op *op, char *buf)
{
	bool del = op->kind == EZLB_OP_SERVICE_DEL;

	if (!del && op->rc == -ENOENT)
		explain_missing(op, buf);
	else if (op->kind == EZLB_OP_SERVICE_ADD && op->rc == -EEXIST)
		put(buf, "another program added this service at the same time");
}

static void explain_dest(const struct ezlb_op *op, char *buf)
{
	enum ezlb_tunnel_type type = op->dest.tunnel.type;

	if (op->rc == -EPROTONOSUPPORT)
		put(buf, "this kernel has no %s tunnels: they came with Linux %s",
		    ezlb_tunnel_type_str(type), type == EZLB_TUNNEL_GUE ? "5.2" : "5.3");
}

static void explain_toa(const struct ezlb_op *op, char *buf)
{
	if (op->kind == EZLB_OP_TOA_SETUP && op->rc == -EPERM)
		put(buf,
		    "not permitted to load BPF programs: run `ezlb host-setup` on the host, or "
		    "ezlb with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN");
	else if (op->kind == EZLB_OP_HOOK_ADD && op->rc == -EBUSY)
		put(buf,
		    "%s has a qdisc ingress, beside which there can be no clsact: replace it "
		    "by clsact",
		    op->hook.device);
	else if (op->kind == EZLB_OP_HOOK_ADD && op->rc == -EEXIST)
		put(buf, "another program has just made a clsact, or has a tc filter with the "
			 "preference and handle of ezlb");
}

static void explain_sync(const struct ezlb_op *op, char *buf)
{
	const char *device = op->sync.device;

	if (op->kind == EZLB_OP_SYNC_DEL)
		return;
	if (op->rc == -ENODEV)
		put(buf, "there is no interface %s", device);
	else if (op->rc == -ENETUNREACH)
		put(buf, "the interface %s is down", device);
	else if (op->rc == -EEXIST)
		put(buf, "another program started a sync daemon at the same time");
	else if (op->rc == -EINVAL)
		put(buf, "the kernel allows none beside a service whose backends have another "
			 "address family");
}

static void explain_guard(const struct ezlb_op *op, char *buf)
{
	if (op->kind == EZLB_OP_GUARD_ADD && op->rc == -ENOPROTOOPT)
		put(buf, "the kernel has no nf_tables: run `modprobe nf_tables` on the host, or "
			 "ezlb with --vip-guard never");
	else if (op->kind == EZLB_OP_GUARD_ADD && op->rc == -ENOENT)
		put(buf,
		    "a module of nf_tables is missing: run `modprobe -a nft_reject_inet nft_ct` "
		    "on the host, or ezlb with --vip-guard never");
}

static void explain_errno(const struct ezlb_op *op, char *buf)
{
	static void (*const explain[EZLB_OBJECTS])(const struct ezlb_op *op, char *buf) = {
		[EZLB_OBJECT_SETTING] = explain_setting, [EZLB_OBJECT_LINK] = explain_link,
		[EZLB_OBJECT_VIP] = explain_link,	 [EZLB_OBJECT_SNAT] = explain_snat6,
		[EZLB_OBJECT_SERVICE] = explain_service, [EZLB_OBJECT_DEST] = explain_dest,
		[EZLB_OBJECT_GUARD] = explain_guard,	 [EZLB_OBJECT_TOA_FRAME] = explain_toa,
		[EZLB_OBJECT_HOOK] = explain_toa,	 [EZLB_OBJECT_SYNC] = explain_sync,
	};
	enum ezlb_object object = ezlb_op_object(op->kind);

	if (explain[object])
		explain[object](op, buf);
	if (buf[0] == '\0' && op->rc == -EPERM)
		put(buf, "not permitted: run as root with CAP_NET_ADMIN");
	else if (buf[0] == '\0')
		put(buf, "%s", ezlb_errno_str(-op->rc));
}

const char *ezlb_op_explain(const struct ezlb_op *op, char buf[EZLB_OP_STRLEN])
{
	buf[0] = '\0';
	if (op->rc == 0)
		put(buf, "done");
	else if (op->rc == EZLB_PENDING)
		put(buf, "pending");
	else if (op->rc == EZLB_HELD)
		put(buf, "waits for an earlier operation that failed");
	else
		explain_errno(op, buf);
	return buf;
}
