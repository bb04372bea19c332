# SPDX-License-Identifier: GPL-2.0-or-later
"""soak ROUNDS SECONDS SEED: ezlb under chaos, with traffic all the time; until both are over.

A round is some events of chaos.py, and then quiet. In the quiet the kernel must become as the files say, every
request must get an answer from a backend of its service, and what ezlb holds must be as in the first quiet. The
seed decides which events there are. test/lab/soak.bash starts it."""

import collections
import os
import random
import sys
import time

import chaos
import daemon
import kernel
import services
import traffic

CONVERGE_S = 60  # with the slowest machine and the longest pause between two tries
WARM_ROUNDS = 2
EVENTS = 11
# The events of a long soak only: they take long, or need more time to be over.
LONG = ("balloon", "starve")
# A run of rounds without them shows whether memory grows.
ENDS = ("kill", "kill_twice", "starve")
NAMES = ("edit", "weights", "break_file", "half_write", "rename", "vanish", "edit", "kill", "kill_twice", "kill_worker",
         "hang_up", "stop_for_a_while", "second", "tamper_service", "tamper_all", "flap", "flap", "jump", "fill",
         "descriptors", "flood", "balloon", "starve")
# What the log may say at level error: the event that explains it is one of those above.
EXPECTED_ERRORS = os.path.join(os.path.dirname(__file__), "expected_errors.txt")


class Failure(Exception):
    pass


