# SPDX-License-Identifier: GPL-2.0-or-later
"""The services of a soak: what their files say, and what the kernel must hold because of that.

Nothing here asks ezlb: a file is made from a version, and so are the rows."""

import collections
import json
import os
import shutil

SLOTS = 8
BACKENDS = ("b1", "b2", "b3")
FIRST_PORT = 8000
LINK = "ezlb0"
NOBODY_PORT = 8010  # of a program of the balancer itself, which no file names
SNAT = {4: "10.0.0.3", 6: "fd00:10::3"}
VIPS = {4: ("10.0.0.1", "10.0.0.2"), 6: ("fd00:10::1", "fd00:10::2")}
# What the backends see without a snat_ip.
BALANCER = {4: "192.168.10.1", 6: "fd00:192::1"}
NET = {4: "192.168.10.1%s", 6: "fd00:192::1%s"}
SCHEDULERS = ("rr", "wrr", "lc", "wlc", "sed", "nq", "sh", "mh")
HASHES = ("sh", "mh")

# weights: of the backends, by name. snat: has a snat_ip, or MASQUERADE. persistence: in seconds.
Version = collections.namedtuple("Version", "scheduler persistence snat drain weights")


def endpoint(address, port):
    return "[%s]:%d" % (address, port) if ":" in address else "%s:%d" % (address, port)


