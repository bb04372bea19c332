# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients and backends of a soak, and the judgement of every answer."""

import collections
import mmap
import os
import subprocess
import threading

import services

PORTS = 16
Request = collections.namedtuple("Request", "slot begin end how answer")
# A disturbance explains failures of a service from its begin until the kernel was found right again.
Disturbance = collections.namedtuple("Disturbance", "slot begin why")


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
            ports = [str(services.FIRST_PORT + i) for i in range(services.SLOTS)]
            server = subprocess.Popen([os.environ["SOAKTOOL"], "serve", name, name, path, *ports],
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
                self.waiting.append(Request(self.slots[int(number)], int(begin), int(end), how, answer))

    def disturb(self, slot, begin, why):
        """slot None: all of them."""
        self.disturbances.append(Disturbance(slot, begin, why))

    def reason(self, request, since):
        """Why the request may fail; None: it may not. `since`: when the kernel was right before."""
        for disturbance in self.disturbances + (self.past if request.begin < since else []):
            if disturbance.slot in (None, request.slot) and request.end >= disturbance.begin - 100000:
                return disturbance.why
        return None

    def judge_one(self, request, since):
        slot = request.slot
        straddles = request.begin < since
        versions = slot.allowed + (slot.before if straddles else [])
        self.counts["requests"] += 1
        if request.how == "ok":
            self.counts["answers"] += 1
            self.slowest_us = max(self.slowest_us, request.end - request.begin)
            if not slot.may_answer(request.answer, straddles):
                self.wrong.append(request)
        elif None in versions:
            self.counts["requests to no service"] += 1
        else:
            why = self.reason(request, since)
            self.explained[why] += 1
            if why is None:
                self.failed.append(request)

    def judge(self, since):
        """Judges what has ended, against what may have served since then."""
        with self.lock:
            requests, self.waiting = self.waiting, []
        for request in requests:
            self.judge_one(request, since)
        return len(requests)


    def forget(self):
        """The kernel is right: what was before explains only requests that had begun."""
        self.past, self.disturbances = self.disturbances, []
        for slot in self.slots:
            slot.before, slot.allowed = slot.allowed, [slot.current]
