# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens to ezlb in a soak. Each event says whose requests may fail because of it: `disturb`."""

import collections
import random
import time

import chaos_files
import chaos_host
import chaos_kernel
import chaos_processes

# A kind of event, which is a function of Chaos with the same name. weight: how often it is in the pool that a round is
# drawn from. hurts: requests may fail because of it. ends: ezlb ends, or may. long: in a long soak only, because it takes
# long, or needs more time to be over.
Kind = collections.namedtuple("Kind", "name weight hurts ends long")


def kind(name, weight=1, hurts=False, ends=False, long=False):
    return Kind(name, weight, hurts, ends, long)


KINDS = (
    # chaos_files.py
    kind("edit", 4, hurts=True), kind("weights", 2), kind("backends", 3, long=True), kind("break_file"), kind("half_write"), kind("rename"),
    kind("vanish", hurts=True), kind("storm", long=True), kind("directory_away"), kind("junk", 2),
    # chaos_processes.py
    kind("kill", ends=True), kind("kill_twice", ends=True), kind("kill_worker"), kind("kill_spawner", ends=True, long=True),
    kind("restart", ends=True, long=True), kind("stop_for_a_while"), kind("stop_worker", long=True), kind("blocked_log"),
    kind("hang_up"), kind("reload"), kind("second"), kind("command", 2, long=True), kind("node_drain"),
    # chaos_kernel.py
    kind("tamper_service", 2, hurts=True), kind("tamper_all", hurts=True), kind("tamper_row", hurts=True),
    kind("tamper_guard"), kind("lock"),
    # chaos_host.py
    kind("flap", 2, hurts=True), kind("unplug", hurts=True, long=True), kind("jump"), kind("fill"),
    kind("descriptors"), kind("flood"), kind("no_inotify", ends=True, long=True), kind("balloon", long=True),
    kind("starve", ends=True, long=True),
)


class Chaos(chaos_files.Files, chaos_processes.Processes, chaos_kernel.Tampering, chaos_host.Host):
    def __init__(self, soak):
        self.soak = soak
        self.rng = self.debts_rng = random.Random(soak.seed)
        self.debts = []  # what must be undone: (time, function)
        self.clock_off = 0.0
        self.drained = False

    def run(self, name, rng):
        """One event. What it draws follows from `rng` alone."""
        self.rng = rng
        return getattr(self, name)()

    # --- time ---------------------------------------------------------------------------------

    def later(self, seconds, function):
        self.debts.append((time.monotonic() + seconds, function))

    def pay(self, everything=False):
        """Undoes what is due."""
        self.rng = self.debts_rng
        for debt in sorted(self.debts, key=lambda debt: debt[0]):
            if everything or debt[0] <= time.monotonic():
                self.debts.remove(debt)
                debt[1]()

    def pause(self, most=0.3):
        time.sleep(self.rng.uniform(0.02, most))

    def some_slot(self, fits=lambda slot: True):
        slots = [slot for slot in self.soak.slots if fits(slot)]
        return self.rng.choice(slots) if slots else None
