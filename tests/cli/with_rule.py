"""`fairlead` with one more rule of ships, as a pull request may bring it: LIMIT, then the words of a command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fairlead.bounds import Message
from fairlead.ship import LoadCargo
from service.cli.command_line import main
from service.domain import AGGREGATES
from service.domain.aggregate import Rejected

SHIP = AGGREGATES["ship"]


def _decide(command: Any, state: Any, ship_id: str) -> Sequence[Message]:
    if isinstance(command, LoadCargo) and command.quantity > int(sys.argv[1]):
        raise Rejected("too_much", "No crane lifts so much")
    return SHIP.decide(command, state, ship_id)


if __name__ == "__main__":
    AGGREGATES["ship"] = replace(SHIP, decide=_decide)
    sys.exit(main(sys.argv[2:]))
