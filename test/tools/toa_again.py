#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A server for test/lab/toa_receive.sh that does what few do: toa_again.py PORT

It asks for the SYN with its Ethernet header (TCP_SAVE_SYN), and uses the socket of an accepted connection for another one,
to itself. One connection; then it prints "syn=ETHERTYPE before=ADDRESS after=ADDRESS".
"""

import ctypes
import socket
import sys

TCP_SAVE_SYN = 27
TCP_SAVED_SYN = 28
WITH_ETHERNET = 2
SOCKADDR_SIZE = 16

port = int(sys.argv[1])
libc = ctypes.CDLL(None)
listener = socket.socket()
listener.setsockopt(socket.IPPROTO_TCP, TCP_SAVE_SYN, WITH_ETHERNET)
listener.bind(("0.0.0.0", port))
listener.listen()
print("ready", flush=True)

connection, client = listener.accept()
syn = connection.getsockopt(socket.IPPROTO_TCP, TCP_SAVED_SYN, 200)
connection.recv(100)
before = connection.getpeername()  # the client may be gone as soon as it has the answer
connection.sendall(f"accept={client[0]}:{client[1]} peer={before[0]}\n".encode())
libc.connect(connection.fileno(), bytes(SOCKADDR_SIZE), SOCKADDR_SIZE)  # AF_UNSPEC is 0
connection.connect(("127.0.0.1", port))
after = connection.getpeername()
print(f"syn={syn[12:14].hex()} before={before[0]}:{before[1]} after={after[0]}:{after[1]}", flush=True)
