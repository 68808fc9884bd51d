"""The checker as a program, for servers that something else started."""

from __future__ import annotations

import argparse
import sys

from tests.checker import check
from tests.checker.reader import Unreadable


def main() -> int:
    """Check and print; 1 where something was wrong, 6 where the logs could not be read."""
    parser = argparse.ArgumentParser(prog="python -m tests.checker", description=__doc__)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--database-url", help="also opens protected fields and checks the projections")
    parser.add_argument("--prefix", default="", help="before the names of topics and schemas")
    parser.add_argument("--unfinished", action="store_true", help="commands beyond the checkpoints have no outcome yet")
    parser.add_argument("--compacted", action="store_true", help="of the snapshots only the last of each key are left")
    parser.add_argument("--no-import", action="store_true", help="the service is told not to allow import_history")
    parser.add_argument("--failures-allowed", action="store_true", help="commands may have failed or wait parked")
    parser.add_argument("--busy-allowed", action="store_true", help="commands may have been answered busy")
    parser.add_argument(
        "--timeout", type=float, default=60.0, metavar="SECONDS", help="how long to wait for the service"
    )
    given = parser.parse_args()
    try:
        report = check(
            given.bootstrap_servers,
            given.database_url,
            prefix=given.prefix,
            settled=not given.unfinished,
            compacted=given.compacted,
            allow_import=not given.no_import,
            failures_allowed=given.failures_allowed,
            busy_allowed=given.busy_allowed,
            timeout=given.timeout,
        )
    except Unreadable as fault:
        print(fault, file=sys.stderr)  # noqa: T201  # a command line prints
        return 6
    print(report.text())  # noqa: T201  # a command line prints
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
