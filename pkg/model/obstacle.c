// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/obstacle.h>

#include <stdio.h>

const char *ezlb_obstacle_source(const struct ezlb_addr *missing, char buf[EZLB_OBSTACLE_STRLEN])
{
	char text[EZLB_ADDR_STRLEN];

	snprintf(buf, EZLB_OBSTACLE_STRLEN,
		 "%s of snat_ip is not a local address: answers of backends to it are lost, unless "
		 "a route of theirs leads here (normal on a standby)",
		 ezlb_addr_format(missing, text));
	return buf;
}

/* "the backend 10.1.0.1:80", or "the backend 10.1.0.1:80 and 2 more". */
static void put_backend(const struct ezlb_endpoint *backend, size_t others,
			char buf[EZLB_OBSTACLE_STRLEN])
{
	char text[EZLB_ENDPOINT_STRLEN];

	ezlb_endpoint_format(backend, text);
	if (backend->port == 0)
		ezlb_addr_format(&backend->addr, text);
	buf[0] = '\0';
	ezlb_strcatf(buf, EZLB_OBSTACLE_STRLEN, "the backend %s", text);
	if (others > 0)
		ezlb_strcatf(buf, EZLB_OBSTACLE_STRLEN, " (and %zu more)", others);
}

const char *ezlb_obstacle_here(const struct ezlb_endpoint *backend, size_t others,
			       char buf[EZLB_OBSTACLE_STRLEN])
{
	put_backend(backend, others, buf);
	ezlb_strcatf(buf, EZLB_OBSTACLE_STRLEN,
		     " is this host itself: its packets get no source NAT, and it sees the "
		     "addresses of the clients");
	return buf;
}

const char *ezlb_obstacle_listener(const struct ezlb_endpoint *backend, size_t others,
				   const char *name, char buf[EZLB_OBSTACLE_STRLEN])
{
	put_backend(backend, others, buf);
	ezlb_strcatf(buf, EZLB_OBSTACLE_STRLEN,
		     " is a listener of service %s: IPVS does not forward a packet twice, so "
		     "clients are refused; list the backends of %s",
		     name, strlen(name) > 20 ? "that service" : name);
	return buf;
}

/* --- backends that are listeners ------------------------------------------------------------- */

static int listener_cmp(const void *pa, const void *pb)
{
	const struct ezlb_obstacle_listener *a = pa, *b = pb;

	return ezlb_addr_cmp(&a->listen.addr, &b->listen.addr);
}

void ezlb_obstacle_add(struct ezlb_obstacle_listeners *listeners, const struct ezlb_spec *spec)
{
	for (size_t i = 0; i < spec->n_listeners; i++) {
		const struct ezlb_listener *from = &spec->listeners[i];

		if (from->listen.port == 0)
			continue;
		*EZLB_PUSH(listeners) =
			(struct ezlb_obstacle_listener){ .listen = from->listen,
							 .last_port = from->last_port,
							 .proto = from->proto,
							 .name = spec->name };
	}
}

void ezlb_obstacle_sort(struct ezlb_obstacle_listeners *listeners)
{
	EZLB_SORT(listeners, listener_cmp);
}

/* Do packets for `from` that go to the backend arrive at the listener `to`? */
static bool takes(const struct ezlb_obstacle_listener *to, const struct ezlb_listener *from,
		  const struct ezlb_endpoint *backend)
{
	uint16_t to_last = to->last_port ? to->last_port : to->listen.port;
	uint16_t first = backend->port, last = backend->port;

	/* A mark of the file: packets of every protocol, to the ports that clients use. */
	if (from->listen.port == 0)
		return first == 0 || (first >= to->listen.port && first <= to_last);
	if (from->proto != to->proto)
		return false;
	/* Without a port: the one that the client used. */
	if (first == 0) {
		first = from->listen.port;
		last = from->last_port ? from->last_port : first;
	}
	return first <= to_last && last >= to->listen.port;
}

static bool takes_any(const struct ezlb_obstacle_listener *to, const struct ezlb_spec *spec,
		      const struct ezlb_endpoint *backend)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (takes(to, &spec->listeners[i], backend))
			return true;
	return false;
}

const struct ezlb_obstacle_listener *
ezlb_obstacle_find(const struct ezlb_obstacle_listeners *listeners, const struct ezlb_spec *spec,
		   const struct ezlb_endpoint *backend)
{
	const struct ezlb_obstacle_listener key = { .listen = *backend };
	const struct ezlb_obstacle_listener *at = EZLB_FIND(listeners, &key, listener_cmp);

	if (!at)
		return NULL;
	while (at > listeners->items && listener_cmp(at - 1, &key) == 0)
		at--;
	for (; at < listeners->items + listeners->len && listener_cmp(at, &key) == 0; at++)
		if (takes_any(at, spec, backend))
			return at;
	return NULL;
}
