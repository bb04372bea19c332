// SPDX-License-Identifier: GPL-2.0-or-later
/* ezlb-service(5): the fields from the tables by which service files are read. */
#include <string.h>

#include <ezlb/check.h>
#include <ezlb/duration.h>
#include <ezlb/text.h>

#include "manual.h"
#include "schema.h"

static const char example[] = "listen: 10.0.0.1:80         # clients connect here\n"
			      "full_nat: true              # replace the source address too\n"
			      "snat_ip: 10.0.0.3           # backends see this address\n"
			      "backends:\n"
			      "  - address: 192.168.10.11:80\n"
			      "  - address: 192.168.10.12:80\n"
			      "    weight: 2               # twice the share of the other\n"
			      "health_check:\n"
			      "  type: http\n"
			      "  http_path: /healthz       # 200 means healthy\n";

static void put_limits(struct ezlb_text *out, const struct field *field)
{
	char min[EZLB_DURATION_STRLEN], max[EZLB_DURATION_STRLEN];

	if (field->limits.max == 0)
		return;
	if (field->value == VALUE_DURATION || field->value == VALUE_MAP)
		ezlb_text_printf(out, " of %s to %s", ezlb_duration_format(field->limits.min, min),
				 ezlb_duration_format(field->limits.max, max));
	else
		ezlb_text_printf(out, " %u-%u", (unsigned)field->limits.min,
				 (unsigned)field->limits.max);
}

/* "number 0-65535", "one of rr, wrr" */
static void put_type(struct ezlb_text *out, const struct field *field)
{
	switch (field->value) {
	case VALUE_TEXT:
		ezlb_text_puts(out, field->limits.max > 0 ? "text, or number" : "text");
		break;
	case VALUE_BOOL:
		ezlb_text_puts(out, "true or false");
		break;
	case VALUE_NUMBER:
		ezlb_text_puts(out, "number");
		break;
	case VALUE_DURATION:
		ezlb_text_puts(out, "duration");
		break;
	case VALUE_WORD:
		for (size_t i = 0; field->words[i]; i++)
			ezlb_text_printf(out, "%s`%s`", i > 0 ? ", " : "one of ", field->words[i]);
		ezlb_text_puts(out, field->limits.max > 0 ? ", or number" : "");
		break;
	case VALUE_MAP:
		ezlb_text_puts(out, field->limits.max > 0 ? "mapping, or duration" : "mapping");
		break;
	case VALUE_MAPS:
		ezlb_text_puts(out, "list of mappings");
		return;
	case VALUE_TEXTS:
		ezlb_text_printf(out, "mapping of at most %u texts", (unsigned)field->limits.max);
		return;
	}
	put_limits(out, field);
}

/* "health_check.type: http, https" */
static void put_check_types(struct ezlb_text *out, const struct field *field)
{
	const char *before = "; with `type` ";

	if (field->types == 0)
		return;
	for (enum ezlb_check_type type = 0; type < EZLB_CHECK_TYPES; type++) {
		if (type == EZLB_CHECK_NONE || !(field->types & (1u << type)))
			continue;
		ezlb_text_printf(out, "%s%s", before, ezlb_check_type_str(type));
		before = ", ";
	}
}

static const char *about_default(const struct field *field)
{
	if (field->by_default)
		return field->by_default;
	return strstr(field->about, "Default: ") ? NULL : "none";
}

static void put_field(const char *prefix, const struct field *field)
{
	struct ezlb_text text = { 0 };
	EZLB_AUTO_FREE char *line = NULL;
	const char *by_default = about_default(field);
	char tag[128];

	snprintf(tag, sizeof(tag), "%s%s", prefix, field->name);
	put_type(&text, field);
	if (field->many)
		ezlb_text_puts(&text, "; one or a list");
	put_check_types(&text, field);
	if (field->needed && field->unless)
		ezlb_text_printf(&text, "; required, unless there is `%s`", field->unless);
	else if (field->needed)
		ezlb_text_puts(&text, "; required");
	else if (by_default && !field->table)
		ezlb_text_printf(&text, "; default: %s", by_default);
	line = ezlb_text_take(&text, NULL);
	roff_item(tag, line);
	puts(".br");
	roff_say(field->about);
	puts(field->about[strlen(field->about) - 1] == '.' ? "" : ".");
}

static void put_table(const char *title, const char *prefix, const struct table *table)
{
	roff_subsection(title);
	for (size_t i = 0; i < table->n; i++)
		put_field(prefix, &table->fields[i]);
}

static void put_introduction(void)
{
	roff_section("DESCRIPTION");
	roff_text(
		"A service file describes one service of ezlb(8): where clients connect, the backends, "
		"and how these are probed. It is YAML. `ezlb run` reads all files in its "
		"`--config-dir` (default: /etc/ezlb/services.d) whose name ends in .yaml or .yml, "
		"except those that begin with a dot or #. The name of the file, without its ending, is "
		"the name of the service, unless the file has `name`.");
	roff_paragraph(
		"ezlb notices each change by itself. It refuses a file that has an error, or that "
		"claims the name or a listener of another file, and the last good version of the "
		"file stays applied. `ezlb check` finds the same errors before, and `ezlb schema` "
		"prints a JSON Schema for editors.");
	roff_paragraph(
		"With `full_nat` the backends need a route to `snat_ip` that leads back to the "
		"balancer, and `snat_ip` must be an address of the balancer. ezlb does not add it "
		"to the host.");
	roff_section("VALUES");
	roff_text(
		"A duration is a number with a unit: 500ms, 5s, 1m30s, 24h. Numbers are plain decimal "
		"digits. IPv6 addresses with a port need brackets and, as YAML, quotes: "
		"\"[fd00::11]:80\". An unknown key is an error, except keys that begin with `x-`, which "
		"are for your own use.");
}

static void put_end(void)
{
	roff_section("EXAMPLES");
	roff_text("/etc/ezlb/services.d/web.yaml, the service `web`:");
	roff_verbatim(example);
	roff_text("Check a file before it is applied:");
	roff_verbatim("ezlb check web.yaml && cp web.yaml /etc/ezlb/services.d/\n");
	roff_section("SEE ALSO");
	puts(".BR ezlb (8),\n.BR ipvsadm (8)");
	roff_paragraph("The documents service-file.md, health.md, backends.md and errors.md in "
		       "/usr/share/doc/ezlb/docs say more about each field.");
}

void print_services_page(void)
{
	roff_head("ezlb-service", 5, "service files of the load balancer ezlb");
	put_introduction();
	roff_section("FIELDS");
	put_table("The service", "", &service_table);
	put_table("Items of backends and fallback", "", &backend_table);
	put_table("persistence", "persistence.", &persistence_table);
	put_table("tunnel", "tunnel.", &tunnel_table);
	put_table("health_check", "health_check.", &check_table);
	put_end();
}
