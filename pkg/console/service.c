// SPDX-License-Identifier: GPL-2.0-or-later
/* service: everything about one service, one line for each subject. */
#include <errno.h>

#include <ezlb/spec.h>

#include "colour.h"
#include "human.h"
#include "parts.h"
#include "plain.h"

struct sheet {
	const struct ezlb_console_look *look;
	struct ezlb_text *out;
	unsigned indent; /* of the subjects */
};

#define SUBJECT 14 /* columns */

/* Frees the text. */
static void put(const struct sheet *sheet, const char *subject, char *text)
{
	EZLB_AUTO_FREE char *first = ezlb_asprintf("%*s%-*s ", (int)sheet->indent, "", SUBJECT,
						   subject);

	plain_put_folded(sheet->out, first, sheet->indent + SUBJECT + 1, text, sheet->look->width);
	free(text);
}

static void put_title(const struct sheet *sheet, const char *title)
{
	ezlb_text_printf(sheet->out, "\n%s%s%s\n", colour_title(sheet->look), title,
			 colour_end(sheet->look));
}

/* "NAME  WORD rest", the word in colour. */
static void put_head(const struct sheet *sheet, const char *name, const char *word,
		     const char *rest)
{
	size_t room = sheet->look->width ? sheet->look->width : SIZE_MAX;
	size_t used = plain_columns(name) + strlen("  ") + plain_columns(word);

	plain_put_end_cut(sheet->out, name, room);
	/* No room for the word. */
	if (used >= room) {
		ezlb_text_puts(sheet->out, "\n");
		return;
	}
	ezlb_text_printf(sheet->out, "  %s%s%s", colour_of(sheet->look, word), word,
			 colour_end(sheet->look));
	plain_put_end_cut(sheet->out, rest, room - used);
	ezlb_text_puts(sheet->out, "\n");
}

static char *since(const json_t *object, const struct sheet *sheet)
{
	int64_t at = doc_time(object, "since");

	if (at == 0)
		return ezlb_strdup("-");
	return ezlb_asprintf("%s (%s ago)", human_time(at).s,
			     human_age(sheet->look->now_ms - at).s);
}

static void put_traffic(const struct sheet *sheet, const json_t *object)
{
	const json_t *t = json_object_get(object, "traffic");

	if (!json_is_object(t)) {
		put(sheet, "traffic",
		    ezlb_strdup("not counted: not in the kernel, or the kernel cannot be "
				"read"));
		return;
	}
	put(sheet, "connections",
	    ezlb_asprintf("%lld active, %lld inactive, %lld in all, %s",
			  (long long)doc_int(t, "active"), (long long)doc_int(t, "inactive"),
			  (long long)doc_int(t, "connections"),
			  human_rate(doc_number(t, "connection_rate")).s));
	put(sheet, "in",
	    ezlb_asprintf("%s, %lld bytes in all; packets %s, %lld in all",
			  human_bytes(doc_number(t, "byte_rate_in")).s,
			  (long long)doc_int(t, "bytes_in"),
			  human_rate(doc_number(t, "packet_rate_in")).s,
			  (long long)doc_int(t, "packets_in")));
	put(sheet, "out",
	    ezlb_asprintf("%s, %lld bytes in all; packets %s, %lld in all",
			  human_bytes(doc_number(t, "byte_rate_out")).s,
			  (long long)doc_int(t, "bytes_out"),
			  human_rate(doc_number(t, "packet_rate_out")).s,
			  (long long)doc_int(t, "packets_out")));
}

static char *check_text(const json_t *check)
{
	EZLB_AUTO_FREE char *http = NULL;

	if (!json_is_object(check))
		return ezlb_strdup("none: every backend counts as up");
	http = doc_has(check, "path") ? ezlb_asprintf(" %s expects %s,", doc_text(check, "path"),
						      doc_text(check, "expected_status"))
				      : ezlb_strdup("");
	return ezlb_asprintf(
		"%s%s every %gs, timeout %gs, fail %lld, rise %lld", doc_text(check, "type"), http,
		doc_number(check, "interval_ms") / 1e3, doc_number(check, "timeout_ms") / 1e3,
		(long long)doc_int(check, "fail_count"), (long long)doc_int(check, "rise_count"));
}

static const char *applied(const json_t *service)
{
	if (!doc_true(service, "in_force"))
		return "nothing";
	if (!doc_has(service, "observed_hash"))
		return "an older version: the file cannot be read";
	if (!doc_has(service, "applied_hash"))
		return "not in the kernel yet";
	if (doc_is(service, "observed_hash", doc_text(service, "applied_hash")))
		return "the file as it is now";
	return "an older version of the file";
}