class Soak:
    def __init__(self, rounds, seconds, seed):
        self.rounds, self.seconds, self.seed = rounds, seconds, seed
        self.rng = random.Random(seed)
        self.long = seconds > 120
        self.flaps, self.longest_flap = ("5hrd", 12) if self.long else ("5hrd", 1.5)
        self.nftables = os.environ["EZLB_SNAT_BACKEND"] == "nftables"
        self.slots = [services.Slot(number) for number in range(services.SLOTS)]
        self.may_end = False
        self.number = 0  # of the round
        self.events, self.log_errors, self.history = collections.Counter(), collections.Counter(), []
        self.deck = []
        self.worst_s, self.samples, self.lines_read = 0.0, [], 0
        self.right_us = 0  # when the kernel was last right
        self.begin = time.monotonic()

    # --- words --------------------------------------------------------------------------------

    def say(self, text):
        print("%7.1f %s" % (time.monotonic() - self.begin, text), flush=True)

    def fail(self, text):
        raise Failure(text)

    def disturb(self, slot, why):
        self.traffic.disturb(slot, now_us(), why)

    # --- the parts ----------------------------------------------------------------------------

    def set_up(self):
        directories = [os.environ["SERVICES"], os.path.join(os.environ["WORK"], "configmap")]
        os.makedirs(directories[1])
        kernel.set_up_foreign()
        self.backends = traffic.Backends(os.environ["WORK"])
        self.files = services.Files(*directories, self.rng)
        self.daemon = daemon.Daemon(directories)
        self.chaos = chaos.Chaos(self)
        self.kernel = kernel.Kernel(self.nftables)
        self.traffic = traffic.Traffic(self.slots, 60 if self.long else 120)
        for slot in self.slots:
            self.chaos.put(slot, slot.random_version(self.rng))
        self.daemon.start()

    def deal(self, number):
        """The next event. All have their turn before one comes again."""
        while True:
            if not self.deck:
                self.deck = [name for name in NAMES if self.long or name not in LONG]
                self.rng.shuffle(self.deck)
            name = self.deck.pop()
            if not self.long or number // 10 % 2 or name not in ENDS:
                return name

    def disturb_all(self, number):
        self.history = []
        for _ in range(EVENTS):
            self.check_alive()
            name = self.deal(number)
            what = getattr(self.chaos, name)()
            if what != "nothing":
                self.events[name] += 1
            self.history.append("%s %s" % (name, what or ""))
            self.say("round %d: %s" % (number, self.history[-1]))
            time.sleep(self.rng.uniform(0.02, 0.5))
            self.chaos.pay()

    def check_alive(self):
        status = self.daemon.ended()
        if status is None or self.daemon.killed:
            return
        if not self.may_end:
            self.fail("ezlb ended with %d" % status)
        self.events["ended without memory"] += 1
        self.daemon.start()

    # --- quiet --------------------------------------------------------------------------------

    def calm_down(self):
        """Nothing more happens: everything is given back, and ezlb runs."""
        self.chaos.pay(everything=True)
        self.backends.well()
        if self.daemon.ended() is not None:
            self.check_alive() if not self.daemon.killed else self.daemon.start()
        self.may_end = False

    def converge(self):
        begin = time.monotonic()
        while True:
            difference = self.kernel.difference(self.slots)
            took = time.monotonic() - begin
            if not difference:
                return took
            self.check_alive()
            if took > CONVERGE_S:
                self.fail("not as the files say after %d s:\n%s" % (took, difference))
            time.sleep(0.2)

    def judge(self):
        self.traffic.judge(self.right_us)
        for what, requests in (("wrong answer", self.traffic.wrong), ("failed", self.traffic.failed)):
            if requests:
                self.fail("\n".join("%s: %s %.1f-%.1f: %s %s, allowed %s" % (
                    what, request.slot.name, request.begin / 1e6 - self.begin, request.end / 1e6 - self.begin,
                    request.how, request.answer,
                    [sorted(version.weights) if version else None
                     for version in request.slot.before + request.slot.allowed]) for request in requests[:20]))

    def quiet(self):
        """The kernel is right, stays right, and all requests have the answers of these versions."""
        took = self.converge()
        time.sleep(1)
        self.converge()
        self.worst_s = max(self.worst_s, took)
        self.judge()
        self.right_us = now_us()
        self.traffic.forget()
        time.sleep(1.5)
        difference = self.kernel.difference(self.slots)
        if difference:
            self.fail("it was as the files say, and is not any more:\n" + difference)
        self.judge()
        strays = self.daemon.strays()
        if strays:
            self.fail("processes of ezlb that nobody waits for: %s" % strays)
        return took

    def measure(self, number):
        if number < WARM_ROUNDS - 1:
            return
        self.samples.append(self.daemon.sample())
        first, now = self.samples[0], self.samples[-1]
        if now[0] > first[0] * 1.25 + 2048:
            self.fail("anonymous memory grew from %d kB to %d kB" % (first[0], now[0]))
        if now[2] > first[2] + 1 or now[3] > first[3] + 3:
            self.fail("threads %d, descriptors %d; in the first quiet %d, %d" % (now[2], now[3], first[2], first[3]))

    # --- all of it ----------------------------------------------------------------------------

    def run(self):
        self.quiet()
        while self.number < self.rounds or time.monotonic() - self.begin < self.seconds:
            self.disturb_all(self.number)
            self.calm_down()
            took = self.quiet()
            self.measure(self.number)
            self.say("round %d: quiet; right after %.1f s, %d requests, %s" % (
                self.number, took, self.traffic.counts["requests"],
                "kB anonymous %d, resident %d, threads %d, descriptors %d" % tuple(self.samples[-1])
                if self.samples else "warming up"))
            self.number += 1
        self.finish()

    def finish(self):
        status = self.daemon.stop()
        if status != 0:
            self.fail("SIGTERM ended it with %d" % status)
        for slot in self.slots:
            slot.current = None
        want = {**self.kernel.want(self.slots), "settings": self.kernel.have()["settings"]}
        if want != self.kernel.have():
            self.fail("after the end the kernel has:\n%s" % self.kernel.have())
        left = kernel.left_of_ezlb()
        if left:
            self.fail("after the end there is still:\n" + "\n".join(left))
        self.read_log()

    def read_log(self):
        """No error that none of the events explains."""
        with open(EXPECTED_ERRORS, encoding="utf-8") as file:
            expected = [line.strip() for line in file if line.strip() and not line.startswith("#")]
        unexpected = []
        with open(os.environ["EZLB_LOG"], encoding="utf-8", errors="replace") as file:
            for line in file:
                if "level=" in line and "level=error" not in line:
                    continue
                words = next((words for words in expected if words in line), None)
                if words:
                    self.log_errors[words] += 1
                elif "level=" in line or not self.events["starve"]:
                    unexpected.append(line)  # else the last words of an abort
        if unexpected:
            self.fail("unexpected lines in the log:\n%s" % "".join(unexpected[:40]))

    def report(self):
        counts = self.traffic.counts
        print("seed %d: %d rounds in %d s" % (self.seed, self.number, time.monotonic() - self.begin))
        print("events: " + ", ".join("%s %d" % item for item in sorted(self.events.items())))
        print("requests: %d, answers: %d, wrong answers: %d, to no service: %d, failed without a reason: %d"
              % (counts["requests"], counts["answers"], len(self.traffic.wrong), counts["requests to no service"],
                 len(self.traffic.failed)))
        for why, n in self.traffic.explained.most_common():
            print("  failed %d: %s" % (n, why))
        print("slowest answer %.1f s, worst time until the kernel was right %.1f s, starts of ezlb %d"
              % (self.traffic.slowest_us / 1e6, self.worst_s, self.daemon.starts))
        for i, what in enumerate(("kB anonymous", "kB resident", "threads", "descriptors")):
            column = [sample[i] for sample in self.samples] or [0]
            print("%s: first %d, last %d, most %d" % (what, column[0], column[-1], max(column)))


def now_us():
    return int(time.monotonic() * 1e6)


def main():
    rounds, seconds, seed = (int(word) for word in sys.argv[1:4])
    soak = Soak(rounds, seconds, seed)
    soak.set_up()
    try:
        soak.run()
    except Failure as failure:
        print("FAIL with seed %d: %s" % (seed, failure))
        print("the events of this round:\n  " + "\n  ".join(soak.history))
        return 1
    finally:
        soak.chaos.clock_back()
        soak.report()
    print("expected errors in the log: %s" % dict(soak.log_errors))
    return 0


sys.exit(main())
