# SPDX-License-Identifier: GPL-2.0-or-later
"""Events of a soak: somebody else changes what ezlb has made in the kernel."""

import fcntl

import kernel
import services


class Tampering:
    def tamper_service(self):
        """Somebody changes one service in IPVS."""
        slot = self.some_slot(lambda slot: slot.current and not slot.unread)
        if not slot:
            return "nothing"
        service = ["-u" if slot.proto == "udp" else "-t", slot.listener()]
        backend = ["-r", slot.backend(self.rng.choice(sorted(slot.current.weights)))]
        commands = {"delete the service": ["-D", *service], "delete a dest": ["-d", *service, *backend],
                    "weight 0": ["-e", *service, *backend, "-m", "-w", "0"],
                    "direct routing": ["-e", *service, *backend, "-g", "-w", "1"],
                    "another scheduler": ["-E", *service, "-s", "dh"],
                    "a dest that is nobody's": ["-a", *service, "-r", services.NET[slot.family] % "1", "-m"]}
        commands["a dest that is nobody's"][4] = services.endpoint(services.NET[slot.family] % "1", 9)
        what = self.rng.choice(sorted(commands))
        self.soak.disturb(slot, "ipvsadm: " + what)
        kernel.run("ipvsadm", *commands[what])
        return "%s: %s" % (slot.name, what)

    def tamper_all(self):
        """Somebody removes what all services need."""
        nft = ("nft", "delete", "table", self.rng.choice(("ip", "ip6")), "ezlb")
        legacy = (self.rng.choice(("iptables-legacy", "ip6tables-legacy")), "-w", "5", "-t", "nat", "-F", "EZLB-SNAT")
        commands = [("ipvsadm", "-C"), nft if self.soak.nftables else legacy,
                    ("sysctl", "-qw", "net.ipv4.vs.conntrack=0"), ("sysctl", "-qw", "net.ipv4.ip_forward=0"),
                    ("ip", "link", "delete", services.LINK), ("ip", "address", "flush", "dev", services.LINK),
                    ("ip", "link", "set", services.LINK, "down"), ("nft", "flush", "ruleset")]
        command = self.rng.choice(commands)
        self.soak.disturb(None, " ".join(command))
        kernel.run(*command)
        if command[0] == "ipvsadm":
            kernel.run("ipvsadm", "-R", text="\n".join(kernel.FOREIGN_IPVS) + "\n")
        if command[0] == "nft":
            kernel.run("nft", "-f", "-", text=kernel.FOREIGN_NFT)
        return " ".join(command)

    def tamper_guard(self):
        """Then others answer at the addresses, but no service is touched."""
        for slot in self.soak.nobodies:
            self.soak.disturb(slot, "no guard")
        kernel.run("nft", *self.rng.choice((("delete", "table"), ("flush", "table"))), "inet", "ezlb-guard")

    def tamper_row(self):
        """Somebody removes one row of source NAT."""
        rows = kernel.snat_commands(self.soak.nftables)
        if not rows:
            return "nothing"
        words, port = self.rng.choice(rows)
        for slot in self.soak.slots:
            if port in (slot.port, slot.backend_port):
                self.soak.disturb(slot, "a row of source NAT is gone")
        kernel.run(*words)
        return " ".join(words)

    def lock(self):
        """Another program holds the lock of iptables."""
        if self.soak.nftables:
            return "nothing"
        holder = open("/run/xtables.lock", "a", encoding="ascii")
        fcntl.flock(holder, fcntl.LOCK_EX)
        self.later(self.rng.uniform(0.1, 3), holder.close)
        return None