/* "15 of 64512 used to 192.168.10.11:80 (0%)" */
static char *ports_text(const json_t *ports)
{
	EZLB_AUTO_FREE char *fullest =
		doc_has(ports, "fullest") &&
				doc_int(ports, "fullest_used") != doc_int(ports, "used")
			? ezlb_asprintf("; %s uses %lld", doc_text(ports, "fullest"),
					(long long)doc_int(ports, "fullest_used"))
			: ezlb_strdup("");

	return ezlb_asprintf(
		"%lld of %lld used to %s (%lld%%%s)%s", (long long)doc_int(ports, "used"),
		(long long)doc_int(ports, "available"), doc_text(ports, "backend"),
		(long long)doc_int(ports, "percent"),
		doc_is(ports, "counted_by", "ipvs") && doc_is(ports, "protocol", "udp") ? " at most"
											: "",
		fullest);
}

/* The program counts the packets of all services together. */
static char *client_address_text(const json_t *doc, const json_t *service)
{
	const json_t *toa = json_object_get(doc, "toa");

	if (!json_is_object(toa))
		return ezlb_strdup(doc_text(service, "client_address"));
	return ezlb_asprintf("%s; packets of all services: %lld added, %lld stripped, %lld without "
			     "room, %lld not in conntrack",
			     doc_text(service, "client_address"), (long long)doc_int(toa, "added"),
			     (long long)doc_int(toa, "stripped"),
			     (long long)doc_int(toa, "no_room") +
				     (long long)doc_int(toa, "too_long"),
			     (long long)doc_int(toa, "no_entry"));
}

static void put_full_nat(const struct sheet *sheet, const json_t *doc, const json_t *service)
{
	put(sheet, "source NAT",
	    doc_true(service, "full_nat") ? ezlb_strdup(doc_text(service, "snat"))
					  : ezlb_strdup("none"));
	if (doc_has(service, "source_ports"))
		put(sheet, "source ports", ports_text(json_object_get(service, "source_ports")));
	if (doc_has(service, "client_address") && !doc_is(service, "client_address", "none"))
		put(sheet, "client address", client_address_text(doc, service));
	if (doc_true(service, "connection_log"))
		put(sheet, "connection log", ezlb_strdup("on"));
}

static void put_spec(const struct sheet *sheet, const json_t *doc, const json_t *service)
{
	char *addresses;

	put(sheet, "file",
	    ezlb_asprintf("%s:%lld", doc_text(service, "file"),
			  (long long)doc_int(service, "line")));
	put(sheet, "applied", ezlb_strdup(applied(service)));
	if (!doc_true(service, "in_force"))
		return;
	put(sheet, "listens on", part_listeners(service, SIZE_MAX));
	addresses = part_addresses(service, false);
	if (addresses)
		put(sheet, "addresses", addresses);
	put(sheet, "scheduler",
	    ezlb_asprintf("%s, forwards by %s", doc_text(service, "scheduler"),
			  doc_text(service, "forward")));
	put_full_nat(sheet, doc, service);
	put(sheet, "health check", check_text(json_object_get(service, "check")));
	put(sheet, "traffic log", ezlb_strdup(doc_true(service, "traffic_log") ? "on" : "off"));
	put(sheet, "serving",
	    ezlb_asprintf("%lld of %lld backends", (long long)doc_int(service, "serving"),
			  part_serving_of(service)));
	put_traffic(sheet, service);
	if (doc_has(service, "snat_connections"))
		put(sheet, "SNAT",
		    ezlb_asprintf("%lld connections",
				  (long long)doc_int(service, "snat_connections")));
}

static void put_conditions(const struct sheet *sheet, const json_t *service)
{
	const json_t *conditions = json_object_get(service, "conditions");
	json_t *condition;
	size_t i;

	put_title(sheet, "CONDITIONS");
	json_array_foreach(conditions, i, condition)
	{
		EZLB_AUTO_FREE char *at = since(condition, sheet);
		const char *message = doc_text(condition, "message");

		put(sheet, doc_text(condition, "type"),
		    ezlb_asprintf("%-7s %-15s since %s%s%s", doc_text(condition, "status"),
				  doc_text(condition, "reason"), at, message[0] ? ": " : "",
				  message));
	}
}

