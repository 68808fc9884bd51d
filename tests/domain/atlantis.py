"""Ships on a partition whose rules fail on one port until they are mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fairlead.bounds import Message
from service.domain import Aggregate
from service.domain.ship import SHIP as SOUND
from tests.domain.partition import Partition, entity_id, envelope

SHIP, OTHER = entity_id(1), entity_id(2)
REGISTER = envelope("register_ship", SHIP, {"name": "Pacific Explorer"})
SINK = envelope("dock_ship", SHIP, {"port": "Atlantis"})
LOAD = envelope("load_cargo", SHIP, {"item": "tea", "quantity": 5})
DEPART = envelope("depart_ship", SHIP, {})


class Rules:
    """The rules of ships."""

    def __init__(self) -> None:
        self.mended = False
        self.aggregate: Aggregate = replace(SOUND, decide=self._decide)

    def _decide(self, command: Any, state: Any, entity: str) -> Sequence[Message]:
        if getattr(command, "port", None) == "Atlantis" and not self.mended:
            raise ZeroDivisionError
        return SOUND.decide(command, state, entity)


class Ships(Partition):
    """A partition of them."""

    def __init__(self, *, park: bool = True) -> None:
        self.rules = Rules()
        super().__init__(self.rules.aggregate, park=park)

    def told(self, command: dict[str, Any]) -> tuple[str, str | None]:
        """The status and code of the reply to a command."""
        data = self.ask(command)["data"]
        return data["status"], data["code"]

    def redrive(self, *skip: int, **more: Any) -> dict[str, Any]:
        """What the control command is told, after what it judged."""
        data: dict[str, Any] = self.ask(envelope("redrive_parked", SHIP, {"skip": [*skip]}, **more))["data"]
        return data

    def last(self, count: int) -> list[tuple[str, str | None]]:
        """The status and code of the last replies."""
        return [(reply.json["data"]["status"], reply.json["data"]["code"]) for reply in self.replies[-count:]]

    def letter(self, place: int = -1) -> tuple[str, str, str | None]:
        """Code, offset and number of redrives of a dead letter."""
        headers = self.dead_letters[place].said
        return headers["fairlead-code"], headers["fairlead-offset"], headers.get("fairlead-redrives")


def sunk() -> Ships:
    """A ship whose docking failed; to load and to depart wait behind it, at the offsets 1 to 3."""
    partition = Ships()
    for command in (REGISTER, SINK, LOAD, DEPART):
        partition.ask(command)
    return partition


def mended() -> Ships:
    """The same, once the rules no longer fail."""
    partition = sunk()
    partition.rules.mended = True
    return partition
