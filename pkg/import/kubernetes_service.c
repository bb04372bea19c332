// SPDX-License-Identifier: GPL-2.0-or-later
/* A Service as service files: ports with the same backends and protocols share one. */
#include <string.h>
#include <sys/socket.h>

#include "kubernetes.h"

#define AFFINITY_S 10800 /* sessionAffinity: ClientIP without a timeout */
#define LISTEN_MAX 64	 /* in one service file */
#define PORTS_MAX  256

struct listeners EZLB_VEC(struct ezlb_endpoint);

static void add_address(struct k8s_job *job, const struct ezlb_node *node)
{
	struct ezlb_addr addr;
	char shown[EZLB_SHOW_STRLEN];
	EZLB_AUTO_FREE char *text = NULL;

	if (node->text && ezlb_addr_parse(node->text, &addr, NULL) == 0) {
		for (size_t i = 0; i < job->addresses.len; i++)
			if (ezlb_addr_cmp(&job->addresses.items[i], &addr) == 0)
				return;
		*EZLB_PUSH(&job->addresses) = addr;
		return;
	}
	text = ezlb_asprintf("%s: left out: not an IP address",
			     node->text ? ezlb_source_show(node->text, shown) : "an address");
	k8s_note(job, EZLB_IMPORT_DROPPED, node, text);
}

static void read_ingress(struct k8s_job *job)
{
	const struct ezlb_node *ingress = ezlb_node_get(
		ezlb_node_get(ezlb_node_get(job->service, "status"), "loadBalancer"), "ingress");

	if (!ingress || ingress->kind != EZLB_NODE_LIST)
		return;
	for (const struct ezlb_node *item = ingress->first; item; item = item->next)
		if (ezlb_node_text(item, "ip"))
			add_address(job, ezlb_node_get(item, "ip"));
		else if (ezlb_node_get(item, "hostname"))
			add_address(job, ezlb_node_get(item, "hostname"));
}

/* What the load balancer has; what it should get; and addresses that nodes take. */
static void read_addresses(struct k8s_job *job, bool balancer)
{
	const struct ezlb_node *wanted = ezlb_node_get(job->spec, "loadBalancerIP");
	const struct ezlb_node *external = ezlb_node_get(job->spec, "externalIPs");

	if (balancer)
		read_ingress(job);
	if (balancer && job->addresses.len == 0 && wanted && !ezlb_node_empty(wanted))
		add_address(job, wanted);
	if (external && external->kind == EZLB_NODE_LIST)
		for (const struct ezlb_node *item = external->first; item; item = item->next)
			add_address(job, item);
}

static void read_ports(struct k8s_job *job, struct k8s_ports *ports)
{
	const struct ezlb_node *list = ezlb_node_get(job->spec, "ports");
	char shown[EZLB_SHOW_STRLEN];

	if (!list || list->kind != EZLB_NODE_LIST)
		return;
	for (const struct ezlb_node *item = list->first; item; item = item->next) {
		const char *name = ezlb_node_text(item, "name");
		const char *protocol = ezlb_node_text(item, "protocol");
		struct k8s_port port = { .name = name ? name : "" };
		unsigned long number;

		if (!k8s_number(ezlb_node_text(item, "port"), 65535, &number) || number == 0) {
			ezlb_diags_add(&job->k->import->diags, job->k->file, item->at, EZLB_E_RANGE,
				       "Service %s: a port has no number of 1-65535",
				       ezlb_source_show(job->service_name, shown));
			continue;
		}
		if (ports->len == PORTS_MAX) {
			ezlb_diags_add(&job->k->import->diags, job->k->file, item->at, EZLB_E_SIZE,
				       "Service %s: more than %d ports",
				       ezlb_source_show(job->service_name, shown), PORTS_MAX);
			return;
		}
		port.port = (uint16_t)number;
		port.proto = !protocol			     ? EZLB_TCP
			     : strcmp(protocol, "UDP") == 0  ? EZLB_UDP
			     : strcmp(protocol, "SCTP") == 0 ? EZLB_SCTP
							     : EZLB_TCP;
		*EZLB_PUSH(ports) = port;
	}
}

static void clear_ports(struct k8s_ports *ports)
{
	for (size_t i = 0; i < ports->len; i++)
		EZLB_VEC_CLEAR(&ports->items[i].backends);
	EZLB_VEC_CLEAR(ports);
}

static bool same_backends(const struct k8s_port *a, const struct k8s_port *b)
{
	if (a->backends.len != b->backends.len)
		return false;
	for (size_t i = 0; i < a->backends.len; i++)
		if (ezlb_endpoint_cmp(&a->backends.items[i], &b->backends.items[i]) != 0)
			return false;
	return true;
}

/* The protocols of a port number, among the ports with the backends of `like`. */
static unsigned protocols(const struct k8s_ports *ports, const struct k8s_port *like,
			  uint16_t number)
{
	unsigned mask = 0;

	for (size_t i = 0; i < ports->len; i++)
		if (!ports->items[i].done && ports->items[i].port == number &&
		    same_backends(&ports->items[i], like))
			mask |= 1u << ports->items[i].proto;
	return mask;
}

