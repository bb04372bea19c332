# The OCI configuration that container.bash gives to the runtime, made of the configuration of the image.
def bind($from; $to; $how): {source: $from, destination: $to, type: "bind", options: ["rbind", $how]};
def all: [("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE " +
	"NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT " +
	"SYS_PTRACE SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME MKNOD AUDIT_WRITE SYSLOG") |
	split(" ")[] | "CAP_" + .];
($mode == "privileged") as $privileged | $image[0].config as $config |
(if $privileged then all else ["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID"] end) as $caps |
{
	ociVersion: "1.0.0",
	root: {path: $root, readonly: true},
	process: {
		args: ($config.Entrypoint + (if $words == "" then $config.Cmd else $words | split("\n") end)),
		env: $config.Env, cwd: "/", user: {uid: 0, gid: 0}, noNewPrivileges: ($privileged | not),
		capabilities: {bounding: $caps, effective: $caps, permitted: $caps, inheritable: [], ambient: []}
	},
	mounts: [
		{destination: "/proc", type: "proc", source: "proc"},
		{destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"]},
		{destination: "/sys", type: "sysfs", source: "sysfs",
			options: ["nosuid", "noexec", "nodev", (if $privileged then "rw" else "ro" end)]},
		bind($services; "/etc/ezlb/services.d"; "ro"), bind($state; "/run/ezlb"; "rw"),
		bind($persist; "/var/lib/ezlb"; "rw"),
		bind("/run/xtables.lock"; "/run/xtables.lock"; "rw"),
		bind($modules; "/lib/modules/" + $release; "ro")
	],
	linux: ({namespaces: [{type: "pid"}, {type: "ipc"}, {type: "uts"}, {type: "mount"}]} +
		if $privileged then {} else {readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"]} end)
}
