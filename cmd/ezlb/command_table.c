// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "table.h"

#define BIT(name) FLAG_BIT(FLAG_##name)
#define LOG	  (BIT(LOG_LEVEL) | BIT(LOG_FORMAT))
/* Flags of commands that change the kernel, or plan to. */
#define HOW                                                                                    \
	(BIT(STATE_DIR) | BIT(PERSIST_DIR) | BIT(DATAPLANE) | BIT(PROBE) | BIT(SNAT_BACKEND) | \
	 BIT(ADOPT) | BIT(FIREWALL) | BIT(HOST_SETUP) | BIT(VIP_DEVICE) | BIT(VIP_WHEN) |      \
	 BIT(VIP_GUARD) | BIT(TIMEOUT_TCP) | BIT(TIMEOUT_TCPFIN) | BIT(TIMEOUT_UDP) |          \
	 BIT(SYNC_INTERFACE) | BIT(SYNC_ID) | LOG)

const struct command command_table[] = {
	{ "run", cmd_run, "", "watch the service files and keep the kernel up to date",
	  "Watches the service files, probes the backends, and keeps the kernel as the files say. "
	  "Runs in the foreground until SIGTERM or SIGINT; SIGHUP reads the files at once, "
	  "SIGUSR1 opens the file of the connection log again.",
	  "0  stopped by a signal\n"
	  "1  cannot start\n",
	  "ezlb run\n"
	  "ezlb run --cleanup-on-exit=false --admin-address 9106\n"
	  "ezlb run --dataplane memory --config-dir . --state-dir /tmp/ezlb\n",
	  BIT(CONFIG_DIR) | HOW | BIT(CLEANUP) | BIT(EMPTY_HOLD) | BIT(ADMIN_ADDRESS) |
		  BIT(TRAFFIC_INTERVAL) | BIT(CONNECTION_LOG) | BIT(VIP_HOLD) | BIT(DRAIN_ON_EXIT) |
		  BIT(SANDBOX) },
	{ "once", cmd_once, "", "apply the service files once, and end",
	  "Reads the service files, probes the backends, changes the kernel once, and prints what "
	  "it changed. The result stays in the kernel.",
	  "0  the kernel is as the files say\n"
	  "1  a change failed, a file has an error, or a backend gave no result\n",
	  "ezlb once\n"
	  "ezlb once -o json\n",
	  BIT(CONFIG_DIR) | HOW | BIT(OUTPUT) | BIT(COLOUR) },
	{ "check", cmd_check, "[FILE or DIR or -]...", "check service files for errors",
	  "Checks service files and prints each error with its line; also those in ConfigMaps of "
	  "Kubernetes manifests, YAML or JSON. - is standard input. Asks neither the kernel nor a "
	  "running ezlb. Without arguments it checks the files of --config-dir.",
	  "0  no errors\n"
	  "1  errors, or there was nothing to check\n",
	  "ezlb check\n"
	  "ezlb check web.yaml candidates/\n"
	  "kubectl kustomize deploy/ | ezlb check --strict -\n",
	  BIT(CONFIG_DIR) | BIT(SNAT_BACKEND) | BIT(FORMAT) | BIT(STRICT) | BIT(ALLOW_EMPTY) |
		  BIT(CONFIGMAP) },
	{ "import", cmd_import, "FILE|-...",
	  "turn the configuration of another balancer into service files",
	  "Reads the ezlb.yaml of the Go program, the output of `ipvsadm -Sn`, a keepalived.conf, or "
	  "Services of Kubernetes with their EndpointSlices, and writes service files. Each setting "
	  "without a counterpart is named on stderr. Changes nothing else.",
	  "0  every service is written; the notes on stderr say what differs\n"
	  "1  a part could not be read or written; the rest is written\n",
	  "ezlb import --output-dir candidate /etc/keepalived/keepalived.conf\n"
	  "ipvsadm -Sn | ezlb import --output-dir candidate -\n"
	  "kubectl get svc,endpointslices -A -o yaml | ezlb import -\n",
	  BIT(FROM) | BIT(OUTPUT_DIR) },
	{ "schema", cmd_schema, "", "print the JSON Schema of service files",
	  "Prints a JSON Schema of service files, for editors and other programs. It has the fields, "
	  "limits and defaults of this version. `ezlb check` sees more errors.",
	  "0  printed\n"
	  "1  cannot write\n",
	  "ezlb schema >service-file.schema.json\n", 0 },
	{ "plan", cmd_plan, "", "print what `once` would change, and change nothing",
	  "Reads the service files, probes the backends, and prints what `ezlb once` would change, "
	  "with the reason for each change. Changes nothing.",
	  "0  there is nothing to change\n"
	  "2  there are changes\n"
	  "1  error\n",
	  "ezlb plan\n"
	  "ezlb plan --config-dir /etc/ezlb/candidate\n",
	  BIT(CONFIG_DIR) | HOW | BIT(OUTPUT) | BIT(COLOUR) },
	{ "host-setup", cmd_host_setup, "", "load modules and set sysctls for the services",
	  "Loads the kernel modules and sets the sysctls that the services need, prints the "
	  "sysctls, and does nothing else. For an init container or a unit of its own, where `ezlb "
	  "run` has fewer rights.",
	  "0  done\n"
	  "1  something failed\n",
	  "ezlb host-setup\n",
	  BIT(CONFIG_DIR) | BIT(STATE_DIR) | BIT(PERSIST_DIR) | BIT(DATAPLANE) | BIT(SNAT_BACKEND) |
		  BIT(VIP_DEVICE) | BIT(BEST_EFFORT) | LOG },
	{ "doctor", cmd_doctor, "", "find what would stop packets on this host",
	  "Follows a packet of each service through this host, and says where it would be dropped "
	  "and which commands repair that. Changes nothing. Give it the flags that `ezlb run` has.",
	  "0  nothing that stops packets\n"
	  "1  something that does\n",
	  "ezlb doctor\n"
	  "ezlb doctor -o json\n",
	  BIT(CONFIG_DIR) | BIT(SNAT_BACKEND) | BIT(FIREWALL) | BIT(VIP_DEVICE) | BIT(VIP_WHEN) |
		  BIT(VIP_GUARD) | BIT(SYNC_INTERFACE) | BIT(SYNC_ID) | BIT(OUTPUT) },
	{ "status", cmd_status, "[SERVICE]", "show the services of a running ezlb",
	  "Asks a running ezlb and shows its services, those with problems first; or one service "
	  "with its backends and events.",
	  "0  answered\n"
	  "1  no answer, or no such service\n",
	  "ezlb status\n"
	  "ezlb status web --watch\n"
	  "ezlb status -o json\n",
	  BIT(STATE_DIR) | BIT(OUTPUT) | BIT(COLOUR) | BIT(WATCH) },
	{ "events", cmd_events, "", "show what has happened to the services of a running ezlb",
	  "Asks a running ezlb for its latest events, the oldest first.",
	  "0  answered\n"
	  "1  no answer\n",
	  "ezlb events\n"
	  "ezlb events -f\n",
	  BIT(STATE_DIR) | BIT(OUTPUT) | BIT(COLOUR) | BIT(FOLLOW) },
	{ "who", cmd_who, "ADDRESS:PORT...|-",
	  "show the client behind a source address and its port",
	  "Shows whose connection a backend's log means: the client, the service and the rest of each "
	  "connection with this source address and port. - reads them from standard input, the "
	  "first word of each line. Asks the kernel's conntrack, not a running ezlb.",
	  "0  there is a connection for each address\n"
	  "1  there is none for an address, or an error\n",
	  "ezlb who 10.0.0.3:40001\n"
	  "ezlb who '[fd00::3]:40001' 10.0.0.3:40002 -o json\n"
	  "awk '{print $1}' access.log | ezlb who -\n",
	  BIT(CONFIG_DIR) | BIT(STATE_DIR) | BIT(PERSIST_DIR) | BIT(OUTPUT) },
	{ "connections", cmd_connections, "[SERVICE or ADDRESS or ADDRESS:PORT]",
	  "list the connections of the services",
	  "Lists the connections of all services, of one service, or those that have an address "
	  "as their client, listener or backend. Asks the kernel's conntrack, not a running ezlb.",
	  "0  listed, also if there are none\n"
	  "1  no such service, or an error\n",
	  "ezlb connections --sort bytes --limit 10\n"
	  "ezlb connections web -f\n"
	  "ezlb connections 172.16.0.2 -o json\n",
	  BIT(CONFIG_DIR) | BIT(STATE_DIR) | BIT(PERSIST_DIR) | BIT(OUTPUT) | BIT(FOLLOW) |
		  BIT(SORT) | BIT(LIMIT) },
	{ "probe", cmd_probe, "ready|live", "ask a running ezlb whether it is ready or alive",
	  "For exec probes of Kubernetes. ready: ezlb configures the kernel as the files say; live: "
	  "the main loop answers. Where the answer is no, the reason is on stdout.",
	  "0  yes\n"
	  "1  no, or no answer\n",
	  "ezlb probe ready\n", BIT(STATE_DIR) },
	{ "log-level", cmd_log_level, "error|warn|info|debug",
	  "change the log level of a running ezlb",
	  "Changes the log level of a running ezlb until it ends.",
	  "0  changed\n"
	  "1  no answer\n",
	  "ezlb log-level debug\n", BIT(STATE_DIR) },
	{ "reload", cmd_reload, "", "make a running ezlb read its service files at once",
	  "Makes a running ezlb read its service files at once. It notices changes by itself; this "
	  "is for file systems without change notifications.",
	  "0  it reads them\n"
	  "1  no answer\n",
	  "ezlb reload\n", BIT(STATE_DIR) },
	{ "drain", cmd_drain, "", "take this balancer out, and let open connections end",
	  "Makes a running ezlb drain this balancer: the addresses move from the interface NAME of "
	  "--vip-device to NAME-drain, so that a routing daemon withdraws their routes, and `ezlb "
	  "probe ready` says no. Rules and open connections stay. It drains until `ezlb undrain`, "
	  "also after a restart.",
	  "0  it drains; with --wait: and no connection is active\n"
	  "1  no answer; with --wait: connections are still active, or it was put back\n",
	  "ezlb drain --wait 60s\n"
	  "ezlb drain --until-exit --wait 60s\n",
	  BIT(STATE_DIR) | BIT(WAIT) | BIT(UNTIL_EXIT) },
	{ "undrain", cmd_undrain, "", "put a drained balancer back",
	  "Ends what `ezlb drain` began.",
	  "0  it does not drain\n"
	  "1  no answer, or ezlb is about to end\n",
	  "ezlb undrain\n", BIT(STATE_DIR) },
	{ "cleanup", cmd_cleanup, "", "remove from the kernel everything that ezlb owns",
	  "Removes from the kernel everything that ezlb owns by its records in --state-dir, restores "
	  "sysctls, deletes the last good versions of the files, and prints what it removed. Stop `ezlb run` first.",
	  "0  everything is removed\n"
	  "1  something is left\n",
	  "ezlb cleanup\n",
	  BIT(STATE_DIR) | BIT(PERSIST_DIR) | BIT(DATAPLANE) | BIT(SNAT_BACKEND) | BIT(VIP_DEVICE) |
		  LOG },
	{ "version", cmd_version, "", "print the version", "Prints the version of ezlb.",
	  "0  always\n", "ezlb version\n", 0 },
};
const size_t n_commands = sizeof(command_table) / sizeof(command_table[0]);

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < n_commands; i++)
		if (strcmp(command_table[i].name, name) == 0)
			return &command_table[i];
	return NULL;
}

bool command_takes(const struct command *command, enum flag flag)
{
	return flag == FLAG_HELP || (command->flags & FLAG_BIT(flag)) != 0;
}
