"""`fairlead` and `python -m service` are the same."""

from __future__ import annotations

import sys

from service.cli.command_line import main as run


def main() -> None:
    """Run the command line."""
    sys.exit(run())


if __name__ == "__main__":
    main()
