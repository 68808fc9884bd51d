"""A command and all that follows from it, before any of that is put into bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fairlead.envelope import Command
from service.commands.identity import NewEvent
from service.commands.ports import Record
from service.commands.stored import Outcome


class Judged(NamedTuple):
    """What became of a command; `time` is that of the reply in microseconds: of a repeat it is not that of the outcome.

    The personal data of `events` is sealed.
    """

    record: Record
    command: Command
    outcome: Outcome
    events: Sequence[NewEvent]
    time: int
    duplicate: bool = False
