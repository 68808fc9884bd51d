"""Rules that fail on some commands, the first time or the first two: code with a fault, until it is mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn
from zlib import crc32

from fairlead.bounds import Message
from service.commands.reading import CommandReader
from service.domain import Aggregate

_TIMES = {0: 1, 1: 2}


class Blind(CommandReader):
    """A reader with a fault."""

    def _read(self, value: bytes | None, key: bytes | None) -> NoReturn:
        raise RecursionError(value, key)


def failing(aggregate: Aggregate) -> Aggregate:
    """The same rules, but `decide` fails on some commands, and `evolve` on what some lead to."""
    asked, folded = Counter[str](), Counter[str]()

    def decide(command: Any, state: Any, entity_id: str) -> Sequence[Message]:
        _fail(asked, f"{entity_id} {command!r}")
        return aggregate.decide(command, state, entity_id)

    def evolve(state: Any, event: Any) -> Any:
        _fail(folded, repr(event.model_copy(update={"username": None})))
        return aggregate.evolve(state, event)

    return replace(aggregate, decide=decide, evolve=evolve)


def _fail(before: Counter[str], what: str) -> None:
    before[what] += 1
    if before[what] <= _TIMES.get(crc32(what.encode()) % 8, 0):
        raise ZeroDivisionError
