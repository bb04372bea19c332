#!/usr/bin/env python3
"""Holds connections to an echo server: held.py HOST PORT COUNT

Says a line on each five times a second and wants it back within 10 s. Prints "open" when all are there. On SIGTERM each
says a last line and closes; then it prints for each one line, "PORT ok" or "PORT lost: why". PORT is that of the client.
"""
import signal
import socket
import sys
import threading

LIMIT = 10
stop = threading.Event()


def exchange(conn, text):
    conn.sendall(text)
    got = b""
    while len(got) < len(text):
        more = conn.recv(len(text) - len(got))
        if not more:
            raise OSError("closed by the other end")
        got += more
    if got != text:
        raise OSError("another answer")


def talk(conn, results, i):
    number = 0
    try:
        while not stop.wait(0.2):
            number += 1
            exchange(conn, b"%d\n" % number)
        exchange(conn, b"last\n")
        conn.shutdown(socket.SHUT_WR)
        if conn.recv(1):
            raise OSError("more than was asked for")
        results[i] = "ok"
    except OSError as e:
        results[i] = "lost: %s" % e


def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    conns = [socket.create_connection((host, port), LIMIT) for _ in range(count)]
    names = [conn.getsockname()[1] for conn in conns]
    results = [None] * count
    threads = [threading.Thread(target=talk, args=(conn, results, i)) for i, conn in enumerate(conns)]
    for thread in threads:
        thread.start()
    print("open", flush=True)
    signal.sigwait({signal.SIGTERM})
    stop.set()
    for thread in threads:
        thread.join()
    for name, result in zip(names, results):
        print(name, result)


main()
