// SPDX-License-Identifier: GPL-2.0-or-later
/* keepalived.conf: its blocks. What virtual_server says is in keepalived_vs.c. */
#include <string.h>

#include <ezlb/yaml.h>

#include "formats.h"
#include "keepalived_service.h"

#define KEEP  "stays with keepalived: keep this block there"
#define OWN   "a setting of keepalived itself"
#define FIFO  "ezlb has no such pipe; read `ezlb events -f -o json`"
#define MAIL  "ezlb sends no mail; use alert rules for the metrics"
#define CERTS "ezlb shows no certificate of its own to a backend"

/* Settings of global_defs that have to do with virtual servers. */
static const struct ka_keyword global_rows[] = {
	{ "lvs_sync_daemon", NULL,
	  "the flags --sync-interface and --sync-id of `ezlb run` do this" },
	{ "lvs_flush", NULL,
	  "ezlb takes over the virtual services that are there; `ezlb run --adopt` has the choices" },
	{ "lvs_flush_on_stop", NULL, "the flag --cleanup-on-exit says what happens at the end" },
	{ "lvs_flush_onstop", NULL, "the flag --cleanup-on-exit says what happens at the end" },
	{ "lvs_notify_fifo", NULL, FIFO },
	{ "lvs_notify_fifo_script", NULL, FIFO },
	{ "smtp_alert", NULL, MAIL },
	{ "smtp_alert_checker", NULL, MAIL },
	{ "no_checker_emails", NULL, MAIL },
	{ "notification_email", NULL, MAIL },
	{ "notification_email_from", NULL, MAIL },
	{ "smtp_server", NULL, MAIL },
	{ "smtp_helo_name", NULL, MAIL },
	{ "smtp_connect_timeout", NULL, MAIL },
	{ "checker_log_all_failures", NULL,
	  "the log has each change of a backend, `ezlb status` the last failure" },
	{ "net_namespace_ipvs", NULL,
	  "ezlb programs the network namespace in which it is started" },
	{ "net_namespace", NULL, "ezlb programs the network namespace in which it is started" },
	{ "enable_snmp_checker", NULL, "there is no SNMP; ezlb has metrics for Prometheus" },
	{ "nftables_ipvs", NULL, "ezlb has virtual services for the addresses of a group" },
};

static const struct ka_keyword root_rows[] = {
	{ "vrrp_instance", NULL, "VRRP " KEEP },
	{ "vrrp_sync_group", NULL, "VRRP " KEEP },
	{ "vrrp_script", NULL, "VRRP " KEEP },
	{ "vrrp_track_process", NULL, "VRRP " KEEP },
	{ "vrrp_track_file", NULL, "VRRP " KEEP },
	{ "track_file", NULL, KEEP },
	{ "track_group", NULL, KEEP },
	{ "static_ipaddress", NULL, KEEP },
	{ "static_routes", NULL, KEEP },
	{ "static_rules", NULL, KEEP },
	{ "garp_group", NULL, KEEP },
	{ "linkbeat_interfaces", NULL, KEEP },
	{ "interface_up_down_delays", NULL, KEEP },
	{ "bfd_instance", NULL, KEEP },
	{ "linkbeat_use_polling", NULL, OWN },
	{ "include_check", NULL, OWN },
	{ "net_namespace", NULL, "ezlb programs the network namespace in which it is started" },
	{ "net_namespace_ipvs", NULL,
	  "ezlb programs the network namespace in which it is started" },
	{ "instance", NULL, OWN },
	{ "use_pid_dir", NULL, OWN },
	{ "child_wait_time", NULL, OWN },
	{ "daemon", NULL, OWN },
};

static const struct ka_keyword ssl_rows[] = {
	{ "password", NULL, CERTS },
	{ "certificate", NULL, CERTS },
	{ "key", NULL, CERTS },
	{ "ca", NULL, "SSL_GET verifies no certificate; to verify it write tls_ca_file" },
};

static const struct ka_keyword *find(const struct ka_keyword *rows, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].name, word) == 0)
			return &rows[i];
	return NULL;
}

static void note(struct ka_reader *reader, const struct ka_stmt *stmt, const char *text)
{
	char shown[KA_SHOW_STRLEN];

	import_notes_add(&reader->notes, EZLB_IMPORT_DROPPED, stmt->file, stmt->at, NULL, "%s: %s",
			 ka_show(stmt, shown), text);
}

