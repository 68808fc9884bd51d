"""Who takes a partition's store waits for whoever in this process has it: an empty copy would have to be filled."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from service.domain import AGGREGATES
from service.kafka.opening import open_store
from service.kafka.terms import Terms
from service.store.shelf import RocksShelf
from tests.store.owning import Owning


@pytest.fixture
def terms(shelf: RocksShelf) -> Terms:
    return replace(Owning(AGGREGATES["ship"]).terms, shelf=shelf)


async def test_the_next_one_has_what_the_last_one_knew(terms: Terms) -> None:
    told = list[str]()
    opened, let_go = asyncio.Event(), asyncio.Event()

    async def one() -> None:
        async with open_store(terms, 0) as store:
            opened.set()
            await let_go.wait()
            store.write([("a", "key", b"known")], [])
            told.append("last")

    async def next_one() -> bytes | None:
        async with open_store(terms, 0) as store:
            told.append("next")
            return store.get("a", "key")

    last = asyncio.create_task(one())
    await opened.wait()
    asking = asyncio.create_task(next_one())
    async with open_store(terms, 1):
        # Another partition's is had meanwhile.
        let_go.set()
    assert b"known" == await asking
    await last
    assert ["last", "next"] == told


async def test_who_is_told_to_stop_while_it_waits_leaves_the_store_to_others(terms: Terms) -> None:
    async with open_store(terms, 0) as store:
        waiting = asyncio.create_task(open_store(terms, 0).__aenter__())
        await asyncio.wait({waiting}, timeout=0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        store.write([("a", "key", b"known")], [])
    async with open_store(terms, 0) as again:
        assert b"known" == again.get("a", "key")
