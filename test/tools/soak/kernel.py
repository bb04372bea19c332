# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the load balancer's kernel with the tools of others, and compares it with what the files say."""

import json
import re
import subprocess

import services

# What is in the kernel besides, and must stay. None of it is reached by a client.
FOREIGN_IPVS = ["-A -t 10.0.0.2:443 -s sh -p 600", "-a -t 10.0.0.2:443 -r 192.168.10.11:443 -m -w 5",
                "-A -f 7 -s rr", "-a -f 7 -r 192.168.10.12:80 -m -w 1"]
FOREIGN_NFT = "add table inet zoo\nadd chain inet zoo c { type filter hook output priority 7; }\n"
SETTINGS = ("ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/vs/conntrack")
RULE = re.compile(r"-A EZLB-SNAT -d (\S+)/\d+ -p (\w+) -m \w+ --dport (\d+) "
                  r"-j (MASQUERADE|SNAT --to-source (\S+))( --random-fully)?$")


def run(*command, text=None, check=False):
    return subprocess.run(command, input=text, text=True, check=check, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE).stdout


def conntrack_losses():
    """(entries now, the most that there may be, packets dropped, entries dropped early): a full table fails requests."""
    with open("/proc/net/stat/nf_conntrack", encoding="ascii") as file:
        names, *rows = (line.split() for line in file)
    dropped, early = (sum(int(row[names.index(name)], 16) for row in rows) for name in ("drop", "early_drop"))
    most = int(run("sysctl", "-n", "net.netfilter.nf_conntrack_max"))
    return int(rows[0][0], 16), most, dropped, early


def ipvs():
    return sorted(line.strip() for line in run("ipvsadm", "-Sn").splitlines())


def legacy_rules(family):
    return run("iptables-legacy" if family == 4 else "ip6tables-legacy", "-w", "5", "-t", "nat", "-S").splitlines()


def nft_objects():
    """All of nf_tables, without the handles."""
    objects = []
    for item in json.loads(run("nft", "-j", "list", "ruleset"))["nftables"]:
        kind, value = next(iter(item.items()))
        if kind != "metainfo":
            value.pop("handle", None)
            objects.append((kind, value))
    return objects


def snat_by_backend(rules):
    """The rules of iptables, by family. One that is of another form is a row of its own."""
    rows = []
    for family in rules:
        for line in rules[family]:
            if not line.startswith("-A EZLB-SNAT "):
                continue
            match = RULE.match(line)
            rows.append((family, match[2], services.endpoint(match[1], int(match[3])), match[5] or "masquerade")
                        if match else (family, line, "", ""))
    return sorted(rows)


def snat_by_listener(objects):
    """The elements of the maps and sets of nftables."""
    rows = []
    for value, (address, proto, port), to in snat_elements(objects):
        if isinstance(to, dict):
            to = to["prefix"]["addr"] if "prefix" in to else "-".join(to["range"])
        rows.append((4 if value["family"] == "ip" else 6, proto, services.endpoint(address, int(port)), to))
    return sorted(rows)


def snat_elements(objects):
    """(map or set, key, value)"""
    for kind, value in objects:
        if kind not in ("map", "set") or value["table"] != "ezlb":
            continue
        for element in value.get("elem", []):
            key, to = element if isinstance(element, list) else (element, "masquerade")
            yield value, key.get("elem", {}).get("val", key)["concat"], to


def snat_commands(nftables):
    """For each row of source NAT the command that deletes it, and its port."""
    if nftables:
        return [(("nft", "delete", "element", value["family"], "ezlb", value["name"], "{ %s . %s . %s }" % tuple(key)),
                 int(key[2])) for value, key, _ in snat_elements(nft_objects())]
    return [(("iptables-legacy" if family == 4 else "ip6tables-legacy", "-w", "5", "-t", "nat",
              *line.replace("-A", "-D", 1).split()), int(RULE.match(line)[3]))
            for family in (4, 6) for line in legacy_rules(family) if RULE.match(line)]


def guarded(objects):
    """The addresses at which only services answer."""
    return sorted(element for kind, value in objects if kind == "set" and value["table"] == "ezlb-guard"
                  for element in value.get("elem", []))


def addresses():
    return sorted(re.findall(r"inet6? (\S+)/(?:32|128) scope global",
                             run("ip", "-o", "address", "show", "dev", services.LINK)))


def settings():
    values = {}
    for name in SETTINGS:
        with open("/proc/sys/net/" + name, encoding="ascii") as file:
            values[name] = file.read().strip()
    return values


class Kernel:
    """Of the network namespace that this program runs in."""

    def __init__(self, nftables):
        self.nftables = nftables
        have = self.have()
        self.foreign_ipvs, self.foreign_rules = have["IPVS"], have["rules of others"]

    def want(self, slots):
        live = [slot for slot in slots if slot.current]
        return {
            "IPVS": sorted(self.foreign_ipvs + [line for slot in live for line in slot.ipvs(slot.live())]),
            "source NAT": sorted({row for slot in live for row in slot.snat_rows(slot.live(), self.nftables)}),
            "addresses": sorted({slot.vip for slot in live}),
            "guarded addresses": sorted({slot.vip for slot in live}),
            "settings": dict.fromkeys(SETTINGS, "1"),
            "rules of others": self.foreign_rules,
        }

    def have(self):
        rules = {family: legacy_rules(family) for family in ((4,) if self.nftables else (4, 6))}
        objects = nft_objects()
        return {
            "IPVS": ipvs(),
            "source NAT": snat_by_listener(objects) if self.nftables else snat_by_backend(rules),
            "addresses": addresses(),
            "guarded addresses": guarded(objects),
            "settings": settings(),
            "rules of others": [rule for rule in rules[4] if "EZLB" not in rule] +
                               [str(item) for item in objects if "ezlb" not in str(item)],
        }

    def difference(self, slots):
        """A text for people; empty: the kernel is as the files say."""
        want, have = self.want(slots), self.have()
        lines = []
        for what in want:
            if want[what] == have[what]:
                continue
            if isinstance(want[what], dict):
                lines.append("%s: want %s, have %s" % (what, want[what], have[what]))
                continue
            lines += ["%s, missing: %s" % (what, row) for row in want[what] if row not in have[what]]
            lines += ["%s, too much: %s" % (what, row) for row in have[what] if row not in want[what]]
            lines += ["%s: another order, or twice" % what] if not lines else []
        return "\n".join(lines)


def left_of_ezlb():
    """Every rule and table that has its name."""
    return [rule for family in (4, 6) for rule in legacy_rules(family) if "EZLB" in rule] + \
           [str(item) for item in nft_objects() if "ezlb" in str(item)]


def set_up_foreign():
    run("ipvsadm", "-R", text="\n".join(FOREIGN_IPVS) + "\n", check=True)
    for rule in ("-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
                 "-A PREROUTING -p tcp --dport 5000 -j DNAT --to-destination 172.17.0.2:5000"):
        run("iptables-legacy", "-w", "5", "-t", "nat", *rule.split(), check=True)
    run("nft", "-f", "-", text=FOREIGN_NFT, check=True)
    # Connections that are over leave conntrack sooner: else the clients fill its table.
    for name in ("tcp_timeout_time_wait", "tcp_timeout_close", "udp_timeout", "udp_timeout_stream"):
        run("sysctl", "-qw", "net.netfilter.nf_conntrack_%s=5" % name, check=True)
