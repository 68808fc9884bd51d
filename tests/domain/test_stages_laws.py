"""Judging in stages leads to what judging one command after the other does, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import TypeVar
from uuid import uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.user import UserCreated
from service.commands import personal
from service.commands.decision import Decision
from service.commands.encoding import Encoder
from service.commands.judged import Judged
from service.commands.ports import Draft
from service.domain import AGGREGATES, Aggregate
from tests.domain.atlantis import DEPART, LOAD, OTHER, REGISTER, SHIP, Ships
from tests.domain.partition import Partition, Stored, envelope
from tests.domain.partition_histories import assert_equal, histories, publish
from tests.domain.strategies import aggregates
from tests.domain.troubles import Troubled

_Partition = TypeVar("_Partition", bound=Partition)
_DOCK = envelope("dock_ship", SHIP, {"port": "Rio"})


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
    one, other = Partition(aggregate), _one_by_one(Partition(aggregate))
    _assert_same(one, other, data)


@given(st.data())
def test_of_any_history_in_which_code_fails(aggregate: Aggregate, data: st.DataObject) -> None:
    one, other = Troubled(aggregate), _one_by_one(Troubled(aggregate))
    _assert_same(one, other, data)


def test_what_fails_once_it_is_decided_is_found_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    replies = Encoder.replies

    def failing(self: Encoder, judged: Iterable[Judged]) -> list[Draft]:
        if any(one.command.type == "load_cargo" for one in judged):
            raise ZeroDivisionError
        return replies(self, judged)

    monkeypatch.setattr(Encoder, "replies", failing)
    partition = _asked(REGISTER, _DOCK, LOAD, DEPART, REGISTER | {"subject": OTHER})
    assert [("accepted", None), ("accepted", None)] == partition.last(5)[:2]
    assert [("failed", "internal_error"), ("failed", "parked"), ("accepted", None)] == partition.last(3)
    assert ["ShipRegistered", "ShipDocked", "ShipRegistered"] == [event.json["type"] for event in partition.events]
    assert_equal(partition.entities, partition.replayed())


def test_ordinary_commands_are_judged_in_stages_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Decision, "_judge")
    stale = envelope("depart_ship", SHIP, {}, expectedversion=7)
    partition = _asked(REGISTER, _DOCK, LOAD, stale, DEPART, LOAD | {"id": str(uuid4())})
    accepted = ("accepted", None)
    expected = [*[accepted] * 3, ("conflict", "version_conflict"), accepted, ("rejected", "not_docked")]
    assert expected == partition.last(6)


def test_an_event_with_personal_data_is_not_written_without_a_key() -> None:
    named = UserCreated(username="Nemo", balance=1)
    partition = Partition(replace(AGGREGATES["user"], decide=lambda *_: [named]))
    told = partition.ask(envelope("change_balance", SHIP, {"balance_change": 1}))
    assert ("failed", "LookupError") == (told["data"]["status"], told["data"]["message"])
    assert [] == partition.events


def _one_by_one(partition: _Partition) -> _Partition:
    partition.decider._judge.plain = frozenset()  # noqa: SLF001  # only a test wants it
    return partition


def _assert_same(one: Partition, other: Partition, data: st.DataObject) -> None:
    history = data.draw(histories(one.aggregate, control=True))
    other.keys = one.keys
    for partition in (one, other):
        publish(partition, history)
    assert _written(one) == _written(other)
    assert one.statuses == other.statuses
    assert_equal(one.entities, other.entities)


def _written(partition: Partition) -> list[tuple[bytes | None, bytes | None, dict[str, str]]]:
    """All of it but for where code failed."""
    topics: list[list[Stored]] = [partition.events, partition.replies, partition.dead_letters, partition.snapshots]
    return [
        (record.key, record.value, record.said | {"fairlead-traceback": ""}) for topic in topics for record in topic
    ]


def _asked(*commands: dict[str, object]) -> Ships:
    partition = Ships()
    for command in commands:
        partition.publish(str(command["subject"]).encode(), orjson.dumps(command))
    partition.judge()
    return partition
