# SPDX-License-Identifier: GPL-2.0-or-later
"""The ezlb under test: starts it, kills it, and measures what it and its processes hold."""

import os
import signal
import subprocess
import time


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def processes(pid):
    """The process and all that descend from it, the oldest first."""
    found = [pid]
    for parent in found:
        found += children(parent)
    return found


def facts(pid):
    """(kB of anonymous memory, kB resident, threads, descriptors)"""
    values = {}
    with open("/proc/%d/status" % pid, encoding="utf-8") as file:
        for line in file:
            name, _, value = line.partition(":")
            values[name] = value.split()
    return (int(values["RssAnon"][0]), int(values["VmRSS"][0]), int(values["Threads"][0]),
            len(os.listdir("/proc/%d/fd" % pid)))


class Daemon:
    def __init__(self, config_dirs, flags=()):
        self.command = [os.environ["EZLB"], "run", "--state-dir", os.environ["STATE"], "--vip-device", "ezlb0", *flags]
        for directory in config_dirs:
            self.command += ["--config-dir", directory]
        self.process = None
        self.starts = 0
        self.killed = False

    def start(self):
        with open(os.environ["EZLB_LOG"], "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.starts += 1
        self.killed = False

    @property
    def pid(self):
        return self.process.pid

    def ended(self):
        """The exit status, negative for a signal; None: it runs."""
        return self.process.poll()

    def signal(self, number):
        if self.ended() is None:
            self.process.send_signal(number)

    def knows(self, number):
        """Whether it catches or ignores the signal."""
        if self.ended() is not None:
            return False
        with open("/proc/%d/status" % self.pid, encoding="utf-8") as file:
            masks = [int(line.split()[1], 16) for line in file if line.startswith(("SigIgn:", "SigCgt:"))]
        return any(mask >> (number - 1) & 1 for mask in masks)

    def kill(self):
        self.killed = True
        self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def worker(self):
        """The process that has no children and is not the daemon; None: all is in one process."""
        last = processes(self.pid)[-1]
        return last if last != self.pid else None

    def strays(self):
        """Processes of ezlb that do not descend from the daemon."""
        mine = set(processes(self.pid))
        found = []
        for name in os.listdir("/proc"):
            try:
                if name.isdigit() and int(name) not in mine and \
                        os.readlink("/proc/%s/exe" % name) == os.environ["EZLB"]:
                    found.append(int(name))
            except OSError:
                continue
        return found

    def sample(self):
        """The sums of `facts` over all processes: of several looks the smallest, since probes and requests come and go."""
        looks = []
        for _ in range(5):
            try:
                looks.append([sum(column) for column in zip(*map(facts, processes(self.pid)))])
            except OSError:
                pass
            time.sleep(0.15)
        return [min(column) for column in zip(*looks)]
