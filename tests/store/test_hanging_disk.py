"""A disk that hangs holds up its own partition, and nothing else of the process."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace
from threading import Event

import pytest

from service.commands.ports import Put, StoreBroken
from service.domain import AGGREGATES
from service.kafka.opening import open_store
from tests.domain.memory import MemoryShelf, MemoryStore
from tests.domain.partition import NOON, entity_id, envelope
from tests.store.owning import Owning

_HANGS_SECONDS = 5.0


class Hanging(MemoryStore):
    """Once it `hangs` it keeps nothing until it is `released`, or for some seconds at most."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs = self.written = self.renewed = False
        self.begun, self.released = Event(), Event()

    def renew(self) -> None:
        """Forget everything, but not at once."""
        if self.hangs:
            self.begun.set()
            self.released.wait(_HANGS_SECONDS)
        super().renew()
        self.renewed = self.hangs

    def write(self, puts: Collection[Put], deletes: Collection[tuple[str, str]]) -> None:
        """Keep it, but not at once."""
        if self.hangs:
            self.begun.set()
            self.released.wait(_HANGS_SECONDS)
        super().write(puts, deletes)
        self.written = self.hangs


async def flushing(monkeypatch: pytest.MonkeyPatch) -> tuple[Hanging, asyncio.Task[None]]:
    """An owner that is about to have its disk keep what it knows, and that disk, which hangs."""
    disk = Hanging()
    owning = Owning(AGGREGATES["ship"], disk=disk)
    owning.logs.serve(monkeypatch)
    await owning.ask(envelope("register_ship", entity_id(1), {"name": "a"}), NOON)
    disk.hangs = True
    flush = asyncio.create_task(owning.flush())
    await asyncio.to_thread(disk.begun.wait)
    return disk, flush


async def test_others_go_on_while_a_disk_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    disk, flush = await flushing(monkeypatch)
    assert not disk.written
    disk.released.set()
    await flush
    assert disk.written


async def test_others_go_on_while_a_copy_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    owning, disk = Owning(AGGREGATES["ship"]), Hanging()
    owning.logs.serve(monkeypatch)
    disk.hangs = True
    acquiring = asyncio.create_task(owning.acquired(disk))
    await asyncio.to_thread(disk.begun.wait)
    assert not disk.renewed
    disk.released.set()
    await acquiring
    assert disk.renewed


async def test_others_go_on_while_one_that_broke_is_emptied() -> None:
    disk = Hanging()
    disk.hangs = True

    class Shelf(MemoryShelf):
        def open(self, name: str) -> MemoryStore:  # noqa: ARG002  # as its base
            return disk

    async def work() -> None:
        async with open_store(replace(Owning(AGGREGATES["ship"]).terms, shelf=Shelf()), 0):
            raise StoreBroken("full")

    working = asyncio.create_task(work())
    await asyncio.to_thread(disk.begun.wait)
    assert not disk.renewed
    disk.released.set()
    with pytest.raises(StoreBroken):
        await working
    assert disk.renewed


async def test_a_store_is_let_go_only_when_its_disk_has_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    disk, flush = await flushing(monkeypatch)
    # Who stands by for a partition is told to stop by its new owner, and by who looks after all of them.
    for _ in range(3):
        flush.cancel()
        await asyncio.wait({flush}, timeout=0.1)
        assert not flush.done()
    disk.released.set()
    with pytest.raises(asyncio.CancelledError):
        await flush
    assert disk.written


async def test_a_store_that_is_opened_for_nobody_is_closed_however_often_that_is_told() -> None:
    begun, released, closed = Event(), Event(), Event()

    class Shelf(MemoryShelf):
        def open(self, name: str) -> MemoryStore:
            begun.set()
            released.wait(_HANGS_SECONDS)
            store = super().open(name)
            store.close = closed.set  # type: ignore[method-assign]  # to hear of it
            return store

    terms = replace(Owning(AGGREGATES["ship"]).terms, shelf=Shelf())
    opening = asyncio.create_task(open_store(terms, 0).__aenter__())
    await asyncio.to_thread(begun.wait)
    for _ in range(3):
        opening.cancel()
        await asyncio.wait({opening}, timeout=0.1)
    released.set()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert closed.is_set()


@pytest.mark.parametrize("fault", [StoreBroken, OSError])
async def test_who_was_told_to_stop_hears_that_though_the_store_breaks_while_it_is_opened(
    fault: type[Exception],
) -> None:
    begun, released = Event(), Event()

    class Shelf(MemoryShelf):
        def open(self, name: str) -> MemoryStore:
            begun.set()
            released.wait(_HANGS_SECONDS)
            raise fault(name)

    opening = asyncio.create_task(open_store(replace(Owning(AGGREGATES["ship"]).terms, shelf=Shelf()), 0).__aenter__())
    await asyncio.to_thread(begun.wait)
    opening.cancel()
    await asyncio.wait({opening}, timeout=0.1)
    released.set()
    with pytest.raises(asyncio.CancelledError):
        await opening


async def test_who_was_told_to_stop_hears_that_though_the_store_breaks_while_it_is_closed() -> None:
    opened = asyncio.Event()

    class Breaking(MemoryStore):
        def close(self) -> None:
            raise StoreBroken("full")

    class Shelf(MemoryShelf):
        def open(self, name: str) -> MemoryStore:  # noqa: ARG002  # as its base
            return Breaking()

    async def work() -> None:
        async with open_store(replace(Owning(AGGREGATES["ship"]).terms, shelf=Shelf()), 0):
            opened.set()
            await asyncio.Event().wait()

    working = asyncio.create_task(work())
    await opened.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