static void add_listeners(const struct k8s_job *job, uint8_t family, uint16_t number,
			  struct listeners *out)
{
	for (size_t i = 0; i < job->addresses.len; i++)
		if (job->addresses.items[i].family == family)
			*EZLB_PUSH(out) = (struct ezlb_endpoint){ job->addresses.items[i], number };
}

static void put_listen(const struct ezlb_endpoint *listeners, size_t n, struct ezlb_text *out)
{
	char buf[EZLB_ENDPOINT_STRLEN];

	ezlb_text_puts(out, "listen:\n");
	for (size_t i = 0; i < n; i++)
		ezlb_text_printf(out, "  - \"%s\"\n", ezlb_endpoint_format(&listeners[i], buf));
}

static void put_settings(struct k8s_job *job, const struct k8s_port *port, unsigned mask,
			 struct ezlb_text *out)
{
	const char *affinity = ezlb_node_text(job->spec, "sessionAffinity");
	const struct ezlb_node *client =
		ezlb_node_get(ezlb_node_get(job->spec, "sessionAffinityConfig"), "clientIP");
	unsigned long seconds = AFFINITY_S;

	ezlb_text_puts(out, "protocol: [");
	for (unsigned proto = EZLB_TCP; proto <= EZLB_SCTP; proto++)
		if (mask & 1u << proto)
			ezlb_text_printf(out, "%s%s", mask & ((1u << proto) - 1) ? ", " : "",
					 ezlb_proto_str((enum ezlb_proto)proto));
	ezlb_text_puts(out, "]\n");
	if (!k8s_is_local(job))
		ezlb_text_puts(out, "full_nat: true\n");
	if (affinity && strcmp(affinity, "ClientIP") == 0) {
		if (!k8s_number(ezlb_node_text(client, "timeoutSeconds"), 86400, &seconds) ||
		    seconds == 0)
			seconds = AFFINITY_S;
		ezlb_text_printf(out, "persistence: {timeout: %lus}\n", seconds);
	}
	ezlb_text_puts(out, "backends:\n");
	for (size_t i = 0; i < port->backends.len; i++) {
		ezlb_text_puts(out, "  - address: ");
		import_endpoint(out, &port->backends.items[i]);
		ezlb_text_puts(out, "\n");
	}
}

/* NAMESPACE-NAME, for several files with the port and the family. `port` may be NULL. */
static void name_file(struct k8s_job *job, const struct k8s_port *port, bool ipv6,
		      char name[EZLB_NAME_MAX + 1])
{
	struct ezlb_text wanted = { 0 };
	EZLB_AUTO_FREE char *text = NULL;

	if (strcmp(job->ns, "default") != 0)
		ezlb_text_printf(&wanted, "%s-", job->ns);
	ezlb_text_puts(&wanted, job->service_name);
	if (port && job->several && *port->name)
		ezlb_text_printf(&wanted, "-%s", port->name);
	else if (port && job->several)
		ezlb_text_printf(&wanted, "-%u", (unsigned)port->port);
	if (ipv6)
		ezlb_text_puts(&wanted, "-ipv6");
	text = ezlb_text_take(&wanted, &(size_t){ 0 });
	ezlb_import_name(job->k->import, text, name);
}

/* Of this port, and of all others with the same backends and protocols, which are then done. */
static void take_listeners(const struct k8s_job *job, struct k8s_ports *ports,
			   struct k8s_port *port, uint8_t family, struct listeners *out)
{
	unsigned mask = protocols(ports, port, port->port);

	for (size_t i = 0; i < ports->len; i++) {
		uint16_t number = ports->items[i].port;

		if (ports->items[i].done || protocols(ports, port, number) != mask)
			continue;
		add_listeners(job, family, number, out);
		for (size_t j = i; j < ports->len; j++)
			if (ports->items[j].port == number && &ports->items[j] != port &&
			    same_backends(&ports->items[j], port))
				ports->items[j].done = true;
	}
	port->done = true;
}

/* Those that are done since the file before. */
static void be_in_file(struct k8s_ports *ports, const char *name)
{
	for (size_t i = 0; i < ports->len; i++) {
		struct k8s_port *port = &ports->items[i];

		if (port->done && port->backends.len > 0 && !*port->file)
			ezlb_strcpy(port->file, sizeof(port->file), name);
	}
}

static void write_file(struct k8s_job *job, struct k8s_ports *ports, const struct k8s_port *port,
		       unsigned mask, const struct ezlb_endpoint *listeners, size_t n)
{
	struct k8s *k = job->k;
	struct ezlb_text out = { 0 };
	char shown[EZLB_SHOW_STRLEN], name[EZLB_NAME_MAX + 1];
	EZLB_AUTO_FREE char *what = ezlb_asprintf("Service %s",
						  ezlb_source_show(job->service_name, shown));
	struct import_origin origin = { k->file, job->service->at, what };

	name_file(job, port, job->ipv6, name);
	if (job->files == 0)
		ezlb_strcpy(job->name, sizeof(job->name), name);
	be_in_file(ports, name);
	put_listen(listeners, n, &out);
	put_settings(job, port, mask, &out);
	if (!import_service(k->import, name, &out, &origin))
		return;
	job->files++;
	import_notes_add(&k->notes, EZLB_IMPORT_CHANGED, k->file, job->service->at, name,
			 "backends: this is a snapshot of the pods that were ready: it is wrong as "
			 "soon as a pod has another address");
	if (job->files > 1)
		import_notes_add(&k->notes, EZLB_IMPORT_ADVICE, k->file, job->service->at, name,
				 "settings: the comments in %s.yaml are about this file, too",
				 job->name);
}