static void put_diagnostics(const struct sheet *sheet, const json_t *doc, const json_t *service)
{
	const json_t *files = json_object_get(doc, "files");
	json_t *file;
	size_t i;

	json_array_foreach(files, i, file)
	{
		if (!doc_is(file, "path", doc_text(service, "file")) || doc_is(file, "state", "ok"))
			continue;
		put_title(sheet, "FILE");
		part_diagnostics(file, sheet->look, sheet->out);
	}
}

/* With a slow start the weights in the kernel are not in the scale of the file. */
static char *kernel_weight(const json_t *backend)
{
	long long wanted = (long long)doc_int(backend, "weight");
	long long there = (long long)doc_int(backend, "kernel_weight");
	long long dest = (long long)doc_int(backend, "dest_weight");

	if (!doc_has(backend, "kernel_weight"))
		return ezlb_asprintf("%lld wanted, not in the kernel", wanted);
	if (dest == 0 || dest == wanted)
		return ezlb_asprintf("%lld wanted, %lld in the kernel", wanted, there);
	return ezlb_asprintf("%lld wanted, %lld in the kernel, where slow_start multiplies all "
			     "weights of the service",
			     wanted, there);
}

static void put_backend(const struct sheet *sheet, const json_t *service, const json_t *backend)
{
	const struct sheet inner = { sheet->look, sheet->out, 2 };
	EZLB_AUTO_FREE char *at = since(backend, sheet);
	EZLB_AUTO_FREE char *rest = ezlb_asprintf("%s%s",
						  doc_has(backend, "since") ? " since " : "",
						  doc_has(backend, "since") ? at : "");
	EZLB_AUTO_FREE char *outcome = part_outcome(backend);
	char *role = part_role(backend, sheet->look);
	bool removed = doc_true(backend, "removed");

	/* Its verdict is not known any more. */
	put_head(sheet, doc_text(backend, "address"),
		 removed ? part_state(backend) : doc_text(backend, "verdict"), rest);
	put(&inner, "file",
	    removed ? ezlb_asprintf("%s: it is not there any more", doc_text(service, "file"))
		    : ezlb_asprintf("%s:%lld%s", doc_text(service, "file"),
				    (long long)doc_int(backend, "line"),
				    doc_true(backend, "fallback") ? ", a fallback" : ""));
	if (role)
		put(&inner, "role", role);
	put(&inner, "last probe",
	    doc_has(backend, "reason")
		    ? ezlb_asprintf("%s after %.1fms", outcome, doc_number(backend, "latency_ms"))
		    : ezlb_strdup("none"));
	put(&inner, "weight", kernel_weight(backend));
	put_traffic(&inner, backend);
}

static void put_backends(const struct sheet *sheet, const json_t *service)
{
	const json_t *backends = json_object_get(service, "backends");
	json_t *backend;
	size_t i;

	put_title(sheet, "BACKENDS");
	json_array_foreach(backends, i, backend) put_backend(sheet, service, backend);
}

static void put_service(const json_t *doc, const json_t *service,
			const struct ezlb_console_look *look, struct ezlb_text *out)
{
	const struct sheet sheet = { look, out, 0 };

	put_head(&sheet, doc_text(service, "name"), doc_text(service, "state"), "");
	put_spec(&sheet, doc, service);
	put_conditions(&sheet, service);
	put_diagnostics(&sheet, doc, service);
	if (json_array_size(json_object_get(service, "backends")) > 0)
		put_backends(&sheet, service);
}

static void put_json(const json_t *service, struct ezlb_text *out)
{
	EZLB_AUTO_FREE char *text = json_dumps(service, JSON_INDENT(2) | JSON_REAL_PRECISION(15));

	ezlb_text_puts(out, text ? text : "{}");
	ezlb_text_puts(out, "\n");
}

int ezlb_console_service(const char *json, const char *name, const struct ezlb_console_look *look,
			 struct ezlb_text *out, struct ezlb_err *err)
{
	int rc;
	json_auto_t *doc = doc_load(json, "services", &rc, err);
	json_t *service;
	size_t i, n = 0;

	if (!doc)
		return rc;
	/* Two files may claim one name; only one is applied. */
	json_array_foreach(json_object_get(doc, "services"), i, service)
	{
		if (!doc_is(service, "name", name))
			continue;
		if (n++ > 0)
			ezlb_text_puts(out, "\n");
		if (look->json)
			put_json(service, out);
		else
			put_service(doc, service, look, out);
	}
	if (n == 0)
		return ezlb_err_set(err, ENOENT,
				    "there is no service '%.*s': `ezlb status` lists all",
				    EZLB_NAME_MAX, name);
	return 0;
}
