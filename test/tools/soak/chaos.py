# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens to ezlb in a soak. Each event says whose requests may fail because of it: `disturb`."""

import json
import os
import resource
import signal
import socket
import subprocess
import threading
import time

import kernel
import services


class Chaos:
    def __init__(self, soak):
        self.soak = soak
        self.rng = soak.rng
        self.debts = []  # what must be undone: (time, function)
        self.clock_off = 0.0

    # --- time ---------------------------------------------------------------------------------

    def later(self, seconds, function):
        self.debts.append((time.monotonic() + seconds, function))

    def pay(self, everything=False):
        """Undoes what is due."""
        for debt in sorted(self.debts, key=lambda debt: debt[0]):
            if everything or debt[0] <= time.monotonic():
                self.debts.remove(debt)
                debt[1]()

    def pause(self, most=0.3):
        time.sleep(self.rng.uniform(0.02, most))

    # --- files --------------------------------------------------------------------------------

    def some_slot(self, fits=lambda slot: True):
        slots = [slot for slot in self.soak.slots if fits(slot)]
        return self.rng.choice(slots) if slots else None

    def put(self, slot, version):
        """A new version that is valid."""
        old = slot.current
        if old is None or old.scheduler != version.scheduler or old.snat != version.snat:
            # Without a scheduler for a moment (docs/dev/kernel-facts.md); or it is new.
            self.soak.disturb(slot, "an edit of the scheduler or the source address, or a new service")
        elif not set(old.weights) & set(version.weights):
            self.soak.disturb(slot, "an edit that leaves no backend")
        self.soak.files.write(slot, slot.text(version, self.rng))
        slot.broken = False
        self.serve(slot, version)

    def serve(self, slot, version):
        slot.current = version
        slot.allowed.append(version)

    def edit(self):
        slot = self.some_slot()
        self.put(slot, slot.random_version(self.rng))
        return slot.name

    def weights(self):
        slot = self.some_slot(lambda slot: slot.current)
        weights = {name: self.rng.randint(1, 9) for name in slot.current.weights}
        self.put(slot, slot.current._replace(weights=weights))
        return slot.name

    def break_file(self):
        """Only of a version that the daemon has certainly read: else nobody knows which one stays."""
        slot = self.some_slot(lambda slot: slot.current and slot.allowed == [slot.current])
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
        slot.broken = False
        self.serve(slot, version)
        return slot.name

    def rename(self):
        slot = self.some_slot(lambda slot: slot.current and not slot.in_configmap and not slot.broken)
        if not slot:
            return "nothing"
        self.soak.files.rename(slot)
        return "%s to %s" % (slot.name, slot.file)

    def vanish(self):
        """Slot 0 stays: without any file ezlb waits before it removes all."""
        slot = self.some_slot(lambda slot: slot.current and slot.number > 0)
        self.soak.disturb(slot, "the file is gone")
        self.soak.files.remove(slot)
        slot.broken = False
        self.serve(slot, None)
        if self.rng.random() < 0.6:
            version = slot.random_version(self.rng)
            self.later(self.rng.uniform(0.02, 1), lambda: slot.current is None and self.put(slot, version))
        return slot.name

    # --- processes ----------------------------------------------------------------------------

    def restart_later(self, most):
        self.later(self.rng.uniform(0, most),
                   lambda: self.soak.daemon.ended() is not None and self.soak.daemon.start())

    def kill(self):
        self.soak.daemon.kill()
        self.restart_later(0.8)

    def kill_twice(self):
        """The second time in the midst of its start."""
        self.soak.daemon.kill()
        self.soak.daemon.start()
        self.pause(0.4)
        self.kill()

    def kill_worker(self):
        worker = self.soak.daemon.worker()
        if worker is None:
            return "nothing"
        try:
            os.kill(worker, signal.SIGKILL)
        except ProcessLookupError:
            pass
        return str(worker)

    def hang_up(self):
        """Not before its first steps: until then every program ends."""
        if not self.soak.daemon.knows(signal.SIGHUP):
            return "nothing"
        self.soak.daemon.signal(signal.SIGHUP)
        return None

    def stop_for_a_while(self):
        daemon, process = self.soak.daemon, self.soak.daemon.process
        daemon.signal(signal.SIGSTOP)
        self.later(self.rng.uniform(0.1, 1.5), lambda: process.poll() is None and process.send_signal(signal.SIGCONT))

    def second(self):
        """Another ezlb in the same network namespace must not start."""
        if self.soak.daemon.ended() is not None:
            return "nothing"
        command = self.soak.daemon.command + ["--log-level", "error"]
        state = command.index("--state-dir") + 1
        if self.rng.random() < 0.5:
            command[state] = os.path.join(os.environ["WORK"], "state2")
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, check=False)
        if done.returncode != 1:
            self.soak.fail("a second ezlb in the namespace ended with %d: %s" % (done.returncode, done.stderr))
        return None

    # --- the kernel ---------------------------------------------------------------------------

    def tamper_service(self):
        """Somebody changes one service in IPVS."""
        slot = self.some_slot(lambda slot: slot.current and slot.current == slot.allowed[0])
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
                    ("ip", "link", "delete", services.LINK), ("ip", "address", "flush", "dev", services.LINK)]
        command = self.rng.choice(commands)
        self.soak.disturb(None, " ".join(command))
        kernel.run(*command)
        if command[0] == "ipvsadm":
            kernel.run("ipvsadm", "-R", text="\n".join(kernel.FOREIGN_IPVS) + "\n")
        return " ".join(command)

    # --- backends -----------------------------------------------------------------------------

    def flap(self):
        name, port = self.rng.choice(services.BACKENDS), services.FIRST_PORT + self.rng.randrange(services.SLOTS)
        mode = self.rng.choice(self.soak.flaps)
        users = [slot for slot in self.soak.slots if slot.backend_port == port and
                 any(version and name in version.weights for version in slot.allowed)]
        for slot in users:
            others = [other for other in slot.current.weights if other != name and
                      not self.soak.backends.get(other, port)] if slot.current else []
            # Whose health check alone fails, still answers: only a service without another backend loses.
            if mode != "5" or not others or len(slot.allowed) > 1:
                self.soak.disturb(slot, "a backend: mode " + mode)
        self.soak.backends.set(name, port, mode)
        self.later(self.rng.uniform(0.1, self.soak.longest_flap), lambda: self.soak.backends.set(name, port, None))
        return "%s:%d: %s" % (name, port, mode)

    # --- the host -----------------------------------------------------------------------------

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

    def descriptors(self):
        """It may open a few more, and no others."""
        daemon, process = self.soak.daemon, self.soak.daemon.process
        if daemon.ended() is not None:
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
