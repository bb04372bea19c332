# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients and backends of a soak, and the judgement of every answer."""

import collections
import mmap
import os
import subprocess
import threading

import services

PORTS = 16
# held: more than one request in one connection
Request = collections.namedtuple("Request", "slot held begin end how answer")
# A disturbance explains failures of a service from its begin until the kernel was found right again. slot: None is all;
# backend: None is all, else the connections to this one only.
Disturbance = collections.namedtuple("Disturbance", "slot backend begin why")


class Backends:
    """One process for each host, with every port. Modes are bytes that it looks at: test/tools/soaktool.c."""

    def __init__(self, work):
        self.modes = {}
        for name in services.BACKENDS:
            path = os.path.join(work, name + ".modes")
            with open(path, "wb") as file:
                file.write(bytes(PORTS))
            with open(path, "r+b") as file:
                self.modes[name] = mmap.mmap(file.fileno(), PORTS)
            self.serve(name, path, range(services.FIRST_PORT, services.FIRST_PORT + services.SLOTS))
        # The balancer has a program that listens on all its addresses: the modes are those of a backend.
        self.serve("lb", path, [services.NOBODY_PORT])

    @staticmethod
    def serve(name, path, ports):
        server = subprocess.Popen([os.environ["SOAKTOOL"], "serve", name, name, path, *map(str, ports)],
                                  stdout=subprocess.PIPE)
        server.stdout.readline()

    def set(self, name, port, mode):
        self.modes[name][port - services.FIRST_PORT] = ord(mode) if mode else 0

    def get(self, name, port):
        return self.modes[name][port - services.FIRST_PORT]

    def well(self):
        for modes in self.modes.values():
            modes[:] = bytes(PORTS)


class Traffic:
    def __init__(self, slots, pause_ms):
        self.slots = slots
        self.rights = [0, 0]  # when the kernel was found right, the last two times
        targets = ["%d,%s,%s,%d" % (slot.number, slot.proto, slot.vip, slot.port) for slot in slots]
        self.process = subprocess.Popen([os.environ["SOAKTOOL"], "ask", "client", str(pause_ms), *targets],
                                        stdout=subprocess.PIPE, text=True)
        self.lock = threading.Lock()
        self.waiting = []
        self.disturbances = []  # since the kernel was last right
        self.past = []  # those before
        self.counts = collections.Counter()
        self.explained = collections.Counter()
        self.wrong = []
        self.failed = []
        self.slowest_us = 0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            number, begin, end, how, answer = line.rstrip("\n").split(" ", 4)
            with self.lock:
                self.waiting.append(Request(self.slots[int(number.rstrip("+"))], number.endswith("+"), int(begin),
                                            int(end), how, answer))

    def disturb(self, slot, begin, why, backend=None):
        self.disturbances.append(Disturbance(slot, backend, begin, why))

    def reason(self, request, versions):
        """Why the request may fail; None: it may not."""
        backend = request.answer.partition(":")[0]
        if request.held and backend and self.has_left(request, backend, versions):
            return "its backend has left the service"
        for disturbance in self.disturbances + (self.past if request.begin < self.rights[1] else []):
            if disturbance.slot in (None, request.slot) and disturbance.backend in (None, backend) and \
                    request.end >= disturbance.begin - 100000:
                return disturbance.why
        return None

    @staticmethod
    def has_left(request, backend, versions):
        """An open connection goes on for drain_timeout after the first edit that removes its backend."""
        if not any(version is None or backend not in version.weights for version in versions):
            return False
        ends = [begin + (version.drain * 1e6 if version else 0) for begin, version in request.slot.edits
                if version is None or backend not in version.weights]
        return request.how != "reset" or not ends or request.end >= min(ends)

    def judge_one(self, request):
        slot = request.slot
        versions = slot.allowed + (slot.before if request.begin < self.rights[1] else [])
        self.counts["requests"] += 1
        self.counts["connections held"] += request.held
        if request.begin < self.rights[0]:
            self.counts["too slow to be judged"] += 1
            return
        if request.how == "ok" or request.answer:
            self.counts["answers"] += 1
            self.slowest_us = max(self.slowest_us, 0 if request.held else request.end - request.begin)
            if not slot.may_answer(request.answer, versions):
                # Somebody has removed what guards the addresses: then it is no wrong answer.
                why = self.reason(request, versions) if isinstance(slot, services.Nobody) else None
                if why is None:
                    self.wrong.append(request)
                    return
        if request.how == "ok":
            return
        if None in versions and not request.answer:
            self.counts["requests to no service"] += 1
            return
        why = self.reason(request, versions)
        self.explained[why] += 1
        if why is None:
            self.failed.append(request)

    def judge(self):
        """Judges what has ended, against what may have served since the kernel was last right."""
        with self.lock:
            requests, self.waiting = self.waiting, []
        for request in requests:
            self.judge_one(request)

    def forget(self, now):
        """The kernel is right: what was before explains only requests that had begun."""
        self.rights = [self.rights[1], now]
        self.past, self.disturbances = self.disturbances, []
        for slot in self.slots:
            slot.edits = [edit for edit in slot.edits if edit[0] >= self.rights[0]]
            slot.before, slot.allowed, slot.unread = slot.allowed, [slot.live()], False
