# SPDX-License-Identifier: GPL-2.0-or-later
"""Events of a soak: the processes of ezlb, and its commands."""

import os
import signal
import subprocess
import time


class Processes:
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

    def kill_spawner(self):
        """Without the process that starts workers ezlb ends, and the service manager starts it again."""
        daemon = self.soak.daemon
        spawner = daemon.spawner()
        if spawner is None or not daemon.is_ready():
            return "nothing"
        os.kill(spawner, signal.SIGKILL)
        daemon.signal(signal.SIGCONT)
        daemon.killed = True
        status = daemon.wait(60)
        if status not in (1, -signal.SIGKILL):
            self.soak.fail("without its spawner ezlb ended with %s" % status)
        self.restart_later(0.8)
        return str(spawner)

    def restart(self):
        """As the service manager does it."""
        daemon = self.soak.daemon
        if not daemon.is_ready():
            return "nothing"
        daemon.killed = True
        status = daemon.stop()
        if status != 0 and not self.soak.may_end:
            self.soak.fail("SIGTERM ended it with %s" % status)
        self.restart_later(0.5)
        return None

    def stop_worker(self):
        """No result of a probe, and no answer by the socket."""
        worker = self.soak.daemon.worker()
        if worker is None:
            return "nothing"
        try:
            os.kill(worker, signal.SIGSTOP)
        except ProcessLookupError:
            return "nothing"

        def go_on():
            try:
                os.kill(worker, signal.SIGCONT)
            except ProcessLookupError:
                pass

        self.later(self.rng.uniform(0.1, 4), go_on)
        return str(worker)

    def blocked_log(self):
        """Nobody reads what ezlb says."""
        self.soak.daemon.log.open.clear()
        self.later(self.rng.uniform(1, 4), self.soak.daemon.log.open.set)

    def second(self):
        """Another ezlb in the same network namespace must not start."""
        daemon = self.soak.daemon
        if not daemon.is_ready():
            return "nothing"
        command = daemon.command + ["--log-level", "error"]
        state = command.index("--state-dir") + 1
        if self.rng.random() < 0.5:
            command[state] = os.path.join(os.environ["WORK"], "state2")
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, check=False)
        if done.returncode != 1:
            self.soak.fail("a second ezlb in the namespace ended with %d: %s" % (done.returncode, done.stderr))
        return None

    def reload(self):
        return self.ask("reload")

    def command(self):
        """Somebody looks, or tries what only one may do."""
        daemon = self.soak.daemon
        words = self.rng.choice((["status"], ["status", "-o", "json"], ["events"], ["probe", "live"], ["plan"], ["doctor"],
                                 ["connections"], ["check"], ["log-level", "debug"], ["log-level", "info"], ["cleanup"]))
        if words == ["cleanup"] and not daemon.is_ready():
            return "nothing"
        return self.ask(*words, refused=words == ["cleanup"])

    def wake(self):
        """Nobody waits here for an answer of what stands still."""
        for pid in (self.soak.daemon.pid, self.soak.daemon.worker()):
            try:
                os.kill(pid or self.soak.daemon.pid, signal.SIGCONT)
            except ProcessLookupError:
                pass

    def ask(self, *words, refused=False):
        self.wake()
        status, text = self.soak.daemon.ask(*words)
        if status not in ((1,) if refused else (0, 1, 2)):
            self.soak.fail("ezlb %s ended with %s: %s" % (" ".join(words), status, text[-2000:]))
        return "%s: %d" % (" ".join(words), status)

    def node_drain(self):
        """The addresses move to another link, and clients see nothing of it."""
        self.wake()
        self.drained = True
        status, _ = self.soak.daemon.ask("drain")
        self.later(self.rng.uniform(0.1, 3), lambda: self.soak.daemon.ask("undrain"))
        return str(status)

    def give_back(self):
        """It may have been down, or full, when it was to be put back."""
        while self.drained:
            self.soak.check_alive()
            self.drained = self.soak.daemon.ask("undrain")[0] != 0
            time.sleep(0.2)
