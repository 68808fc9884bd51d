"""Asks the role in this container how it fares; a program of its own, since it runs every few seconds."""

from __future__ import annotations

import os
import socket
import sys

SECONDS = 2.0


def main() -> int:
    """0 where a role answers 200 to the path given, such as /readyz; 1 where it answers otherwise or not at all."""
    path = sys.argv[1]
    # Handler and projectors answer at the first, the API at the second.
    for variable, usual in (("FAIRLEAD_HEALTH_PORT", "8081"), ("FAIRLEAD_API_PORT", "8080")):
        try:
            answer = ask(int(os.environ.get(variable, usual)), path)
        except OSError:
            continue
        sys.stdout.write(answer)
        return 0 if " 200 " in answer.partition("\n")[0] else 1
    sys.stdout.write("nobody answers")
    return 1


def ask(port: int, path: str) -> str:
    """The whole answer; raises OSError."""
    # http.client is not imported for this: it would take four times as long as all that is imported here.
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        connection.settimeout(SECONDS)
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return answer.decode(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
