"""Ports that are free now and stay the same from one start to the next, so that clients find a restarted server."""

from __future__ import annotations

import json
import secrets
import socket
from collections import Counter
from collections.abc import Collection
from pathlib import Path

# Below the ranges from which Linux and macOS serve outgoing connections: a client that tries again and again
# to reach a stopped server in such a range can end up connected to itself, and hold the port.
LOWEST, HIGHEST = 20_000, 32_000


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port(taken: Collection[int] = ()) -> int:
    """A port on which nobody listens, and none of those that are taken by who has yet to listen."""
    while True:
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        if port not in taken and is_free(port):
            return port


def ports(directory: Path, *names: str) -> list[int]:
    """One port per name, each another one: the same as last time where that is free, and was not two names'."""
    file = directory / "ports.json"
    known: dict[str, int] = {}
    if file.is_file():
        try:
            known = json.loads(file.read_text())
        except ValueError:
            known = {}
    shared = Counter(known.values())
    known = {name: port for name, port in known.items() if shared[port] == 1}
    chosen: dict[str, int] = {}
    for name in names:
        port = known.get(name)
        if port is None or not is_free(port):
            port = free_port({*known.values(), *chosen.values()})
        chosen[name] = port
    file.write_text(json.dumps(known | chosen))
    return list(chosen.values())
