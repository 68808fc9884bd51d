"""Events as the service writes them, and what they come to by the checker's rules, before any projection has them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from types import ModuleType
from typing import Any
from uuid import UUID

import orjson

from fairlead.envelope import Command
from service.audit import ship, user
from service.commands.encoding import Encoder
from service.commands.identity import NewEvent, event_id
from service.commands.judged import Judged
from service.commands.ports import Draft
from service.commands.stored import Outcome
from service.domain import AGGREGATES
from tests.bench.commands import Workload

SHIPS, USERS = 20_000, 20_000
_BEGAN = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
_SEALED_BYTES = 12 + 16 + 16  # nonce, a name, tag
_DELETED = 0.001
_CORRELATED = 4  # one in so many has a correlation id

Intent = tuple[str, str, dict[str, Any]]  # entity id, type of a command, data


@dataclass(slots=True)
class History:
    """Events of one aggregate in their order; `states` has version and state of each entity after them."""

    aggregate: str
    events: list[Draft] = field(default_factory=list)
    states: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)


def ships(events: int) -> History:
    """So many events of ships, those of each between those of all others."""
    return _decided("ship", ship, _ship_intents(), events)


def users(events: int) -> History:
    """So many events of users."""
    return _decided("user", user, _user_intents(Random(3)), events)


def _ship_intents() -> Iterator[Intent]:
    for key, value in Workload(seed=2, ships=SHIPS).commands(10**9):
        command = orjson.loads(value)
        yield key.decode(), command["type"], command["data"]


def _user_intents(random: Random) -> Iterator[Intent]:
    ids = [_uuid(random) for _ in range(USERS)]
    known: set[str] = set()
    while True:
        id_ = random.choice(ids)
        if id_ not in known:
            known.add(id_)
            sealed = base64.b64encode(random.randbytes(_SEALED_BYTES)).decode()
            name = {"alg": "A256GCM", "kid": _uuid(random), "value": sealed}
            yield id_, "create_user", {"username": name, "balance": random.randint(0, 10_000)}
        elif random.random() < _DELETED:
            yield id_, "delete_user", {}
        else:
            yield id_, "change_balance", {"balance_change": random.randint(-500, 600)}


def _decided(aggregate: str, rules: ModuleType, intents: Iterable[Intent], events: int) -> History:
    """The first so many events that these lead to; what the rules refuse leads to none."""
    history = History(aggregate)
    encoder, random = Encoder(AGGREGATES[aggregate], 0, ""), Random(4)
    for entity_id, kind, data in intents:
        if len(history.events) == events:
            break
        version, state = history.states.get(entity_id, (0, None))
        try:
            type_, decided = rules.decide(kind, data, state, entity_id)
        except ship.Refusal:
            continue
        history.states[entity_id] = version + 1, rules.apply(type_, decided, state)
        number, cause = len(history.events), _uuid(random)
        event = NewEvent(
            AGGREGATES[aggregate].read_event(type_, decided),
            event_id(aggregate, entity_id, version + 1, cause),
            version + 1,
            _BEGAN + number * 1_000,
        )
        correlated = f"bench-{number}" if number % _CORRELATED == 0 else None
        command = Command(cause, kind, entity_id, event.message, None, correlated)
        record = _Commanded(entity_id.encode(), event.time // 1_000)
        digest = f"{random.getrandbits(128):032x}"
        outcome = Outcome("accepted", None, None, event.version, (), digest, event.time)
        history.events += encoder.events([Judged(record, command, outcome, [event], event.time)])
    return history


@dataclass(frozen=True, slots=True)
class _Commanded:
    """The command's record, as far as its event is like it."""

    key: bytes | None
    timestamp: int
    value: bytes | None = None
    partition: int = 0
    offset: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))
