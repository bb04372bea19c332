# SPDX-License-Identifier: GPL-2.0-or-later
"""Events of a soak: the service files."""

import json
import os
import socket
import time

import services


class Files:
    def put(self, slot, version):
        """A new version that is valid."""
        old = slot.current
        if old is None or old.scheduler != version.scheduler or old.snat != version.snat:
            # Without a scheduler for a moment (docs/dev/kernel-facts.md); or it is new.
            self.soak.disturb(slot, "an edit of the scheduler or the source address, or a new service")
        elif not set(old.weights) & set(version.weights):
            self.soak.disturb(slot, "an edit that leaves no backend")
        self.serve(slot, version)
        self.soak.files.write(slot, slot.text(version, self.rng))

    @staticmethod
    def serve(slot, version):
        slot.current, slot.unread, slot.broken = version, True, False
        slot.allowed.append(version)
        slot.edits.append((time.monotonic() * 1e6, version))

    def edit(self):
        slot = self.some_slot()
        self.put(slot, slot.random_version(self.rng))
        return slot.name

    def weights(self):
        slot = self.some_slot(lambda slot: slot.current)
        weights = {name: self.rng.randint(1, 9) for name in slot.current.weights}
        self.put(slot, slot.current._replace(weights=weights))
        return slot.name

    def backends(self):
        """Some leave and some come, and nothing else changes: connections that are open go on for drain_timeout."""
        slot = self.some_slot(lambda slot: slot.current and slot.proto == "tcp" and slot.current.drain)
        if not slot:
            return "nothing"
        old = slot.current.weights
        weights = {name: old[name] for name in self.rng.sample(sorted(old), self.rng.randint(1, len(old)))}
        weights.update({name: 1 for name in services.BACKENDS if name not in old and self.rng.random() < 0.6})
        self.put(slot, slot.current._replace(weights=dict(sorted(weights.items()))))
        return "%s: %s" % (slot.name, " ".join(weights))

    def break_file(self):
        """Only of a version that the daemon has certainly read: else nobody knows which one stays."""
        slot = self.some_slot(lambda slot: slot.current and not slot.unread)
        if not slot:
            return "nothing"
        text = json.dumps({"name": slot.name, "listen": slot.listener(), "full_nat": True,
                           "backends": [{"address": slot.backend("b1")}]})
        kind = self.rng.choice(("part", "field", "empty", "bytes", "claim"))
        if kind == "claim" and slot.number in (0, 4):
            kind = "field"
        broken = {"part": text[:self.rng.randrange(1, len(text) - 1)],
                  "field": text[:-1] + ', "no_such_field": 1}', "empty": "",
                  "bytes": "\x01\x1b[31m: [\n", "claim": text.replace(slot.listener(), self.soak.slots[0].listener())}
        self.soak.files.write(slot, broken[kind])
        slot.broken = True
        return "%s: %s" % (slot.name, kind)

    def half_write(self):
        slot = self.some_slot(lambda slot: slot.current and not slot.in_configmap)
        version = slot.current._replace(weights={name: self.rng.randint(1, 9) for name in slot.current.weights})
        text = slot.text(version, self.rng)
        while text[0] != "{":
            text = slot.text(version, self.rng)
        self.soak.files.write_in_parts(slot, text, lambda: self.pause(0.5))
        self.serve(slot, version)
        return slot.name

    def rename(self):
        slot = self.some_slot(lambda slot: slot.current and not slot.in_configmap and not slot.broken)
        if not slot:
            return "nothing"
        # If the new one is broken when ezlb looks, that is another file without a last good version.
        slot.unread = True
        self.soak.files.rename(slot)
        return "%s to %s" % (slot.name, slot.file)

    def vanish(self):
        """Slot 0 stays: without any file ezlb waits before it removes all."""
        slot = self.some_slot(lambda slot: slot.current and slot.number > 0)
        self.soak.disturb(slot, "the file is gone")
        self.soak.files.remove(slot)
        self.serve(slot, None)
        if self.rng.random() < 0.6:
            version = slot.random_version(self.rng)
            self.later(self.rng.uniform(0.02, 1), lambda: slot.current is None and self.put(slot, version))
        return slot.name


    def storm(self):
        """More changes in the directory than ezlb wants to hear of, and one that counts."""
        number = self.rng.choice((100, 600))
        self.soak.files.storm(number // 2)
        self.weights()
        self.soak.files.storm(number // 2)
        return str(number)

    def directory_away(self):
        """What cannot be read is not empty: nothing may change. But a start without it ends."""
        if self.soak.daemon.killed or not self.soak.daemon.counts():
            return "nothing"
        return self.soak.files.away(lambda: self.pause(1.5))

    def junk(self):
        """Something that is no service file has the name of one."""
        kind = self.rng.choice(sorted(JUNK))
        path = os.path.join(self.soak.files.plain, "junk%d%s.yaml" % (
            self.rng.randrange(1000), self.rng.choice(("", "\x1b[31m", " a\nb", "\u202e"))))
        JUNK[kind](path)
        self.later(self.rng.uniform(0.1, 4), lambda: os.rmdir(path) if kind == "directory" else os.unlink(path))
        return kind


def text(content):
    def write(path):
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
    return write


def door(path):
    """A socket. Its path may be too long for bind()."""
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(os.path.dirname(path), os.O_DIRECTORY)
        listener.bind("/proc/self/fd/%d/%s" % (here, os.path.basename(path)))
        os.close(here)


JUNK = {"fifo": os.mkfifo, "directory": os.mkdir, "socket": door,
        "endless": lambda path: os.symlink("/dev/zero", path),
        "dangling": lambda path: os.symlink("nowhere", path),
        "loop": lambda path: os.symlink(path, path),
        "shadow": lambda path: os.symlink("/etc/shadow", path),
        "lines": text("a: [\n" + "\n" * 200000),
        "deep": text("[" * 5000), "large": text("# much\n" * 200000),
        "errors": text("".join("wrong%d: 1\n" % i for i in range(500)))}
