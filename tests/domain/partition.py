"""A partition without Kafka: the real decider, and lists for topics, read back as any owner would read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID, uuid4

import orjson

from fairlead.envelope import Command
from service.commands.batch import Decider
from service.commands.decision import Decision
from service.commands.encoding import Encoder
from service.commands.entities import Entities
from service.commands.fold import fingerprint
from service.commands.parked import Letters
from service.commands.ports import Draft, Headers, Record, Store
from service.commands.reading import CommandReader, Read
from service.commands.replay import Replay, remembered_by
from service.commands.snapshots import Snapshots
from service.commands.stored import Entity, States
from service.domain import AGGREGATES, Aggregate
from tests.domain.keys import Keys
from tests.domain.memory import MemoryStore

_Made = TypeVar("_Made")

NOON = 1_795_000_000_000
HOUR = 3_600_000
SNAPSHOTS = {name: Snapshots(States(aggregate), fingerprint(aggregate)) for name, aggregate in AGGREGATES.items()}
READERS = {name: CommandReader(aggregate) for name, aggregate in AGGREGATES.items()}


@dataclass(frozen=True, slots=True)
class Stored:
    """A record on a topic."""

    key: bytes | None
    value: bytes | None
    offset: int
    timestamp: int
    headers: Headers = ()

    @property
    def json(self) -> Any:
        """What its value says."""
        return orjson.loads(self.value or b"null")

    @property
    def said(self) -> dict[str, str]:
        """What its headers say, the last of each name."""
        return {name: (text or b"").decode(errors="replace") for name, text in self.headers}


@dataclass
class Partition:
    """Commands go in by `publish`, are judged by `judge` in batches, and everything written stays in the lists."""

    aggregate: Aggregate
    allow_import: bool = True
    number: int = 0
    owns: Callable[[bytes], bool] = lambda _: True
    keys: Keys = field(default_factory=Keys)
    commands: list[Stored] = field(default_factory=list)
    events: list[Stored] = field(default_factory=list)
    replies: list[Stored] = field(default_factory=list)
    dead_letters: list[Stored] = field(default_factory=list)
    snapshots: list[Stored] = field(default_factory=list)
    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)
    judged: int = 0
    park: bool = True
    letters_taken: int = 0
    new_store: Callable[[], Store] = MemoryStore

    def __post_init__(self) -> None:
        """Choose the real parts."""
        known = self._known(READERS)
        self.decider = self.decider_with(known or CommandReader(self.aggregate))
        self.entities = self.replayed()

    def decider_with(self, reader: CommandReader) -> Decider:
        """A decider that reads by this reader."""
        encoder = Encoder(self.aggregate, self.number, f"{self.aggregate.name}.commands")
        return Decider(
            self.aggregate,
            encoder,
            reader,
            self.snapshots_of,
            self.owns,
            allow_import=self.allow_import,
            park=self.park,
        )

    @property
    def snapshots_of(self) -> Snapshots:
        """What writes and reads its snapshots."""
        return self._known(SNAPSHOTS) or Snapshots(States(self.aggregate), fingerprint(self.aggregate))

    def _known(self, made: Mapping[str, _Made]) -> _Made | None:
        """What was made for all partitions of this aggregate; another one of the same name is not that."""
        return made[self.aggregate.name] if self.aggregate is AGGREGATES.get(self.aggregate.name) else None

    def publish(self, key: bytes | None, value: bytes | None, *, at: int = NOON, headers: Headers = ()) -> None:
        """Append a command; `at` is the broker's time in milliseconds."""
        self.commands.append(Stored(key, value, len(self.commands), at, headers))

    def ask(self, command: Mapping[str, Any], *, at: int = NOON) -> Any:
        """Publish an envelope, judge it as a batch of its own, and return the reply."""
        self.publish(command["subject"].encode(), orjson.dumps(command), at=at)
        self.judge()
        return self.replies[-1].json

    def judge(self, *, commit: bool = True) -> None:
        """Judge what was published since; without `commit` nothing of it is written or known."""
        self._decide(Decision.judge, commit=commit)

    def put_off(self, retry_after_ms: int) -> None:
        """Answer `busy` to what was published since."""
        self._decide(lambda decision, batch: decision.put_off(batch, retry_after_ms))

    def refuse(self, error: str) -> None:
        """Judge what was published since but for the last, which leads to what no broker takes."""

        def all_but_the_last(decision: Decision, batch: Sequence[Read]) -> None:
            decision.judge(batch[:-1])
            decision.refuse(batch[-1], error)

        self._decide(all_but_the_last)

    def _decide(self, decide: Callable[[Decision, Sequence[Read]], None], *, commit: bool = True) -> None:
        batch = self.decider.read(self.commands[self.judged :], self.entities)
        while batch:
            together = batch[: self.decider.cut(batch)]
            decision = self.begin(together)
            decide(decision, together)
            if not commit:
                return
            self.commit(decision, len(together))
            batch = batch[len(together) :]

    def retain(self, taken: int) -> None:
        """Retention takes so many of the oldest dead letters."""
        self.letters_taken += len(self.dead_letters[:taken])
        del self.dead_letters[:taken]

    def begin(self, batch: Sequence[Read]) -> Decision:
        """A decision on a batch, with all that it needs to know."""
        keys = self.keys.made(self.aggregate.name, self.decider.people(batch))
        waiting = {
            command.subject: self._waiting(since, record)
            for record, command in batch
            if isinstance(command, Command) and self.decider.redrives(command)
            if (since := self.entities.parked.get(command.subject)) is not None
        }
        return self.decider.begin(self.entities, keys, waiting)

    def _waiting(self, since: int, redrive: Record) -> Letters:
        """What an owner reads of the entity that this redrives."""
        letters = Letters(since, redrive.timestamp)
        for letter in self.dead_letters:
            if letter.key == redrive.key and not letters.told:
                letters.add(letter)
        return letters

    def commit(self, decision: Decision, judged: int) -> None:
        """Write what so many commands led to, and know it."""
        output = decision.output
        _append(self.events, output.events)
        _append(self.replies, output.replies)
        _append(self.dead_letters, output.dead_letters, self.letters_taken)
        _append(self.snapshots, output.snapshots)
        self.statuses += output.statuses
        decision.overlay.merge()
        flush(self.entities)
        self.judged += judged

    def replayed(self, replies: Sequence[Stored] | None = None) -> Entities:
        """What a new owner knows; with other `replies` from these and events."""
        entities = Entities(Entity(self.aggregate.initial), self.snapshots_of.states, self.new_store(), cached=10)
        replied = None if replies is None else {key for reply in replies if (key := remembered_by(reply.json))}
        ids, beyond = self.allow_import, len(self.events)
        replay = Replay(self.aggregate, entities, self.snapshots_of, keep_event_ids=ids, beyond=beyond, replied=replied)
        replay.add_snapshots(self.snapshots)
        replay.add_events(self.events)
        for reply in self.replies if replies is None else replies:
            replay.add_replies([reply])
            flush(entities)
        replay.finish()
        return entities


def flush(entities: Entities) -> None:
    """Have the store keep all, as an owner does now and then."""
    for write in entities.flush({}, 0):
        if write:
            write()


def _append(topic: list[Stored], drafts: Sequence[Draft], taken: int = 0) -> None:
    for draft in drafts:
        topic.append(Stored(draft.key, draft.value, taken + len(topic), draft.timestamp, draft.headers))


def envelope(type_: str, subject: str, data: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A command as anyone would write it by hand."""
    id_ = more.pop("id", None) or str(uuid4())
    return {
        "specversion": "1.0",
        "id": id_,
        "source": "/tests",
        "type": type_,
        "subject": subject,
        "data": data,
        **more,
    }


def entity_id(number: int) -> str:
    """An id that every aggregate accepts."""
    return str(UUID(int=number, version=4))
