"""`fairlead` and `python -m service` are the same."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command line."""
    if sys.flags.optimize:
        # aiokafka guards the states of a transaction by assertions, which this option takes out.
        sys.exit("fairlead: Python must run without -O and PYTHONOPTIMIZE: transactions rest on its assertions")
    if os.getpid() == 1:
        # A container's first process is sent no signal that it does not handle: told to stop at once, it would go on.
        signal.signal(signal.SIGTERM, _end)
    # Until all is imported Ctrl-C just ends the process: there is nothing yet to be left in order.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from service.cli.command_line import main as run  # noqa: PLC0415  # see above

    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = run()
    # And once it is over there is nothing left.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)


def _end(signum: int, _: FrameType | None) -> None:
    os._exit(128 + signum)  # as a shell says of whoever a signal ended


if __name__ == "__main__":
    main()
