# SPDX-License-Identifier: GPL-2.0-or-later
"""Events of a soak: the backends, and the host that ezlb runs on."""

import os
import resource
import signal
import socket
import subprocess
import threading
import time

import kernel
import services


class Host:
    def flap(self):
        name, port = self.rng.choice(services.BACKENDS), services.FIRST_PORT + self.rng.randrange(services.SLOTS)
        mode = self.rng.choice(self.soak.flaps)
        users = [slot for slot in self.soak.slots if slot.backend_port == port and
                 any(version and name in version.weights for version in slot.allowed)]
        for slot in users:
            # Connections that are open are cut when it is down.
            self.soak.disturb(slot, "a backend: mode " + mode, name)
            others = [other for other in slot.current.weights if other != name and
                      not self.soak.backends.get(other, port)] if slot.current else []
            # Whose health check alone fails, still answers: only a service without another backend loses.
            if mode != "5" or not others or len(slot.allowed) > 1:
                self.soak.disturb(slot, "a backend: mode " + mode)
        self.soak.backends.set(name, port, mode)
        self.later(self.rng.uniform(0.1, self.soak.longest_flap), lambda: self.soak.backends.set(name, port, None))
        return "%s:%d: %s" % (name, port, mode)

    def unplug(self):
        """A backend is not on the network any more."""
        name = self.rng.choice(services.BACKENDS)
        for slot in self.soak.slots:
            if any(version and name in version.weights for version in slot.allowed):
                self.soak.disturb(slot, "a backend is unplugged")
        kernel.run("ip", "link", "set", name, "down", check=True)
        self.later(self.rng.uniform(0.1, 8), lambda: kernel.run("ip", "link", "set", name, "up", check=True))
        return name

    def jump(self):
        """The clock of the guest; that of another machine is not ours."""
        if os.environ.get("LAB_PLACE") != "guest":
            return "nothing"
        seconds = self.rng.choice((-7200, -60, -3, -1, 1, 3, 60, 7200, 90000)) + self.rng.random()
        if abs(self.clock_off + seconds) > 200000:
            seconds = -self.clock_off
        time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)
        self.clock_off += seconds
        return "%+.1f s" % seconds

    def clock_back(self):
        if self.clock_off:
            time.clock_settime(time.CLOCK_REALTIME, time.time() - self.clock_off)

    def fill(self):
        """The file system of the state directory is full."""
        path = os.path.join(os.environ["STATE"], "filler")
        try:
            with open(path, "ab", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
        except OSError:
            pass
        self.later(self.rng.uniform(0.3, 3), lambda: os.path.exists(path) and os.unlink(path))

    def no_inotify(self):
        """ezlb starts where inotify is not to be had, and must look by itself until it is asked to try again."""
        if os.environ.get("LAB_PLACE") != "guest":
            return "nothing"
        path = self.rng.choice(("max_user_instances", "max_user_watches"))
        old = set_limit(path, "0")
        self.soak.daemon.kill()
        self.soak.daemon.start()
        self.later(self.rng.uniform(1, 3), lambda: set_limit(path, old))
        return path

    def descriptors(self):
        """It may open a few more, and no others."""
        daemon, process = self.soak.daemon, self.soak.daemon.process
        # In the midst of its start it may end: there is no event loop without descriptors.
        if not daemon.knows(signal.SIGTERM):
            return "nothing"
        try:
            number = len(os.listdir("/proc/%d/fd" % daemon.pid)) + self.rng.randrange(3)
            old = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (number, old[1]))
        except OSError:
            return "nothing"
        self.later(self.rng.uniform(0.3, 3),
                   lambda: process.poll() is None and resource.prlimit(process.pid, resource.RLIMIT_NOFILE, old))
        return "%d" % number

    def balloon(self):
        """A process takes nearly all memory for a while. The kernel shall rather end that one than ezlb."""
        with open("/proc/meminfo", encoding="ascii") as file:
            free = next(int(line.split()[1]) for line in file if line.startswith("MemAvailable"))
        code = ("import time\nopen('/proc/self/oom_score_adj', 'w').write('1000')\n"
                "block = bytearray(%d << 10)\nfor i in range(0, len(block), 4096): block[i] = 1\ntime.sleep(%f)\n"
                % (max(free - 40000, 1000), self.rng.uniform(0.5, 3)))
        process = subprocess.Popen(["python3", "-c", code], stderr=subprocess.DEVNULL)
        self.later(8, lambda: (process.kill(), process.wait()))
        return "%d MB" % (free >> 10)

    def starve(self):
        """No more memory for ezlb itself: it aborts, or goes on without."""
        daemon, process = self.soak.daemon, self.soak.daemon.process
        if daemon.ended() is not None:
            return "nothing"
        try:
            with open("/proc/%d/statm" % daemon.pid, encoding="ascii") as file:
                size = int(file.read().split()[0]) * 4096
            # The soft limit may still be that of the last time.
            hard = resource.prlimit(daemon.pid, resource.RLIMIT_AS)[1]
            resource.prlimit(daemon.pid, resource.RLIMIT_AS, (size, hard))
        except OSError:
            return "nothing"
        self.soak.may_end = True
        self.later(self.rng.uniform(0.3, 2),
                   lambda: process.poll() is None and resource.prlimit(process.pid, resource.RLIMIT_AS, (hard, hard)))
        return None

    def flood(self):
        """Clients of the admin socket that send anything, or nothing."""
        path = os.path.join(os.environ["STATE"], "admin.sock")
        requests = (b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /metrics HTTP/1.0\r\n\r\n", b"\x00" * 3000,
                    b"GET /" + b"a" * 9000, b"POST /api/v1/reload HTTP/1.1\r\nContent-Length: 99999\r\n\r\n", b"")
        chosen = [self.rng.choice(requests) for _ in range(self.rng.choice((20, 60, 150)))]

        def run():
            held = []
            for request in chosen:
                client = socket.socket(socket.AF_UNIX)
                client.setblocking(False)
                try:
                    client.connect(path)
                    client.send(request)
                except OSError:
                    pass
                held.append(client)
                time.sleep(0.005)
            time.sleep(0.5)
            for client in held:
                client.close()

        thread = threading.Thread(target=run)
        thread.start()
        self.later(2, thread.join)
        return str(len(chosen))


def set_limit(name, value):
    """Of inotify, for the whole machine. Returns what it was."""
    with open("/proc/sys/fs/inotify/" + name, "r+", encoding="ascii") as file:
        old = file.read().strip()
        file.seek(0)
        file.write(value)
    return old
