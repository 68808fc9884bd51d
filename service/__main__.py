"""`fairlead` and `python -m service` are the same."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run the command line."""
    if sys.flags.optimize:
        # aiokafka guards the states of a transaction by assertions, which this option takes out.
        sys.exit("fairlead: Python must run without -O and PYTHONOPTIMIZE: transactions rest on its assertions")
    # Until all is imported Ctrl-C just ends the process: there is nothing yet to be left in order.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from service.cli.command_line import main as run  # noqa: PLC0415  # see above

    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = run()
    # And once it is over there is nothing left.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)


if __name__ == "__main__":
    main()
