# SPDX-License-Identifier: GPL-2.0-or-later
"""The ezlb under test: starts it, kills it, and measures what it and its processes hold."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import threading
import time

LOG_ROOM = 4096  # bytes that ezlb may have said and nobody has read


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


class Log:
    """Reads what ezlb says into its log; or does not, as long as `open` is not set."""

    def __init__(self):
        self.open = threading.Event()
        self.open.set()
        self.threads = []

    def follow(self, pipe):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, LOG_ROOM)
        self.threads.append(threading.Thread(target=self.copy, args=(pipe,), daemon=True))
        self.threads[-1].start()

    def copy(self, pipe):
        with open(os.environ["EZLB_LOG"], "ab", buffering=0) as log:
            while True:
                self.open.wait()
                data = os.read(pipe, LOG_ROOM)
                if not data:
                    break
                log.write(data)
        os.close(pipe)

    def finish(self):
        self.open.set()
        for thread in self.threads:
            thread.join(30)


class Daemon:
    def __init__(self, config_dirs, flags=()):
        self.flags = ["--state-dir", os.environ["STATE"], "--persist-dir", os.path.join(os.environ["WORK"], "persist")]
        self.config_dirs = [word for directory in config_dirs for word in ("--config-dir", directory)]
        self.command = [os.environ["EZLB"], "run", "--vip-device", "ezlb0", *self.flags, *flags, *self.config_dirs]
        self.process = None
        self.starts = self.kills = 0
        self.killed = False
        self.log = Log()

    def start(self):
        ours, its = os.pipe()
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=its, stderr=its)
        os.close(its)
        self.log.follow(ours)
        self.starts += 1
        self.killed = False

    def is_ready(self):
        """Whether it runs and has the lock of the network namespace; waits for a start that is under way."""
        end = time.monotonic() + 20
        while self.ended() is None and time.monotonic() < end:
            with open("/proc/net/unix", encoding="ascii", errors="replace") as file:
                if any(line.endswith(" @ezlb\n") for line in file) and self.knows(signal.SIGTERM):
                    return True
            time.sleep(0.05)
        return False

    def ask(self, command, *words):
        """(status, what it says) of another command of ezlb; 2 is that of a plan with changes."""
        flags = {"cleanup": self.flags, "doctor": ["--vip-device", "ezlb0", *self.flags, *self.config_dirs],
                 "connections": self.config_dirs, "check": [],
                 "plan": ["--vip-device", "ezlb0", *self.flags, *self.config_dirs]}.get(command, self.flags[:2])
        if command == "check":
            flags = self.config_dirs
        done = subprocess.run([os.environ["EZLB"], command, *words, *flags], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
        return done.returncode, done.stdout.decode(errors="replace")

    def counts(self):
        """(how often it has compared the kernel with the files, events that it remembers); None: no answer."""
        text = b""
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(10)
                client.connect(os.path.join(os.environ["STATE"], "admin.sock"))
                client.sendall(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")
                while chunk := client.recv(65536):
                    text += chunk
        except OSError:
            return None
        passes = re.search(rb"^ezlb_reconcile_total (\d+)", text, re.M)
        events = sum(map(int, re.findall(rb"^ezlb_events_total\S* (\d+)", text, re.M)))
        return (int(passes[1]), min(events, 1000)) if passes else None

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
        self.kills += 1
        self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)
        return self.wait(60)

    def wait(self, seconds):
        """The exit status, None if it does not end."""
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None

    def spawner(self):
        """The process that starts workers; None: there is none."""
        return next(iter(children(self.pid)), None) if self.ended() is None else None

    def worker(self):
        """The child of the spawner; None: there is none, or all is in one process."""
        spawner = self.spawner()
        return next(iter(children(spawner)), None) if spawner else None

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
