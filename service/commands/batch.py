"""Stage 1 for one partition: which records are commands, whose keys they need, and which can be decided together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from fairlead.control import REDRIVE_PARKED
from fairlead.envelope import Command
from service.commands.answers import Answers
from service.commands.decision import Decision
from service.commands.encoding import Encoder
from service.commands.entities import Entities
from service.commands.faults import Unreadable, elsewhere
from service.commands.judging import Judge
from service.commands.overlay import Overlay
from service.commands.parked import Letters
from service.commands.personal import DataKey
from service.commands.ports import Record
from service.commands.reading import CommandReader, Read
from service.commands.snapshots import Snapshots
from service.domain import Aggregate


class Decider:
    """Reads commands and begins decisions; `owns(key)` says whose partition it is.

    `park` says whether an entity waits once a command of it has failed.
    """

    def __init__(  # noqa: PLR0913  # what differs between aggregates, partitions and settings
        self,
        aggregate: Aggregate,
        encoder: Encoder,
        reader: CommandReader,
        snapshots: Snapshots,
        owns: Callable[[bytes], bool],
        *,
        allow_import: bool,
        park: bool,
    ) -> None:
        self._judge = Judge(aggregate, allow_import=allow_import)
        self._encoder = encoder
        self._reader = reader
        self._snapshots = snapshots
        self._owns = owns
        self._park = park

    def read(self, records: Iterable[Record], entities: Entities) -> list[Read]:
        """Each record with its command, or with why it is none or not for this partition; never raises."""
        read, owns, knows = self._reader.read, self._owns, entities.knows
        reads = [(record, read(record)) for record in records]
        entities.bring(command.subject for _, command in reads if isinstance(command, Command))
        for place, (record, command) in enumerate(reads):
            # Hashing a key in Python costs as much as all the rest of reading it: once for each entity.
            if isinstance(command, Command) and not knows(command.subject) and not owns(record.key or b""):
                reads[place] = record, elsewhere(command)
        return reads

    def people(self, batch: Iterable[Read]) -> set[str]:
        """The entities whose data key this batch needs."""
        needs_key = self._judge.needs_key
        if not needs_key:
            return set()
        commands = (command for _, command in batch if isinstance(command, Command))
        return {command.subject for command in commands if command.type in needs_key}

    def redrives(self, command: Command | Unreadable) -> bool:
        """Whether this asks for the dead letters of its entity."""
        return isinstance(command, Command) and command.type == REDRIVE_PARKED

    def cut(self, batch: Sequence[Read]) -> int:
        """How many from the first on can be decided together: what is redriven is read from what is committed."""
        for place, (_, command) in enumerate(batch):
            if self.redrives(command):
                return place or 1
        return len(batch)

    def begin(self, entities: Entities, keys: Mapping[str, DataKey], waiting: Mapping[str, Letters]) -> Decision:
        """The decision on one batch; `waiting` has what waits of an entity that is parked and is to be redriven."""
        answers = Answers(self._encoder, self._snapshots, Overlay(entities), self._park)
        return Decision(self._judge, self._reader, answers, keys, waiting)
