// SPDX-License-Identifier: GPL-2.0-or-later
/* ezlb(8): the commands and flags from their tables; the rest is written here. */
#include <string.h>

#include <ezlb/text.h>

#include "manual.h"

struct item {
	const char *tag, *text;
};

static const struct item files[] = {
	{ "/etc/ezlb/services.d/*.yaml",
	  "The service files. ezlb-service(5) describes them. `--config-dir` names another directory." },
	{ "/run/ezlb/ledger",
	  "What ezlb owns in the kernel. ezlb writes it before it changes the kernel." },
	{ "/var/lib/ezlb/versions",
	  "The last version without an error of each service file, also over a reboot. `--persist-dir` "
	  "names another directory than /var/lib/ezlb." },
	{ "/run/ezlb/admin.sock",
	  "The socket on which a running ezlb answers. It speaks HTTP. `--state-dir` names another "
	  "directory than /run/ezlb." },
	{ "/run/xtables.lock",
	  "The lock of iptables(8), which ezlb holds while it changes rules of iptables." },
};

static const struct item signals[] = {
	{ "SIGTERM, SIGINT",
	  "`ezlb run` ends. Without `--cleanup-on-exit=false` it removes from the kernel everything "
	  "that it owns." },
	{ "SIGHUP", "`ezlb run` reads its service files at once, as `ezlb reload` makes it do." },
	{ "SIGUSR1",
	  "`ezlb run` closes the file of --connection-log and opens it again, for logrotate." },
};

static const struct item environment[] = {
	{ "NO_COLOR", "If it is set and not empty: no colors, unless `--color=always`." },
	{ "NOTIFY_SOCKET, WATCHDOG_USEC",
	  "Set by systemd(1). `ezlb run` tells systemd when it is ready, and that it is alive." },
};

static const char example[] = "ip addr add 10.0.0.1/32 dev lo\n"
			      "ip addr add 10.0.0.3/32 dev lo\n"
			      "ezlb check web.yaml && cp web.yaml /etc/ezlb/services.d/\n"
			      "systemctl enable --now ezlb\n"
			      "ezlb status\n";

static void put_items(const struct item *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		roff_item(items[i].tag, items[i].text);
}
#define PUT_ITEMS(items) put_items(items, sizeof(items) / sizeof((items)[0]))

static void put_flag_names(const struct command *command)
{
	struct ezlb_text text = { 0 };
	EZLB_AUTO_FREE char *line = NULL;
	const char *before = "Flags: ";

	for (enum flag flag = 0; flag < FLAGS; flag++) {
		if (flag == FLAG_HELP || !command_takes(command, flag))
			continue;
		ezlb_text_printf(&text, "%s`--%s`", before, flag_table[flag].name);
		before = ", ";
	}
	ezlb_text_puts(&text, before[0] == 'F' ? "It has no flags." : ".");
	line = ezlb_text_take(&text, NULL);
	roff_paragraph(line);
}

/* "0  no errors\n1  errors\n" */
static void put_status(const char *lines)
{
	puts(".PP\nExit status:");
	while (*lines) {
		size_t len = strcspn(lines, "\n"), digits = strspn(lines, "0123456789");

		printf(".br\n\\fB%.*s\\fP ", (int)digits, lines);
		for (size_t i = digits + strspn(lines + digits, " "); i < len; i++) {
			char c[] = { lines[i], '\0' };

			fputs(c[0] == '-' ? "\\-" : c, stdout);
		}
		putchar('\n');
		lines += len + (lines[len] == '\n');
	}
}

static void put_command(const struct command *command)
{
	char heading[128];

	snprintf(heading, sizeof(heading), "ezlb %s%s%s", command->name,
		 command->args[0] ? " " : "", command->args);
	roff_subsection(heading);
	roff_text(command->help);
	put_flag_names(command);
	put_status(command->status);
	roff_verbatim(command->example);
}

static void put_flag(const struct flag_row *row)
{
	char tag[128], more[128];

	snprintf(tag, sizeof(tag), "--%s%s%s%s", row->name,
		 !row->arg	     ? ""
		 : row->arg_optional ? "[="
				     : "=",
		 row->arg ? row->arg : "", row->arg_optional ? "]" : "");
	if (row->letter)
		snprintf(tag + strlen(tag), sizeof(tag) - strlen(tag), ", -%c", row->letter);
	roff_item(tag, row->help);
	if (!row->by_default)
		return;
	snprintf(more, sizeof(more), "Default: %s.", row->by_default);
	roff_text(more);
	snprintf(more, sizeof(more), "Variable: `%s`.", row->env);
	roff_text(more);
}

static void put_introduction(void)
{
	roff_section("SYNOPSIS");
	puts("\\fBezlb\\fP \\fICOMMAND\\fP [\\fIFLAGS\\fP] [\\fIARGUMENTS\\fP]");
	roff_section("DESCRIPTION");
	roff_text(
		"ezlb makes virtual services of IPVS from a directory of service files, one small "
		"YAML file for each service. It probes the backends, and repairs the configuration of "
		"the kernel when something else changes it. With `full_nat` it also replaces the "
		"source address of the packets, by nftables or iptables. The kernel forwards the "
		"packets; none passes through ezlb.");
	roff_paragraph(
		"A file with an error is refused, with line, column and reason, and its last good "
		"version stays applied. ezlb changes and removes only what it has created or "
		"taken over.");
	roff_paragraph(
		"`ezlb help COMMAND` and `ezlb COMMAND --help` print the same as this page about "
		"a command.");
}

static void put_end(void)
{
	roff_section("EXIT STATUS");
	roff_text(
		"0 means success, and 1 an error; what exactly is said at each command. 2 means wrong "
		"usage: an unknown command, flag, value or argument. `ezlb plan` ends with 2 if there "
		"are changes, too.");
	roff_section("ENVIRONMENT");
	roff_text(
		"Each flag that takes a value has a variable, which is named above. The flag wins. A "
		"command ignores the variables of flags that it does not have.");
	PUT_ITEMS(environment);
	roff_section("FILES");
	PUT_ITEMS(files);
	roff_section("SIGNALS");
	PUT_ITEMS(signals);
	roff_section("EXAMPLES");
	roff_text(
		"A first service on this host. 10.0.0.1 is the address of `listen` in web.yaml, and "
		"10.0.0.3 its `snat_ip`:");
	roff_verbatim(example);
	roff_section("SEE ALSO");
	puts(".BR ezlb\\-service (5),\n.BR ipvsadm (8),\n.BR nft (8),\n.BR iptables (8),\n"
	     ".BR conntrack (8),\n.BR systemctl (1)");
	roff_paragraph(
		"The documents of ezlb are in /usr/share/doc/ezlb, or in share/doc/ezlb below the "
		"directory that it was installed in.");
}

void print_commands_page(void)
{
	roff_head("ezlb", 8, "layer-4 load balancer with IPVS, FullNAT and health checks");
	put_introduction();
	roff_section("COMMANDS");
	for (size_t i = 0; i < n_commands; i++)
		put_command(&command_table[i]);
	roff_section("FLAGS");
	for (enum flag flag = 0; flag < FLAGS; flag++)
		put_flag(&flag_table[flag]);
	put_end();
}
