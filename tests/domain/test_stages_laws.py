"""Judging in stages leads to what judging one command after the other does, byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.bounds import Message
from fairlead.user import UserCreated
from service.commands import personal
from service.commands.decision import Decision
from service.commands.encoding import Encoder
from service.commands.entities import Entities
from service.commands.ports import StoreBroken
from service.domain import AGGREGATES, Aggregate
from service.domain.aggregate import Rejected
from tests.domain.atlantis import DEPART, LOAD, OTHER, REGISTER, SHIP, SINK
from tests.domain.failing import failing
from tests.domain.partition import Partition, entity_id, envelope
from tests.domain.partition_histories import histories
from tests.domain.strategies import aggregates

_Decide = Callable[[Any, Any, str], Sequence[Message]]
_Partition = TypeVar("_Partition", bound=Partition)
_DOCK = envelope("dock_ship", SHIP, {"port": "Rio"})
_USER = envelope("create_user", SHIP, {"username": "Nemo", "balance": 5})
_PAYS = envelope("change_balance", SHIP, {"balance_change": -1})
_REDRIVE = envelope("redrive_parked", SHIP, {})
_HEADERS = st.sampled_from([(), (), (("traceparent", b"00-1"), ("other", b"1"))])
_CORRELATED = st.sampled_from([{}, {}, {"correlationid": 'a "quoted" one'}])
_ONE_IN_TEN = st.sampled_from([True, *[False] * 9])
_ALWAYS_NEW = st.booleans()
_PARK = st.booleans()


@pytest.fixture(params=aggregates, ids=lambda aggregate: aggregate.name, scope="module")
def aggregate(request: pytest.FixtureRequest) -> Aggregate:
    found: Aggregate = request.param
    return found


@pytest.fixture(autouse=True, scope="module")
def _the_same_seal_each_time() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(personal, "os", SimpleNamespace(urandom=bytes))
        yield


@given(st.data())
def test_of_any_history(aggregate: Aggregate, data: st.DataObject) -> None:
    _law(lambda: aggregate, data)


@given(st.data())
def test_of_any_history_in_which_code_fails(aggregate: Aggregate, data: st.DataObject) -> None:
    _law(lambda: failing(aggregate), data)


def _law(aggregate: Callable[[], Aggregate], data: st.DataObject) -> None:
    park = data.draw(_PARK)
    one, other = Partition(aggregate(), park=park), _one_by_one(Partition(aggregate(), park=park))
    other.keys = one.keys
    new = data.draw(_ALWAYS_NEW)
    for number, (command, time, _) in enumerate(data.draw(histories(one.aggregate, control=True))):
        said = command | data.draw(_CORRELATED) | ({"id": entity_id(number)} if new else {})
        value = orjson.dumps(said)[: -3 if data.draw(_ONE_IN_TEN) else None]
        headers, ends = data.draw(_HEADERS), data.draw(_ONE_IN_TEN)
        for partition in (one, other):
            partition.publish(command["subject"].encode(), value, at=time, headers=headers)
            if ends:
                partition.judge()
    for partition in (one, other):
        partition.judge()
    assert _all_of(one) == _all_of(other)


def _no(*_: object) -> Sequence[Message]:
    raise Rejected("no", b"of no text")  # type: ignore[arg-type]  # as code with a fault would


def _not_even(*_: object) -> Sequence[Message]:
    raise Rejected(["no"], "")  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    "fault", [_no, _not_even, lambda *_: [_USER], lambda *_: None], ids=["reply", "count", "event", "none"]
)
def test_of_code_whose_answer_nobody_can_write(fault: _Decide) -> None:
    def rules() -> Aggregate:
        ship = AGGREGATES["ship"]
        return replace(ship, decide=lambda one, *more: (fault if "quantity" in vars(one) else ship.decide)(one, *more))

    commands = [REGISTER, _DOCK, LOAD, DEPART, REGISTER | {"subject": OTHER}]
    one, other = _asked(Partition(rules()), commands), _asked(_one_by_one(Partition(rules())), commands)
    assert _all_of(one) == _all_of(other)
    assert 5 == len(one.replies)
    assert {SHIP: 2} == one.entities.parked


def test_what_waits_behind_such_code_is_not_lost() -> None:
    faults: list[_Decide] = [lambda *_: 1 / 0]  # type: ignore[list-item]  # it leads to nothing

    def decide(command: Any, state: Any, ship: str) -> Sequence[Message]:
        at_fault = {"port": "Atlantis", "quantity": 5}.items() & vars(command).items()
        return (faults[0] if faults and at_fault else AGGREGATES["ship"].decide)(command, state, ship)

    partition = _asked(Partition(replace(AGGREGATES["ship"], decide=decide)), [REGISTER, SINK, LOAD, DEPART])
    assert {SHIP: 1} == partition.entities.parked
    faults[:] = [_no]
    _asked(partition, [_REDRIVE])
    assert {SHIP: 1} == partition.entities.parked
    faults.clear()
    _asked(partition, [_REDRIVE | {"id": str(uuid4())}])
    assert {} == partition.entities.parked
    assert ["ShipRegistered", "ShipDocked", "CargoLoaded", "ShipDeparted"] == _types(partition)


@pytest.mark.parametrize("failing_at", ["events", "replies"])
def test_what_fails_once_it_is_decided_is_found_one_by_one(failing_at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = getattr(Encoder, failing_at)

    def encoded(self: Encoder, judged: Sequence[Any]) -> Any:
        if any(one.command.type == "load_cargo" for one in judged):
            raise ZeroDivisionError
        return sound(self, judged)

    monkeypatch.setattr(Encoder, failing_at, encoded)
    partition = _asked(Partition(AGGREGATES["ship"]), [REGISTER, _DOCK, LOAD, DEPART, REGISTER | {"subject": OTHER}])
    assert ["accepted", "accepted", "failed", "failed", "accepted"] == _statuses(partition)
    assert ["ShipRegistered", "ShipDocked", "ShipRegistered"] == _types(partition)


def test_a_store_that_breaks_in_a_run_is_no_fault_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Entities, entity: str) -> Any:
        if entity == OTHER:
            raise StoreBroken
        return partition.entities.initial

    partition = Partition(AGGREGATES["ship"])
    batch = partition.decider.read(_published(partition, [REGISTER, REGISTER | {"subject": OTHER}]), partition.entities)
    decision = partition.begin(batch)
    monkeypatch.setattr(Entities, "entity", broken)
    with pytest.raises(StoreBroken):
        decision.judge(batch)
    assert not decision.output.replies


def test_ordinary_commands_are_judged_in_stages_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    users = _asked(Partition(AGGREGATES["user"]), [_USER])
    monkeypatch.delattr(Decision, "_judge")
    _asked(users, [_PAYS, envelope("delete_user", SHIP, {})])
    assert ["accepted"] * 3 == _statuses(users)
    stale = envelope("depart_ship", SHIP, {}, expectedversion=7)
    again = LOAD | {"id": str(uuid4())}
    ships = _asked(Partition(AGGREGATES["ship"]), [REGISTER, _DOCK, LOAD, stale, DEPART, again])
    assert ["accepted", "accepted", "accepted", "conflict", "accepted", "rejected"] == _statuses(ships)


def test_an_event_with_personal_data_is_not_written_without_a_key() -> None:
    named = UserCreated(username="Nemo", balance=1)
    partition = _asked(Partition(replace(AGGREGATES["user"], decide=lambda *_: [named])), [_PAYS])
    assert ["LookupError"] == [reply.json["data"]["message"] for reply in partition.replies]
    assert [] == partition.events


def _one_by_one(partition: _Partition) -> _Partition:
    partition.decider._judge.plain = frozenset()  # noqa: SLF001  # only a test wants it
    return partition


def _published(partition: Partition, commands: Sequence[dict[str, Any]]) -> Sequence[Any]:
    for command in commands:
        partition.publish(command["subject"].encode(), orjson.dumps(command))
    return partition.commands


def _asked(partition: _Partition, commands: Sequence[dict[str, Any]]) -> _Partition:
    _published(partition, commands)
    partition.judge()
    return partition


def _statuses(partition: Partition) -> list[str]:
    return [reply.json["data"]["status"] for reply in partition.replies]


def _types(partition: Partition) -> list[str]:
    return [event.json["type"] for event in partition.events]


def _all_of(partition: Partition) -> list[Any]:
    """What was written, but for where code failed, and all that is known after it."""
    topics = (partition.events, partition.replies, partition.dead_letters, partition.snapshots)
    written = [
        (record.key, record.value, record.timestamp, record.said | {"fairlead-traceback": ""})
        for topic in topics
        for record in topic
    ]
    store, entities = partition.entities.store, partition.entities
    known = [(space, *item) for space in sorted(store.spaces()) for item in store.items(space)]
    return [written, known, partition.statuses, entities.parked, entities.clock]