class Slot:
    """One service file. Slots with an even number are IPv4; the last two are UDP, and are keys of a ConfigMap."""

    def __init__(self, number):
        self.number = number
        self.name = "s%d" % number
        self.family = 6 if number % 2 else 4
        self.proto = "udp" if number >= 6 else "tcp"
        self.vip = VIPS[self.family][number // 4 % 2]
        self.port = 100 + number
        # Slot 4 shares its backends with slot 0.
        self.backend_port = FIRST_PORT + (0 if number == 4 else number)
        self.in_configmap = number >= 6
        self.current = None  # the version that serves; None: there is no file
        self.sick = set()  # the backends that must be down in this quiet
        self.broken = False  # the file is not valid: `current` stays
        self.unread = False  # perhaps ezlb has not read the file since it was written
        self.file = self.name + ".yaml"
        self.edits = []  # (us, version), as far back as `before`
        # Every version that may serve since the kernel was last found right.
        self.allowed = [None]
        self.before = [None]  # the same until the time before

    def listener(self):
        return endpoint(self.vip, self.port)

    def backend(self, name):
        return endpoint(NET[self.family] % name[1:], self.backend_port)

    def live(self):
        """`current` without the backends that must be down."""
        if not self.current or not self.sick:
            return self.current
        weights = {name: weight for name, weight in self.current.weights.items() if name not in self.sick}
        return self.current._replace(weights=weights)

    def random_version(self, rng):
        names = rng.sample(BACKENDS, rng.choice((1, 2, 2, 3, 3, 3)))
        return Version(rng.choice(SCHEDULERS), rng.choice((0, 0, 0, 60)),
                       True if self.number in (0, 4) else rng.random() < 0.7,
                       rng.choice((0, 1, 2)), {name: rng.randint(1, 5) for name in sorted(names)})

    def text(self, version, rng):
        """The file. Half of them are JSON, of which no part is a valid file."""
        content = {
            "name": self.name, "listen": self.listener(), "protocol": self.proto,
            "scheduler": version.scheduler, "full_nat": True, "drain_timeout": "%ds" % version.drain,
            "x-edit": rng.randrange(10 ** 9),
            "backends": [{"address": self.backend(name), "weight": weight}
                         for name, weight in version.weights.items()],
            "health_check": {"type": "http", "http_path": "/healthz", "interval": "1s", "fast_interval": "300ms",
                             "rise_count": 1}}
        if version.persistence:
            content["persistence"] = "%ds" % version.persistence
        if version.snat:
            content["snat_ip"] = SNAT[self.family]
        if rng.random() < 0.5:
            return json.dumps(content) + "\n"
        lines = ["# a comment"] if rng.random() < 0.3 else []
        lines += ["%s: %s" % (key, json.dumps(value)) for key, value in content.items()]
        return "\n".join(lines) + "\n"

    def ipvs(self, version):
        """The lines of `ipvsadm -Sn`."""
        option = "-u" if self.proto == "udp" else "-t"
        service = "-A %s %s -s %s" % (option, self.listener(), version.scheduler)
        if version.persistence:
            service += " -p %d" % version.persistence
        return [service] + ["-a %s %s -r %s -m -w %d" % (option, self.listener(), self.backend(name), weight)
                            for name, weight in version.weights.items()]

    def snat_rows(self, version, nftables):
        """(family, protocol, endpoint, source): of the listener with nftables, else of each backend."""
        to = SNAT[self.family] if version.snat else "masquerade"
        ends = [self.listener()] if nftables else [self.backend(name) for name in version.weights]
        return [(self.family, self.proto, end, to) for end in ends]

    def may_answer(self, text, versions):
        """Whether a backend with this answer belongs to one of the versions, and sees a source address of it."""
        name, _, rest = text.partition(":")
        port, _, source = rest.partition("/")
        return port == str(self.backend_port) and any(
            version and name in version.weights and
            source == (SNAT if version.snat else BALANCER)[self.family] for version in versions)


class Nobody(Slot):
    """An address of services, with a port that is no service's: nobody may answer there."""

    def __init__(self, number, family):
        super().__init__(number)
        self.name, self.family, self.proto = "nobody%d" % family, family, "tcp"
        self.vip, self.port, self.in_configmap = VIPS[family][0], NOBODY_PORT, False


class Files:
    """Two config directories: plain files, and a ConfigMap as kubelet writes it."""

    def __init__(self, plain, configmap, rng):
        self.plain, self.configmap, self.rng = plain, configmap, rng
        self.texts = {}  # of the ConfigMap, by the file's name
        self.swaps = 0

    def write(self, slot, text):
        if slot.in_configmap:
            self.texts[slot.file] = text
            self.swap()
            return
        path = os.path.join(self.plain, slot.file)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)

    def write_in_parts(self, slot, text, pause):
        """In place, as a careless editor does it: for a while there is only a part of it. Plain files only."""
        with open(os.path.join(self.plain, slot.file), "w", encoding="utf-8") as file:
            cut = self.rng.randrange(1, len(text) - 2)
            file.write(text[:cut])
            file.flush()
            pause()
            file.write(text[cut:])

    def remove(self, slot):
        if slot.in_configmap:
            del self.texts[slot.file]
            self.swap()
        else:
            os.unlink(os.path.join(self.plain, slot.file))

    def rename(self, slot):
        """Plain files only. The service has its name in the file."""
        new = "r%d-%s.yaml" % (self.rng.randrange(100), slot.name)
        os.rename(os.path.join(self.plain, slot.file), os.path.join(self.plain, new))
        slot.file = new

    def away(self, pause):
        """The directory is gone for a while."""
        os.rename(self.plain, self.plain + ".away")
        pause()
        os.rename(self.plain + ".away", self.plain)

    def storm(self, files):
        """Files that are none of ezlb's come, are renamed and go."""
        for number in range(files):
            path = os.path.join(self.plain, ".storm%d" % number)
            with open(path, "w", encoding="utf-8"):
                pass
            os.rename(path, path + "~")
            os.unlink(path + "~")

    def swap(self):
        """The steps of kubelet's AtomicWriter: a new directory, ..data moved to it, links, the old one removed."""
        self.swaps += 1
        stamp = os.path.join(self.configmap, "..2026_01_01_%08d" % self.swaps)
        data = os.path.join(self.configmap, "..data")
        old = os.readlink(data) if os.path.islink(data) else None
        os.mkdir(stamp)
        for name, text in self.texts.items():
            with open(os.path.join(stamp, name), "w", encoding="utf-8") as file:
                file.write(text)
        os.symlink(os.path.basename(stamp), data + "_tmp")
        os.rename(data + "_tmp", data)
        for name in self.texts:
            if not os.path.islink(os.path.join(self.configmap, name)):
                os.symlink("..data/" + name, os.path.join(self.configmap, name))
        for name in os.listdir(self.configmap):
            if not name.startswith("..") and name not in self.texts:
                os.unlink(os.path.join(self.configmap, name))
        if old:
            shutil.rmtree(os.path.join(self.configmap, old))
