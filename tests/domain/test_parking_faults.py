"""Code that fails before it is known that a command waits: it is told so, and the command is kept all the same."""

from __future__ import annotations

from uuid import uuid4

import orjson
import pytest

from service.domain import AGGREGATES
from tests.domain.atlantis import DEPART, LOAD, OTHER, REGISTER, SHIP, Ships, sunk
from tests.domain.failing import Blind
from tests.domain.partition_histories import assert_equal

FAILED, WAITS = ("failed", "internal_error"), ("failed", "parked")


def test_what_waits_is_told_so_before_its_content_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    partition = sunk()
    with monkeypatch.context() as patch:
        patch.delattr("service.commands.decision.command_digest")
        assert WAITS == partition.told(LOAD | {"id": str(uuid4())})
        # Whether it is a repeat cannot be said without.
        assert FAILED == partition.told(REGISTER)
    assert ("internal_error", "5", None) == partition.letter()
    assert [{"from": 1}] == [one.json["parked"] for one in partition.snapshots]
    partition.rules.mended = True
    assert "accepted" == partition.redrive()["status"]
    assert [("accepted", None), ("rejected", "not_docked"), ("accepted", None), ("accepted", None)] == partition.last(4)
    assert partition.replies[-2].json["data"]["duplicate"]


def test_a_fault_in_reading_what_would_wait_is_told_and_it_waits_like_the_others() -> None:
    partition = sunk()
    sound, partition.decider = partition.decider, partition.decider_with(Blind(partition.aggregate))
    assert FAILED == partition.told(LOAD | {"id": str(uuid4())})
    assert ("internal_error", "4", None) == partition.letter()
    assert {SHIP: 1} == partition.entities.parked
    partition.decider, partition.rules.mended = sound, True
    assert "accepted" == partition.redrive()["status"]
    assert ("rejected", "not_docked") == partition.last(2)[0]
    assert_equal(partition.entities, partition.replayed())


@pytest.mark.parametrize(
    ("key", "value", "parked"),
    [
        (SHIP.encode(), orjson.dumps(DEPART), {SHIP: 0}),
        (OTHER.encode(), orjson.dumps(DEPART), {}),
        (SHIP.encode(), b"\xff", {}),
        (b"\xff", None, {}),
        (None, orjson.dumps(DEPART | {"subject": 1}), {}),
    ],
)
def test_a_fault_in_reading_is_answered_as_far_as_it_can_be(
    key: bytes | None, value: bytes | None, parked: dict[str, int]
) -> None:
    partition = Ships()
    partition.decider = partition.decider_with(Blind(AGGREGATES["ship"]))
    partition.publish(key, value)
    partition.judge()
    [letter] = partition.dead_letters
    assert (key, value) == (letter.key, letter.value)
    assert "RecursionError" in letter.said["fairlead-traceback"]
    assert [FAILED] * (value is not None and b"id" in value) == partition.last(1)
    assert parked == partition.entities.parked
