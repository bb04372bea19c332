#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections that stay, for the lab: what becomes of them when their balancer is lost.

  talk.py serve PORT...    echoes lines on these ports. SIGUSR1: sends a line to each open connection
  talk.py hold             a client: reads commands, a line each, and answers each with a line
      open GROUP NAME SOURCE HOST PORT N   opens N connections from this address and exchanges some lines; how many did
      say GROUP SECONDS                    sends a line on each and waits for the echo; "NAME=N NAME=N" of those who got it
      hear GROUP SECONDS                   waits for a line of the server, and then says one; "NAME=N NAME=N"
      ports                                "NAME:PORT ..." of all: the ports of this end
      reset                                closes all
"""
import selectors
import signal
import socket
import sys
import time


def listen(port):
    sock = socket.socket(socket.AF_INET6)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("::", port))
    sock.listen(512)
    sock.setblocking(False)
    return sock


def serve(ports):
    chosen = selectors.DefaultSelector()
    listeners = [listen(port) for port in ports]
    peers = set()

    def push(*_):
        for peer in list(peers):
            send(peer, b"pushed\n")

    def send(peer, data):
        try:
            peer.sendall(data)
        except OSError:
            drop(peer)

    def drop(peer):
        peers.discard(peer)
        chosen.unregister(peer)
        peer.close()

    signal.signal(signal.SIGUSR1, push)
    for sock in listeners:
        chosen.register(sock, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in chosen.select():
            sock = key.fileobj
            if sock in listeners:
                peer, _ = sock.accept()
                peers.add(peer)
                chosen.register(peer, selectors.EVENT_READ)
                continue
            try:
                data = sock.recv(4096)
            except OSError:
                data = b""
            if data:
                send(sock, data)
            else:
                drop(sock)


def told(socks, want, seconds):
    """Those that received `want` in time."""
    end = time.monotonic() + seconds
    got = {sock: b"" for sock in socks}
    waiting = selectors.DefaultSelector()
    for sock in socks:
        waiting.register(sock, selectors.EVENT_READ)
    good = []
    while waiting.get_map() and time.monotonic() < end:
        for key, _ in waiting.select(max(0, end - time.monotonic())):
            sock = key.fileobj
            try:
                data = sock.recv(4096)
            except OSError:
                data = b""
            got[sock] += data
            if want in got[sock]:
                good.append(sock)
            if not data or want in got[sock]:
                waiting.unregister(sock)
    return good


def say(socks, text, seconds):
    sent = []
    for sock in socks:
        try:
            sock.sendall(text)
            sent.append(sock)
        except OSError:
            pass
    return told(sent, text, seconds)


def connect(source, host, port):
    try:
        return socket.create_connection((host, port), timeout=20, source_address=(source, 0))
    except OSError:
        return None


class Group:
    """Connections by name."""

    def __init__(self):
        self.names = {}

    def open(self, name, source, host, port, count):
        opened = [connect(source, host, port) for _ in range(count)]
        opened = [sock for sock in opened if sock]
        for i in range(4):
            opened = say(opened, b"line %d\n" % i, 20)
        self.names[name] = opened
        return len(opened)

    def all(self):
        return [sock for socks in self.names.values() for sock in socks]

    def count(self, good):
        return " ".join(f"{name}={sum(sock in good for sock in socks)}" for name, socks in self.names.items())

    def ports(self):
        return " ".join(f"{name}:{sock.getsockname()[1]}" for name, socks in self.names.items() for sock in socks)

    def close(self):
        for sock in self.all():
            sock.close()


def hold():
    groups = {}
    for line in sys.stdin:
        command, *rest = line.split()
        group = groups.setdefault(rest[0], Group()) if rest else None
        if command == "reset":
            for each in groups.values():
                each.close()
            groups = {}
            answer = "done"
        elif command == "ports":
            answer = " ".join(group.ports() for group in groups.values())
        elif command == "open":
            answer = group.open(rest[1], rest[2], rest[3], int(rest[4]), int(rest[5]))
        elif command == "say":
            answer = group.count(say(group.all(), b"said\n", float(rest[1])))
        else:
            heard = told(group.all(), b"pushed\n", float(rest[1]))
            answer = group.count(say(heard, b"said\n", float(rest[1])))
        print(answer, flush=True)


if sys.argv[1] == "serve":
    serve([int(port) for port in sys.argv[2:]])
else:
    hold()
