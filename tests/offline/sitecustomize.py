"""Keeps a process from reaching a network, which no command needs: tests load it, and Python in their children.

Sockets of files stay allowed, and everything in tests that are marked `network`.
"""

import os
import sys

EVENTS = ("socket.connect", "socket.getaddrinfo", "socket.sendto")
allowed = False


def refuse(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: raise a RuntimeError, and say so too in case that somebody catches it."""
    if event not in EVENTS or allowed:
        return
    address = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
    if event != "socket.getaddrinfo" and not isinstance(address, tuple):
        return
    os.write(2, f"a test wants to reach {address}, but is not marked as one that needs a network\n".encode())
    raise RuntimeError(f"no network in tests: {address}")


sys.addaudithook(refuse)
