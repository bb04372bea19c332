#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the system calls that strace has seen with those that the sandbox permits (pkg/sandbox/calls.c).

    seencalls.py FILE...    each file is that of one thread, as `strace -ff -o` writes it

docs/dev/analysis.md says how to make the files. Prints, for the daemon, the spawner and the worker: what was seen, what was
seen before the filter was there, and what is permitted and was never seen.
"""

import os
import re
import sys

CALL = re.compile(r"^(?:\d+ +)?([a-z_0-9]+)\((.*)")
CHILD = re.compile(r"\) += (\d+)")
LISTS = {"daemon": ("all", "daemon"), "spawner": ("all", "spawner"), "worker": ("all",)}


def permitted():
    """The lists of calls.c by name."""
    path = os.path.join(os.path.dirname(__file__), "../../pkg/sandbox/calls.c")
    with open(path, encoding="ascii") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    return {
        name: re.findall(r'"(\w+)"', names)
        for name, names in re.findall(r"calls_(\w+)\[\] = \{(.*?)\};", text, flags=re.S)
    }


class Thread:
    """What one file says: calls before and after the filter, threads and processes that it has made."""

    def __init__(self, path):
        self.before, self.after = set(), set()
        self.threads, self.name, self.execs = [], None, 0
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                self.take(line)

    def take(self, line):
        call = CALL.match(line)
        if not call:
            return
        name, rest = call.groups()
        (self.after if self.filters() else self.before).add(name)
        if name == "seccomp" and "SECCOMP_SET_MODE_FILTER" in rest:
            self.before.add("filter" + str(len([x for x in self.before if x.startswith("filter")])))
        if name == "prctl" and "PR_SET_NAME" in rest and "ezlb-" in rest:
            self.name = re.search(r"ezlb-(\w+)", rest).group(1)
        child = CHILD.search(rest)
        if name in ("clone", "clone3") and "CLONE_THREAD" in rest and child:
            self.threads.append(int(child.group(1)))

    def filters(self):
        return "filter1" in self.before  # two filters each: pkg/sandbox/filter.c


def key(path):
    """Directory and number of the thread."""
    return os.path.dirname(path), int(path.rsplit(".", 1)[1])


def main(paths):
    threads = {key(path): Thread(path) for path in paths}
    seen = {name: (set(), set()) for name in LISTS}
    owner = {}
    for (where, _), thread in threads.items():
        for other in thread.threads:
            owner[(where, other)] = thread
    for place, thread in threads.items():
        process = thread
        while process.name is None and place in owner:
            process = owner[place]
            place = next(k for k, v in threads.items() if v is process)
        before, after = seen[process.name or "daemon"]
        if process is thread:
            before |= {name for name in thread.before if not name.startswith("filter")}
            after |= thread.after
        else:
            after |= thread.before | thread.after
    lists = permitted()
    for name, parts in LISTS.items():
        before, after = seen[name]
        print(f"{name}: {len(after)} seen: {' '.join(sorted(after))}")
        print(f"{name}: at the start only: {' '.join(sorted(before - after))}")
        for part in parts:
            never = [call for call in lists[part] if call not in after]
            print(f"{name}: {len(never)} of calls_{part} never seen: {' '.join(sorted(never))}")
        known = {call for part in parts for call in lists[part]}
        print(f"{name}: with a rule of its own, or refused: {' '.join(sorted(after - known))}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
