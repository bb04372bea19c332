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
import traceback

import chaos
import daemon
import kernel
import services
import traffic

CONVERGE_S = 60  # with the slowest machine and the longest pause between two tries
WARM_ROUNDS = 2
EVENTS = 11
# A long soak: of ten rounds so many in which nothing ends ezlb, in a row, so that memory which grows is seen; in every
# GENTLE-th round no event may cost a single request; in every GRIND-th it works for nothing but to see what that costs.
WITHOUT_END, GENTLE, GRIND = 5, 3, 10
GRIND_PASSES, GRIND_TRIES, GRIND_KB = 100, 3, 3  # more kB for each pass, in all tries, are a leak
EVENT_KB = 0.54  # what ezlb needs to remember one of its last 1,000 events
# What the log may say at level error: the event that explains it is one of those in chaos.py.
EXPECTED_ERRORS = os.path.join(os.path.dirname(__file__), "expected_errors.txt")


class Failure(Exception):
    pass


class Soak:
    def __init__(self, rounds, seconds, seed):
        self.rounds, self.seconds, self.seed = rounds, seconds, seed
        self.long = seconds > 120
        self.flaps, self.longest_flap = ("5hrd", 12) if self.long else ("5hrd", 1.5)
        self.nftables = os.environ["EZLB_SNAT_BACKEND"] == "nftables"
        self.slots = [services.Slot(number) for number in range(services.SLOTS)]
        self.nobodies = [services.Nobody(services.SLOTS, 4), services.Nobody(services.SLOTS + 1, 6)]
        self.may_end = False
        self.first = self.number = int(os.environ.get("LAB_ROUND", "0"))
        self.events, self.log_errors, self.history = collections.Counter(), collections.Counter(), []
        self.worst_s, self.samples, self.growth, self.plans, self.sick = 0.0, [], [], 0, 0
        self.begin = time.monotonic()

    def random(self, *words):
        """What follows from the seed and the words alone, so that a round is the same when it is repeated."""
        return random.Random(" ".join(map(str, (self.seed, *words))))

    # --- words --------------------------------------------------------------------------------

    def say(self, text):
        print("%7.1f %s" % (time.monotonic() - self.begin, text), flush=True)

    def fail(self, text):
        raise Failure(text)

    def disturb(self, slot, why, backend=None):
        """slot None: all; backend: only connections to this one."""
        self.traffic.disturb(slot, now_us(), why, backend)

    # --- the parts ----------------------------------------------------------------------------

    def set_up(self):
        directories = [os.environ["SERVICES"], os.path.join(os.environ["WORK"], "configmap")]
        os.makedirs(directories[1])
        kernel.set_up_foreign()
        self.backends = traffic.Backends(os.environ["WORK"])
        self.files = services.Files(*directories, self.random("files"))
        # As the unit has it, so that a restart costs no request. The short form also sees that the end leaves nothing.
        self.daemon = daemon.Daemon(directories, ["--cleanup-on-exit=false"] if self.long else [])
        self.chaos = chaos.Chaos(self)
        self.kernel = kernel.Kernel(self.nftables)
        self.traffic = traffic.Traffic(self.slots + self.nobodies, 60 if self.long else 120)
        for slot in self.slots:
            self.chaos.put(slot, slot.random_version(self.chaos.rng))
        self.daemon.start()

    def deal(self):
        """The kinds of this round."""
        kinds = [kind for kind in chaos.KINDS if self.long or not kind.long]
        if self.long and self.number % 10 < WITHOUT_END:
            kinds = [kind for kind in kinds if not kind.ends]
        if self.is_gentle():
            kinds = [kind for kind in kinds if not kind.hurts]
        return self.random("deal", self.number).sample([kind.name for kind in kinds for _ in range(kind.weight)], EVENTS)

    def is_gentle(self):
        return self.long and self.number % GENTLE == GENTLE - 1

    def disturb_all(self):
        self.history = []
        self.heal()
        for i, name in enumerate(self.deal()):
            self.check_alive()
            rng = self.random("event", self.number, i)
            self.history.append(name)
            what = self.chaos.run(name, rng)
            if what != "nothing":
                self.events[name] += 1
            self.history[-1] = "%s %s" % (name, what or "")
            self.say("round %d: %s" % (self.number, self.history[-1]))
            time.sleep(rng.uniform(0.02, 0.5))
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
        self.chaos.give_back()
        if self.long:
            self.make_sick(self.random("sick", self.number))

    def make_sick(self, rng):
        """In this quiet some backends are down, which ezlb must see. No service has none that is well."""
        for _ in range(0 if self.is_gentle() else 3):
            name, port, users = rng.choice(self.who_can_be_sick() or [(None, 0, [])])
            mode = rng.choice("5d")
            for slot in users:
                slot.sick.add(name)
                # A hash goes on naming the one that drains, and its clients are refused.
                hashed = slot.current.scheduler in services.HASHES
                self.disturb(slot, "a backend is sick", name if mode == "5" and not hashed else None)
            if users:
                self.backends.set(name, port, mode)
                self.sick += 1

    def who_can_be_sick(self):
        """(backend, port, slots that use it)"""
        found = []
        for port in sorted({slot.backend_port for slot in self.slots}):
            users = [slot for slot in self.slots if slot.current and slot.backend_port == port]
            found += [(name, port, users) for name in services.BACKENDS
                      if all(set(slot.live().weights) > {name} for slot in users) and users]
        return found

    def heal(self):
        self.backends.well()
        for slot in self.slots:
            if slot.sick:
                slot.sick = set()
                slot.allowed.append(slot.current)

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
        self.traffic.judge()
        for what, requests in (("wrong answer", self.traffic.wrong), ("failed", self.traffic.failed)):
            if requests:
                self.fail("%s without a reason:\n" % what + "\n".join("%s%s %.1f-%.1f: %s %s, allowed %s" % (
                    request.slot.name, " (held)" if request.held else "", request.begin / 1e6 - self.begin,
                    request.end / 1e6 - self.begin, request.how, request.answer,
                    [sorted(version.weights) + [version.snat] if version else None
                     for version in request.slot.before + request.slot.allowed]) for request in requests[:20]))

    def quiet(self):
        """The kernel is right, stays right, and all requests have the answers of these versions."""
        took = self.converge()
        time.sleep(1)
        self.converge()
        self.worst_s = max(self.worst_s, took)
        self.judge()
        self.traffic.forget(now_us())
        end = time.monotonic() + 1.5
        if self.long:
            self.check_plan()
        time.sleep(max(end - time.monotonic(), 0))
        difference = self.kernel.difference(self.slots)
        if difference:
            self.fail("it was as the files say, and is not any more:\n" + difference)
        self.judge()
        strays = self.daemon.strays()
        if strays:
            self.fail("processes of ezlb that nobody waits for: %s" % strays)
        return took

    def check_plan(self):
        """ezlb itself finds nothing to do, either. It ends with 1 if a file is broken."""
        status, text = self.daemon.ask("plan", "-o", "json")
        self.plans += 1
        if status == 2 or '"summary":{"add":0,"change":0,"remove":0,' not in "".join(text.split()):
            self.fail("ezlb plan ends with %s: %s" % (status, text[:6000]))

    def measure(self):
        self.samples.append(self.daemon.sample())
        first, now = self.samples[0], self.samples[-1]
        if now[0] > first[0] * 1.25 + 2048:
            self.fail("anonymous memory grew from %d kB to %d kB" % (first[0], now[0]))
        if now[2] > first[2] + 1 or now[3] > first[3] + 3:
            self.fail("threads %d, descriptors %d; in the first quiet %d, %d" % (now[2], now[3], first[2], first[3]))

    def work(self, passes):
        """So many passes of ezlb, by edits of one file. Returns (passes, events that it remembers because of them)."""
        begin, before = time.monotonic(), self.daemon.counts()
        now = before
        while before and now[0] < before[0] + passes and time.monotonic() < begin + 300:
            for _ in range(10):
                self.chaos.put(self.slots[0], self.slots[0].current._replace(
                    weights={name: self.chaos.rng.randint(1, 9) for name in self.slots[0].current.weights}))
                time.sleep(0.03)
            now = self.daemon.counts() or now
        if not before or now[0] < before[0] + passes:
            self.fail("ezlb does not work: passes and events %s, then %s within 300 s" % (before, now))
        return now[0] - before[0], now[1] - before[1]

    def grind(self):
        """What many passes cost that have nothing else to do. A leak costs it each time, what has to get warm does not."""
        for attempt in range(GRIND_TRIES):
            begin = self.daemon.sample()
            passes, events = self.work(GRIND_PASSES)
            end = self.daemon.sample()
            kb = (end[0] - begin[0] - events * EVENT_KB) / passes
            self.say("round %d: %d passes, %d events in its list; kB anonymous %d to %d, descriptors %d to %d" % (
                self.number, passes, events, begin[0], end[0], begin[3], end[3]))
            leaks = ["anonymous memory grows by %.1f kB" % kb] if kb > GRIND_KB else []
            if end[3] > begin[3] + passes / 2:
                leaks.append("descriptors grow by %.2f" % ((end[3] - begin[3]) / passes))
            if not leaks:
                break
            if attempt == GRIND_TRIES - 1:
                self.fail("%s with each pass, %d times in a row" % (" and ".join(leaks), GRIND_TRIES))
        self.growth.append(kb)
        self.quiet()

    # --- all of it ----------------------------------------------------------------------------

    def run(self):
        self.quiet()
        if not self.long:
            self.measure()  # of a long one later: memory has to get warm first
        while self.number < self.first + self.rounds or time.monotonic() - self.begin < self.seconds:
            self.disturb_all()
            self.calm_down()
            took = self.quiet()
            if self.number >= self.first + WARM_ROUNDS - 1:
                self.measure()
            self.say("round %d: quiet; right after %.1f s, %d requests, %s" % (
                self.number, took, self.traffic.counts["requests"],
                "kB anonymous %d, resident %d, threads %d, descriptors %d" % tuple(self.samples[-1])
                if self.samples else "warming up"))
            if self.long and self.number % GRIND == 0:
                self.grind()
            self.number += 1
        self.finish()

    def finish(self):
        status = self.daemon.stop()
        if status != 0:
            self.fail("SIGTERM ended it with %s" % status)
        if self.long:
            difference = self.kernel.difference(self.slots)
            if difference:
                self.fail("its end has changed the kernel:\n" + difference)
            status, text = self.daemon.ask("cleanup")
            if status != 0:
                self.fail("ezlb cleanup ended with %s: %s" % (status, text))
        for slot in self.slots:
            slot.current = None
        want = {**self.kernel.want(self.slots), "settings": self.kernel.have()["settings"]}
        if want != self.kernel.have():
            self.fail("after the end the kernel has:\n%s" % self.kernel.have())
        left = kernel.left_of_ezlb()
        if left:
            self.fail("after the end there is still:\n" + "\n".join(left))
        self.daemon.log.finish()
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
        print("seed %d: %d rounds in %d s, %d events; the kernel was compared with the files in each quiet, by ezlb plan %d times"
              % (self.seed, self.number - self.first, time.monotonic() - self.begin, sum(self.events.values()), self.plans))
        print("events: " + ", ".join("%s %d" % item for item in sorted(self.events.items())))
        print("requests: %d, %d of them hold a connection, answers: %d, wrong answers: %d, to no service: %d, too slow to be "
              "judged: %d, failed without a reason: %d"
              % (counts["requests"], counts["connections held"], counts["answers"], len(self.traffic.wrong),
                 counts["requests to no service"], counts["too slow to be judged"], len(self.traffic.failed)))
        for why, n in self.traffic.explained.most_common():
            print("  failed %d: %s" % (n, why))
        print("slowest answer %.1f s, worst time until the kernel was right %.1f s, starts of ezlb %d, kills %d"
              % (self.traffic.slowest_us / 1e6, self.worst_s, self.daemon.starts, self.daemon.kills))
        print("conntrack: %d entries of at most %d, packets dropped %d, entries dropped early %d" % kernel.conntrack_losses())
        print("backends that were down in a quiet: %d" % self.sick)
        print("kB of anonymous memory for each pass: %s" % ", ".join("%.2f" % kb for kb in self.growth))
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
    except Exception as failure:  # pylint: disable=broad-except # what the soak cannot do is a failure, too
        if not isinstance(failure, Failure):
            traceback.print_exc()
        print("FAIL with seed %d in round %d: %s" % (seed, soak.number, failure))
        print("the events of this round:\n  " + "\n  ".join(soak.history))
        print("it begins with this round by: LAB_ROUND=%d scripts/soak 1 %d %s" % (
            soak.number, seed, os.environ["EZLB_SNAT_BACKEND"]))
        return 1
    finally:
        soak.chaos.clock_back()
        soak.report()
    print("expected errors in the log: %s" % dict(soak.log_errors))
    return 0


sys.exit(main())
