"""A log that was shortened is never gone on with, by however little: when power fails, each loses another end."""

from __future__ import annotations

import pytest

from service.domain import AGGREGATES
from service.kafka.unsafe import PartitionUnsafe
from tests.domain.atlantis import SHIP
from tests.domain.partition import HOUR, NOON, envelope
from tests.store.owning import Owning


@pytest.fixture
def owning(monkeypatch: pytest.MonkeyPatch) -> Owning:
    """Nobody has owned anything yet."""
    owning = Owning(AGGREGATES["ship"])
    owning.logs.serve(monkeypatch)
    return owning


@pytest.mark.parametrize("disk", ["lost", "kept"])
@pytest.mark.parametrize("kind", ["events", "replies"])
async def test_a_log_without_its_last_transaction_of_one_record_stops_its_partition(
    owning: Owning, kind: str, disk: str
) -> None:
    topic, ends = owning.topics.name(kind), owning.logs.ends
    await owning.ask(envelope("register_ship", SHIP, {"name": "a"}), NOON)
    before = ends[topic]
    await owning.ask(envelope("dock_ship", SHIP, {"port": "Rio"}), NOON)
    await owning.flush()
    await owning.kill()
    owning.logs.kept[topic].pop()
    ends[topic] = before
    if disk == "lost":
        owning.lose_disk()
    with pytest.raises(PartitionUnsafe, match=rf"ship\.{kind}\[0\] ends at 2, but once went on to 3"):
        await owning.acquire()


async def test_of_a_copy_which_has_no_markers_no_more_is_claimed_than_is_there(owning: Owning) -> None:
    ends, topic = owning.logs.ends, owning.topics.events
    for type_, data in (("register_ship", {"name": "a"}), ("dock_ship", {"port": "Rio"})):
        await owning.ask(envelope(type_, SHIP, data), NOON)
        await owning.kill()
        # As `fairlead topics migrate` makes it.
        ends[topic] = owning.logs.written[topic][-1].offset + 1
        assert ends[topic] == owning.checkpoint.events
    await owning.acquire()


@pytest.mark.parametrize("disk", ["lost", "kept"])
@pytest.mark.parametrize("kind", ["events", "snapshots"])
async def test_so_does_one_that_begins_behind_what_nothing_ever_removes(owning: Owning, kind: str, disk: str) -> None:
    await owning.ask(envelope("register_ship", SHIP, {"name": "a"}), NOON)
    await owning.flush()
    await owning.ask(envelope("dock_ship", SHIP, {"port": "Rio"}), NOON + HOUR)
    await owning.kill()
    owning.logs.retain(owning.topics.name(kind), NOON + HOUR)
    if disk == "lost":
        owning.lose_disk()
    with pytest.raises(PartitionUnsafe, match=rf"ship\.{kind}\[0\] begins at 2, .* restore the topic"):
        await owning.acquire()
