"""A history travels in pieces that a broker takes, under ids that follow from what they carry."""

from __future__ import annotations

from datetime import UTC, datetime

from fairlead.user import UserBalanceChanged, UserCreated
from service.cli.history_file import Row
from service.cli.history_send import chunk_id, chunks
from service.domain import AGGREGATES

USER = AGGREGATES["user"]
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def history(length: int, name: str = "test_user") -> list[Row]:
    first = Row(1, "1", "00000000-0000-0000-0000-000000000001", NOON, UserCreated(username=name, balance=0))
    change = UserBalanceChanged(balance_change=1)
    return [first, *(Row(n, "1", f"00000000-0000-0000-0000-{n:012}", NOON, change) for n in range(2, length + 1))]


def test_no_chunk_has_more_than_500_events_and_none_is_lost() -> None:
    found = list(chunks("1", history(1_201)))
    assert [(1, 500), (501, 500), (1_001, 201)] == [(chunk.first_version, len(chunk.events)) for chunk in found]


def test_the_same_chunk_has_the_same_id() -> None:
    [first], [second] = (list(chunks("1", history(3))) for _ in range(2))
    assert chunk_id(USER, first) == chunk_id(USER, second)


def test_another_chunk_has_another_id() -> None:
    [first], [second] = (list(chunks("1", history(length))) for length in (3, 4))
    assert chunk_id(USER, first) != chunk_id(USER, second)


def test_the_id_tells_nothing_of_a_name() -> None:
    [first], [second] = (list(chunks("1", history(3, name))) for name in ("test_user", "someone else"))
    assert chunk_id(USER, first) == chunk_id(USER, second)
