# SPDX-License-Identifier: GPL-2.0-or-later
"""A server that speaks what `toatool ask` does, in Python's own words: what accept() and getpeername() return.

toa_server.py 4|6 PORT: serves until it is killed; says "ready" when it listens.
"""

import socket
import sys


def text(address):
    """ADDRESS:PORT as toatool has it: a v4-mapped address is the IPv4 address that it stands for."""
    host, port = address[:2]
    host = host.removeprefix("::ffff:")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def answer(connection, accepted):
    file = connection.makefile("rwb")
    up, down = map(int, file.readline().split())
    file.read(up)
    file.write(f"{text(accepted)} {text(connection.getpeername())}\n".encode())
    file.flush()
    connection.recv(1)


def main():
    family = socket.AF_INET if sys.argv[1] == "4" else socket.AF_INET6
    server = socket.socket(family, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("", int(sys.argv[2])))
    server.listen(1024)
    print("ready", flush=True)
    while True:
        connection, accepted = server.accept()
        try:
            with connection:
                answer(connection, accepted)
        except OSError:
            pass


main()