/* As many files as the listeners need. */
static void write_files(struct k8s_job *job, struct k8s_ports *ports, struct k8s_port *port,
			uint8_t family)
{
	struct listeners listeners = { .items = NULL };
	unsigned mask = protocols(ports, port, port->port);

	take_listeners(job, ports, port, family, &listeners);
	for (size_t i = 0; i < listeners.len; i += LISTEN_MAX) {
		size_t left = listeners.len - i;

		write_file(job, ports, port, mask, &listeners.items[i],
			   left < LISTEN_MAX ? left : LISTEN_MAX);
	}
	if (listeners.len > LISTEN_MAX)
		k8s_note(job, EZLB_IMPORT_CHANGED, job->service,
			 "ports: several service files: one has at most 64 listeners");
	EZLB_VEC_CLEAR(&listeners);
}

static bool has_family(const struct k8s_job *job, uint8_t family)
{
	for (size_t i = 0; i < job->addresses.len; i++)
		if (job->addresses.items[i].family == family)
			return true;
	return false;
}

static void note_ports(struct k8s_job *job, const struct k8s_ports *ports, uint8_t family)
{
	for (size_t i = 0; i < ports->len; i++) {
		const struct k8s_port *port = &ports->items[i];
		EZLB_AUTO_FREE char *text = NULL;

		if (port->backends.len == 0)
			text = ezlb_asprintf("port %u: no service file: no pod of %s is ready",
					     (unsigned)port->port,
					     family == AF_INET6 ? "IPv6" : "IPv4");
		else if (port->unready > 0)
			text = ezlb_asprintf("port %u: left out: %zu pod%s that %s not ready",
					     (unsigned)port->port, port->unready,
					     port->unready == 1 ? "" : "s",
					     port->unready == 1 ? "is" : "are");
		if (text)
			import_notes_add(&job->k->notes, EZLB_IMPORT_DROPPED, job->k->file,
					 job->service->at, *port->file ? port->file : job->name,
					 "%s", text);
	}
}

static void write_family(struct k8s_job *job, uint8_t family, bool ipv6)
{
	struct k8s_ports ports = { .items = NULL };
	size_t n = 0, errors = job->k->import->diags.len;

	read_ports(job, &ports);
	/* A service without some of its ports would be worse than none. */
	if (job->k->import->diags.len > errors) {
		clear_ports(&ports);
		return;
	}
	k8s_backends(job->k, job->ns, job->service_name, family, &ports);
	for (size_t i = 0; i < ports.len; i++)
		ports.items[i].done = ports.items[i].backends.len == 0;
	for (size_t i = 0; i < ports.len; i++)
		n += i > 0 && !same_backends(&ports.items[i], &ports.items[0]);
	job->several = n > 0;
	job->ipv6 = ipv6;
	for (size_t i = 0; i < ports.len; i++)
		if (!ports.items[i].done)
			write_files(job, &ports, &ports.items[i], family);
	note_ports(job, &ports, family);
	clear_ports(&ports);
}

static void write_all(struct k8s_job *job)
{
	bool v4 = has_family(job, AF_INET), v6 = has_family(job, AF_INET6);

	if (!v4 && !v6) {
		k8s_note(job, EZLB_IMPORT_DROPPED, job->service,
			 "no service file: the load balancer has no address yet");
		return;
	}
	if (v4)
		write_family(job, AF_INET, false);
	if (v6)
		write_family(job, AF_INET6, v4);
	if (job->files > 0)
		k8s_note_settings(job);
}

void k8s_service(struct k8s *k, const struct ezlb_node *service)
{
	struct k8s_job job = { .k = k, .service = service, .spec = ezlb_node_get(service, "spec") };
	const char *type = ezlb_node_text(job.spec, "type");
	bool balancer = type && strcmp(type, "LoadBalancer") == 0;
	const struct ezlb_node *external = ezlb_node_get(job.spec, "externalIPs");

	job.ns = k8s_namespace(service);
	job.service_name = ezlb_node_text(ezlb_node_get(service, "metadata"), "name");
	if (!job.service_name || !job.spec || job.spec->kind != EZLB_NODE_MAP) {
		ezlb_diags_add(&k->import->diags, k->file, service->at, EZLB_E_MISSING,
			       "a Service without metadata.name or spec");
		return;
	}
	if (!balancer && (!external || !external->first)) {
		if (k->inner++ == 0)
			k->inner_at = service->at;
		return;
	}
	name_file(&job, NULL, false, job.name);
	read_addresses(&job, balancer);
	write_all(&job);
	EZLB_VEC_CLEAR(&job.addresses);
}