/* "lvs_timeouts tcp 7200 tcpfin 120 udp 300" */
static void read_timeouts(struct ka_reader *reader, const struct ka_stmt *stmt)
{
	struct ezlb_text flags = { 0 };
	size_t len;
	EZLB_AUTO_FREE char *text = NULL;
	char shown[EZLB_SHOW_STRLEN];

	for (size_t i = 1; i + 1 < stmt->words.len; i += 2) {
		const char *kind = ka_arg(stmt, i);

		ezlb_source_show(ka_arg(stmt, i + 1), shown);
		if (strcmp(kind, "tcp") == 0 || strcmp(kind, "tcpfin") == 0 ||
		    strcmp(kind, "udp") == 0)
			ezlb_text_printf(&flags, " --ipvs-timeout-%s %ss", kind, shown);
	}
	text = ezlb_text_take(&flags, &len);
	import_notes_add(&reader->notes, EZLB_IMPORT_CHANGED, stmt->file, stmt->at, NULL,
			 "lvs_timeouts: these are flags of `ezlb run`:%s", text);
}

/* Other settings are told in one note: they are many, and none is about virtual servers. */
static void read_global(struct ka_reader *reader, const struct ka_stmt *block)
{
	char others[200] = "";

	for (size_t i = 0; i < block->body.len; i++) {
		const struct ka_stmt *stmt = block->body.items[i];
		const char *word = ka_arg(stmt, 0);
		const struct ka_keyword *row =
			find(global_rows, sizeof(global_rows) / sizeof(global_rows[0]), word);

		if (strcmp(word, "lvs_timeouts") == 0)
			read_timeouts(reader, stmt);
		else if (row)
			note(reader, stmt, row->gone);
		else if (strlen(others) < 120)
			ezlb_strcatf(others, sizeof(others), "%s%s", others[0] ? ", " : "",
				     ka_keyword(stmt));
		else if (!strstr(others, "..."))
			ezlb_strcatf(others, sizeof(others), ", ...");
	}
	if (others[0])
		import_notes_add(&reader->notes, EZLB_IMPORT_DROPPED, block->file, block->at, NULL,
				 "global_defs: %s: settings of keepalived itself", others);
}

static void read_ssl(struct ka_reader *reader, const struct ka_stmt *block)
{
	for (size_t i = 0; i < block->body.len; i++) {
		const struct ka_keyword *row = find(ssl_rows,
						    sizeof(ssl_rows) / sizeof(ssl_rows[0]),
						    ka_arg(block->body.items[i], 0));

		import_notes_add(&reader->notes, EZLB_IMPORT_DROPPED, block->body.items[i]->file,
				 block->body.items[i]->at, NULL, "SSL: %s: %s",
				 row ? row->name : "a keyword", row ? row->gone : "not known");
	}
}

static void read_group(struct ka_reader *reader, const struct ka_stmt *group)
{
	for (size_t i = 0; i < reader->root.body.len; i++) {
		const struct ka_stmt *stmt = reader->root.body.items[i];

		if (strcmp(ka_arg(stmt, 0), "virtual_server") == 0 &&
		    strcmp(ka_arg(stmt, 1), "group") == 0 &&
		    strcmp(ka_arg(stmt, 2), ka_arg(group, 1)) == 0)
			return; /* keepalived_group.c reads it */
	}
	note(reader, group, "no virtual_server uses it");
}

static void read_block(struct ka_reader *reader, const struct ka_stmt *stmt)
{
	static const struct {
		const char *word;
		void (*read)(struct ka_reader *reader, const struct ka_stmt *stmt);
	} blocks[] = {
		{ "virtual_server", ka_service_read },
		{ "virtual_server_group", read_group },
		{ "global_defs", read_global },
		{ "SSL", read_ssl },
	};
	const char *word = ka_arg(stmt, 0);
	const struct ka_keyword *row = find(root_rows, sizeof(root_rows) / sizeof(root_rows[0]),
					    word);

	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (strcmp(blocks[i].word, word) == 0) {
			blocks[i].read(reader, stmt);
			return;
		}
	if (row)
		note(reader, stmt, row->gone);
	else
		import_notes_add(&reader->notes, EZLB_IMPORT_DROPPED, stmt->file, stmt->at, NULL,
				 "%s: not known as a keyword of keepalived.conf", ka_keyword(stmt));
}

void ezlb_import_keepalived(struct ezlb_import *import, const char *file, const char *text,
			    size_t len)
{
	struct ka_reader reader = { .import = import };

	if (ka_read(&reader, file, text, len))
		for (size_t i = 0; i < reader.root.body.len && !import->full; i++)
			read_block(&reader, reader.root.body.items[i]);
	import_notes_flush(&reader.notes, import);
	ka_reader_clear(&reader);
}
