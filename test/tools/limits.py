#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""limits: the longest time for which the loop of `ezlb run` did not answer, while hostile files come.

    limits.py EZLB [CASE...]

Starts the daemon with the in-memory data plane and 20 services, asks /livez over the admin socket every 5 ms, does the hostile
thing, and then edits another service. Prints one line for each case: the longest answer (wall), the CPU time that the daemon's
main thread used within that answer (on a busy machine the first is the machine's and the second is ours), and how long the edit
took to be applied. Exits with 1 if an answer took more than LIMIT_MS of CPU, or an edit was not applied.
"""
import contextlib
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time

LIMIT_MS = float(os.environ.get("LIMIT_MS", "50"))
HOLD_S = float(os.environ.get("HOLD_S", "6"))
MAX = 256 * 1024


def service(n, weight=1):
    return (f"listen: 10.9.{n // 200}.{n % 200 + 1}:80\nhealth_check: {{enabled: false}}\n"
            f"backends:\n  - address: 192.168.10.11:80\n    weight: {weight}\n")


def put(path, text):
    """As an editor or a deployment does: the file comes whole."""
    mode = "wb" if isinstance(text, bytes) else "w"
    with open(path + ".tmp", mode) as file:
        file.write(text)
    os.rename(path + ".tmp", path)


class Poller(threading.Thread):
    """Asks /livez, one request after the other, and keeps the slowest answer."""

    def __init__(self, path, pid):
        super().__init__(daemon=True)
        self.path, self.pid, self.stop, self.failed = path, pid, False, 0
        self.reset()

    def reset(self):
        self.wall = self.cpu = 0.0
        self.asked = 0

    def used(self):
        with open(f"/proc/{self.pid}/task/{self.pid}/schedstat") as file:
            return int(file.read().split()[0]) / 1e6

    def ask(self):
        conn = socket.socket(socket.AF_UNIX)
        conn.connect(self.path)
        conn.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        data = b""
        while chunk := conn.recv(4096):
            data += chunk
        conn.close()
        return data.startswith(b"HTTP/1.1 200")

    def run(self):
        while not self.stop:
            try:
                cpu, begin = self.used(), time.monotonic()
                good = self.ask()
                wall = (time.monotonic() - begin) * 1000
                cpu = self.used() - cpu
            except OSError:
                if self.stop:
                    return
                good, wall, cpu = False, 0, 0
            self.asked += 1
            self.failed += not good
            self.wall, self.cpu = max(self.wall, wall), max(self.cpu, cpu)
            time.sleep(0.005)


class Daemon:
    def __init__(self, ezlb, user=None):
        self.top = tempfile.mkdtemp(prefix="ezlb-limits-")
        os.chmod(self.top, 0o755)
        self.dir, self.state = self.top + "/services.d", self.top + "/state"
        os.mkdir(self.dir)
        os.mkdir(self.state, 0o700)
        for n in range(20):
            put(f"{self.dir}/ok{n:02}.yaml", service(n))
        command = [ezlb, "run", "--dataplane", "memory", "--config-dir", self.dir, "--state-dir", self.state]
        if "--sandbox" in subprocess.run([ezlb, "help", "run"], capture_output=True, text=True).stdout:
            command += ["--sandbox", "off"]
        if user:
            os.chown(self.state, user, user)
            os.chown(self.dir, user, user)
            command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] + command
        self.log = open(self.top + "/log", "w+")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        self.weight = 1
        self.socket = self.wait_for(lambda: next(
            (os.path.join(self.state, f) for f in os.listdir(self.state)
             if stat.S_ISSOCK(os.lstat(os.path.join(self.state, f)).st_mode)), None), 60)
        self.poller = Poller(self.socket, self.process.pid)
        self.wait_for(self.ready, 60)
        self.poller.start()

    def ready(self):
        try:
            return self.poller.ask()
        except OSError:
            return False

    def wait_for(self, what, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            if found := what():
                return found
            time.sleep(0.01)
        with open(self.top + "/log") as file:
            sys.exit("the daemon ended or took too long:\n" + file.read()[-3000:])

    def lines(self):
        with open(self.top + "/log", errors="replace") as file:
            return file.read()

    def status(self):
        conn = socket.socket(socket.AF_UNIX)
        conn.connect(self.socket)
        conn.sendall(b"GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        data = b""
        while chunk := conn.recv(1 << 20):
            data += chunk
        conn.close()
        return data

    def edit(self):
        """Another weight for a service. Returns the seconds until a pass has told of it; None: never."""
        self.weight += 1
        before = len(self.lines())
        begin = time.monotonic()
        put(f"{self.dir}/ok07.yaml", service(7, self.weight))
        while time.monotonic() - begin < 20:
            if re.search(r'msg="(applied|reconciled|changed)[^\n]*', self.lines()[before:]) or "ok07" in self.lines()[before:]:
                return time.monotonic() - begin
            if self.process.poll() is not None:
                return None
            time.sleep(0.01)
        return None

    def close(self):
        self.poller.stop = True
        self.process.terminate()
        self.process.wait(30)
        code = self.process.returncode
        shutil.rmtree(self.top, ignore_errors=True)
        return code


# --- cases: each is a generator; what comes before a `yield` is one measured step ------------------------------------------

def many_names(d, n, suffix=".yaml"):
    for i in range(n):
        os.mknod(f"{d.dir}/z{i:06}{suffix}", stat.S_IFREG | 0o644)


def remove_names(d, n, suffix=".yaml"):
    for i in range(n):
        os.unlink(f"{d.dir}/z{i:06}{suffix}")


def files_100000(d):
    many_names(d, 100000)
    time.sleep(HOLD_S)
    assert "holds more than 10000" in d.lines()
    yield "they come", False
    remove_names(d, 100000)
    d.wait_for(lambda: "is readable again" in d.lines(), 30)
    yield "they go", True


def other_files_40000(d):
    many_names(d, 40000, ".txt")
    time.sleep(HOLD_S)
    yield "", True


def sparse(d):
    with open(d.dir + "/sparse.yaml", "w") as file:
        file.truncate(10 << 30)
    time.sleep(HOLD_S)
    yield "", True


def special(d):
    for i in range(100):
        os.mkfifo(f"{d.dir}/fifo{i}.yaml")
        os.symlink("/dev/zero", f"{d.dir}/zero{i}.yaml")
        os.symlink("/dev/tty", f"{d.dir}/tty{i}.yaml")
        os.symlink(f"loop{i}.yaml", f"{d.dir}/loop{i}.yaml")
        os.symlink(f"b{i}.yaml", f"{d.dir}/a{i}.yaml")
        os.symlink(f"a{i}.yaml", f"{d.dir}/b{i}.yaml")
        os.mkdir(f"{d.dir}/dir{i}.yaml")
        conn = socket.socket(socket.AF_UNIX)
        conn.bind(f"{d.dir}/sock{i}.yaml")
        conn.close()
    time.sleep(HOLD_S)
    yield "", True


def names(d):
    for i in range(200):
        put(f"{d.dir}/n{i}\n\x1b[31m\x07\xc2\x9b\u202e.yaml", "listen: x\n")
        put(f"{d.dir}/" + f"{i:03}" + "n" * 240 + ".yaml", "listen: x\n")
    with open(f"{d.dir}".encode() + b"/\xff\xfe\n::stop::.yaml", "w") as file:
        file.write("x\n")
    time.sleep(HOLD_S)
    assert "\x1b" not in d.lines() and "\x07" not in d.lines()
    yield "", True


def one_file(text):
    def case(d):
        put(d.dir + "/bad.yaml", (text() if callable(text) else text)[:MAX])
        time.sleep(HOLD_S)
        yield "", True
    return case


def largest(d):
    """Not hostile: the largest file that is valid."""
    put(d.dir + "/large.yaml", "listen: 10.8.0.1:80\nhealth_check: {enabled: false}\nbackends:\n" + "".join(
        f"  - address: 10.{40 + i // 62500}.{i // 250 % 250}.{i % 250 + 1}:80\n" for i in range(4900)))
    time.sleep(HOLD_S)
    yield "", True


@contextlib.contextmanager
def meanwhile(*steps):
    """Each step is done again and again, in a thread of its own, until the block ends."""
    over = threading.Event()

    def repeat(step):
        while not over.is_set():
            step()
    threads = [threading.Thread(target=repeat, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def changing(d):
    with open(d.dir + "/changing.yaml", "w") as file:
        def write():
            file.seek(0)
            file.write(service(300) + "x-note: " + "y" * 100000)
            file.flush()
            file.truncate(50)
        with meanwhile(write):
            time.sleep(HOLD_S)
            yield "", True


def written(d):
    """A thousand files that are open, and written again and again: inotify tells of each write."""
    files = [open(f"{d.dir}/w{i}.yaml", "w") for i in range(1000)]

    def write():
        for file in files:
            os.pwrite(file.fileno(), b"x", 0)
    with meanwhile(write):
        time.sleep(HOLD_S)
        yield "", True
    for file in files:
        file.close()


def renames(d):
    count = [0]

    def move(k):
        os.rename(f"{d.dir}/.move{k}", f"{d.dir}/move{k}.yaml")
        os.rename(f"{d.dir}/move{k}.yaml", f"{d.dir}/.move{k}")
        count[0] += 2
    for k in range(2):
        put(f"{d.dir}/.move{k}", "x: 1\n")
    with meanwhile(lambda: move(0), lambda: move(1)):
        time.sleep(HOLD_S)
        yield f"{int(count[0] / HOLD_S)} a second", True


def permissions(d):
    for _ in range(5):
        os.chmod(d.dir, 0)
        time.sleep(1)
        os.chmod(d.dir, 0o755)
        for n in range(10):
            os.chmod(f"{d.dir}/ok1{n}.yaml", 0)
        time.sleep(1)
        for n in range(10):
            os.chmod(f"{d.dir}/ok1{n}.yaml", 0o644)
    assert "cannot be opened: Permission denied" in d.lines()
    time.sleep(3)
    yield "", True


permissions.user = 65534


def wrong(n, errors):
    def case(d):
        text = "".join(f"key{i}: 1\n" for i in range(errors)) + service(300)
        for i in range(n):
            put(f"{d.dir}/z{i:06}.yaml", text)
        d.wait_for(lambda: "more errors came" in d.lines(), 120)
        time.sleep(3)
        yield "they come", None
        yield "the edit", True
    return case


def conflicts(d):
    for i in range(5000):
        put(f"{d.dir}/z{i:06}.yaml", service(300))
    time.sleep(HOLD_S + 5)
    yield "they come", None
    yield "the edit", True


def large_files(d):
    """As many as are looked at by their names, and each as large as it may be."""
    text = "listen: 10.8.0.1:80\nbackends:\n" + "- address: x\n" * 5000
    text = (text + "# " + "y" * MAX)[:MAX - 1] + "\n"
    for i in range(240):
        with open(f"{d.dir}/.l{i}", "w") as file:
            file.write(text)
    time.sleep(1)
    for i in range(240):
        os.rename(f"{d.dir}/.l{i}", f"{d.dir}/l{i}.yaml")
    d.wait_for(lambda: "more errors came" in d.lines(), 120)
    time.sleep(3)
    yield "they come", True


def turned_backends(d):
    def text(n, turn):
        backends = [f"  - address: 10.{40 + n}.{i // 250}.{i % 250 + 1}:80\n" for i in range(4900)]
        return (f"listen: 10.8.0.{n + 1}:80\nfull_nat: true\nhealth_check: {{enabled: false}}\nbackends:\n"
                + "".join(backends[turn:] + backends[:turn]))
    for n in range(20):
        put(f"{d.dir}/t{n}.yaml", text(n, 0))
    time.sleep(HOLD_S + 5)
    yield "they come", None
    put(f"{d.dir}/t0.yaml", text(0, 2000))
    time.sleep(HOLD_S)
    yield "one is turned", None


CASES = {
    "files_100000": files_100000,
    "other_files_40000": other_files_40000,
    "sparse_10g": sparse,
    "special": special,
    "names": names,
    "nested_lists": one_file("x-a: " + "[" * MAX),
    "nested_lines": one_file(lambda: "".join(" " * i + "a:\n" for i in range(700))),
    "blank_lines": one_file("a: [" + "\n" * MAX),
    "questions": one_file("? " * MAX),
    "anchors": one_file("x-a: [" + "&a b," * MAX),
    "duplicates": one_file("a: 1\n" * MAX),
    "errors_10000": one_file(lambda: "".join(f"key{i}: 1\n" for i in range(10000)) + service(300)),
    "long_line": one_file("x-a: \"" + "y" * MAX),
    "wrong_backends": one_file(lambda: "listen: 10.0.0.1:80\nbackends:\n" + "- address: x\n" * 5000),
    "twice_backends": one_file(lambda: "listen: 10.0.0.1:80\nbackends:\n" + "- address: 10.0.0.2:80\n" * 5000),
    "largest": largest,
    "changing": changing,
    "written": written,
    "renames": renames,
    "permissions": permissions,
    "wrong_10000x3": wrong(9900, 3),
    "wrong_5000x20": wrong(5000, 20),
    "conflicts_5000": conflicts,
    "large_files": large_files,
    "turned_backends": turned_backends,
}


def run(ezlb, name):
    case = CASES[name]
    daemon = Daemon(ezlb, getattr(case, "user", None))
    bad = False
    try:
        time.sleep(1.5)
        daemon.poller.reset()
        for what, edits in case(daemon):
            took = daemon.edit() if edits else None
            wall, cpu = daemon.poller.wall, daemon.poller.cpu
            late = edits and took is None
            over = cpu > LIMIT_MS and edits is not None
            bad |= bool(late or over or daemon.process.poll() is not None or daemon.poller.failed)
            print(f"{name:20} {what:16} longest answer {wall:7.1f} ms, {cpu:7.1f} ms of CPU, {daemon.poller.asked:5} answers; "
                  + ("no edit" if not edits else "the edit was NOT applied" if late else f"the edit took {took * 1000:.0f} ms")
                  + (" TOO LONG" if over else "") + (f" {daemon.poller.failed} FAILED" if daemon.poller.failed else ""),
                  flush=True)
            daemon.poller.reset()
    finally:
        if os.environ.get("KEEP_LOG"):
            shutil.copy(daemon.top + "/log", os.environ["KEEP_LOG"])
        code = daemon.close()
    if code != 0:
        print(f"{name}: the daemon ended with {code}")
    return not bad and code == 0


def main():
    ezlb, chosen = sys.argv[1], sys.argv[2:] or list(CASES)
    good = [run(ezlb, name) for name in chosen]
    sys.exit(0 if all(good) else 1)


main()
