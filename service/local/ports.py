"""Ports that are free now and stay the same from one start to the next, so that clients find a restarted server."""

from __future__ import annotations

import json
import secrets
import socket
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


def free_port() -> int:
    """A port on which nobody listens."""
    while True:
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        if is_free(port):
            return port


def ports(directory: Path, *names: str) -> list[int]:
    """One port per name: the same as last time where that is free."""
    file = directory / "ports.json"
    known: dict[str, int] = {}
    if file.is_file():
        try:
            known = json.loads(file.read_text())
        except ValueError:
            known = {}
    chosen = {name: known[name] if name in known and is_free(known[name]) else free_port() for name in names}
    file.write_text(json.dumps(known | chosen))
    return list(chosen.values())
