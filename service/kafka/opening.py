"""Opening a store takes its time, in which nothing else shall wait, and nobody may forget to close it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from service.commands.ports import LocalStore, StoreBroken
from service.kafka.terms import Terms
from service.kafka.whole import whole


@asynccontextmanager
async def open_store(terms: Terms, partition: int) -> AsyncIterator[LocalStore]:
    """The store of a partition; one that breaks is emptied, to be filled anew. Raises StoreBroken.

    Who had it before in this process has let go of it first: else it would be locked, and an empty copy taken.
    """
    async with terms.opened[partition], _opened(terms, partition) as store:
        yield store


@asynccontextmanager
async def _opened(terms: Terms, partition: int) -> AsyncIterator[LocalStore]:
    opening = asyncio.ensure_future(asyncio.to_thread(terms.shelf.open, f"{terms.topics.events}-{partition}"))
    try:
        store = await whole(opening)
    except asyncio.CancelledError:
        # A thread cannot be cancelled: it has opened the store for nobody, or failed to, by whatever the disk says.
        with suppress(Exception):
            opening.result().close()
        raise
    try:
        yield store
    except StoreBroken:
        await whole(asyncio.to_thread(store.renew))
        raise
    finally:
        # Whether it could keep all is for the next one to find out; who was told to stop must hear that, and not this.
        with suppress(StoreBroken):
            store.close()
