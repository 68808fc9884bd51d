"""A history travels in pieces that a broker takes, under ids that follow from what they carry."""

from __future__ import annotations

from service.cli.history_chunks import Chunk, Entry, chunks
from service.domain import AGGREGATES

NOON = "2026-11-24T12:00:00Z"


def cut(length: int, name: str = "test_user") -> list[Chunk]:
    first = Entry("00000000-0000-0000-0000-000000000001", NOON, "UserCreated", {"username": name, "balance": 0})
    change = {"balance_change": 1}
    others = (
        Entry(f"00000000-0000-0000-0000-{number:012}", NOON, "UserBalanceChanged", change)
        for number in range(2, length + 1)
    )
    return list(chunks(AGGREGATES["user"], "1", [first, *others]))


def test_no_chunk_has_more_than_500_events_and_none_is_lost() -> None:
    assert [(1, 500), (501, 500), (1_001, 201)] == [(chunk.first_version, chunk.events) for chunk in cut(1_201)]


def test_no_chunk_is_larger_than_a_broker_takes() -> None:
    sizes = [len(chunk.content) for chunk in cut(1_201, "x" * 120_000)]
    assert len(sizes) == 4
    assert max(sizes) < 140_000


def test_the_same_chunk_has_the_same_id() -> None:
    [first], [second] = (cut(3) for _ in range(2))
    assert first.command_id == second.command_id


def test_another_chunk_has_another_id() -> None:
    [first], [second] = (cut(length) for length in (3, 4))
    assert first.command_id != second.command_id


def test_the_id_tells_nothing_of_a_name() -> None:
    [first], [second] = (cut(3, name) for name in ("test_user", "someone else"))
    assert first.command_id == second.command_id
