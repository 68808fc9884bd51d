"""`fairlead` and `python -m service` are the same."""

from __future__ import annotations

import signal
import sys

from service.cli.exits import at_once


def main() -> None:
    """Run the command line."""
    if sys.flags.optimize:
        # aiokafka guards the states of a transaction by assertions, which this option takes out.
        sys.exit("fairlead: Python must run without -O and PYTHONOPTIMIZE: transactions rest on its assertions")
    # Until all is imported they just end the process: there is nothing yet to be left in order.
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, at_once())
    from service.cli.command_line import main as run  # noqa: PLC0415  # see above

    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = run()
    # And once it is over there is nothing left.
    signal.signal(signal.SIGINT, at_once())
    sys.exit(code)


if __name__ == "__main__":
    main()
