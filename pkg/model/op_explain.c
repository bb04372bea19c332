// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/op_text.h>

#include <errno.h>
#include <sys/socket.h>

/* Appends to buf of EZLB_OP_STRLEN. */
#define put(buf, ...) ezlb_strcatf((buf), EZLB_OP_STRLEN, __VA_ARGS__)

static bool explain_setting(const struct ezlb_op *op, char *buf)
{
	const char *module = ezlb_setting_facts(op->setting.setting)->module;
	char name[EZLB_SETTING_STRLEN];

	ezlb_setting_format(&op->setting, name);
	if (op->rc == -ECANCELED && op->setting.setting == EZLB_IP6_FORWARD) {
		put(buf, "an interface with accept_ra 1 would lose its default route: set it to 2, "
			 "or run `ezlb host-setup`");
		return true;
	}
	if (op->rc == -ECANCELED) {
		put(buf, "left to the host (--host-setup never): run `ezlb host-setup` there");
		return true;
	}
	if (module) {
		put(buf, "cannot load it (%s): run `modprobe %s` on the host",
		    ezlb_errno_str(-op->rc), module);
		return true;
	}
	if (op->rc == -EROFS || op->rc == -EACCES || op->rc == -EPERM) {
		put(buf, "/proc/sys is read-only: run privileged, or sysctl -w %s=%d on the host",
		    name, op->setting.value);
		return true;
	}
	if (op->rc == -ENOENT) {
		put(buf, "the kernel has no %s%s", name,
		    op->setting.setting == EZLB_VS_CONNTRACK
			    ? ": load ip_vs; it needs CONFIG_IP_VS_NFCT"
			    : "");
		return true;
	}
	return false;
}

static bool explain_link(const struct ezlb_op *op, char *buf)
{
	if (op->kind == EZLB_OP_LINK_ADD && op->rc == -EEXIST)
		put(buf,
		    "there is a link %s that is not a dummy link: give --vip-device another name",
		    op->link.device);
	else if (op->kind == EZLB_OP_LINK_ADD && op->rc == -EOPNOTSUPP)
		put(buf, "this kernel has no dummy links: run `modprobe dummy` on the host");
	else if (op->kind == EZLB_OP_LINK_DEL && op->rc == -EBUSY)
		put(buf, "it has addresses that are not ezlb's");
	else if (op->kind == EZLB_OP_VIP_ADD && op->rc == -EAFNOSUPPORT)
		put(buf, "no IPv6 on this host: sysctl -w net.ipv6.conf.%s.disable_ipv6=0",
		    op->vip.device);
	else if (op->kind == EZLB_OP_VIP_ADD && op->rc == -ENODEV)
		put(buf, "there is no dummy link %s", op->vip.device);
	else
		return false;
	return true;
}

/* One family may fail where the other goes on: then only the op can tell. */
static bool explain_snat6(const struct ezlb_op *op, char *buf)
{
	bool row = op->kind == EZLB_OP_SNAT_ADD || op->kind == EZLB_OP_SNAT_SET;

	if (!row || op->snat.key.endpoint.addr.family != AF_INET6)
		return false;
	if (op->rc == -ENOPROTOOPT)
		put(buf, "the kernel has no IPv6 nat table: run `modprobe ip6_tables` on the host");
	else if (op->rc == -EAFNOSUPPORT)
		put(buf, "this kernel runs without IPv6: boot it without ipv6.disable=1");
	else if (op->rc == -ENOENT)
		put(buf, "a module for IPv6 nat is missing: run `modprobe -a ip6table_nat "
			 "nft_chain_nat nft_nat nft_masq` on the host");
	else
		return false;
	return true;
}

static bool explain_known(const struct ezlb_op *op, char *buf)
{
	bool service = op->kind == EZLB_OP_SERVICE_ADD || op->kind == EZLB_OP_SERVICE_SET;

	if (service && op->rc == -ENOENT) {
		put(buf, "this kernel has no scheduler '%s' (modprobe ip_vs_%s)",
		    op->service.scheduler, op->service.scheduler);
		return true;
	}
	if (op->kind == EZLB_OP_SERVICE_ADD && op->rc == -EEXIST) {
		put(buf, "somebody else made this service at the same moment");
		return true;
	}
	if (ezlb_op_object(op->kind) == EZLB_OBJECT_SETTING)
		return explain_setting(op, buf);
	if (explain_link(op, buf) || explain_snat6(op, buf))
		return true;
	if (op->rc == -EPERM) {
		put(buf, "not permitted: run as root with CAP_NET_ADMIN");
		return true;
	}
	return false;
}

const char *ezlb_op_explain(const struct ezlb_op *op, char buf[EZLB_OP_STRLEN])
{
	buf[0] = '\0';
	if (op->rc == 0)
		put(buf, "done");
	else if (op->rc == EZLB_PENDING)
		put(buf, "pending");
	else if (op->rc == EZLB_HELD)
		put(buf, "waits for an operation before it that failed");
	else if (!explain_known(op, buf))
		put(buf, "%s", ezlb_errno_str(-op->rc));
	return buf;
}
