"""Of consumers that are about to start when their client is closed nothing is left behind."""

from __future__ import annotations

import asyncio

import pytest

from fairlead.kafka.followers import Followers


async def test_closing_returns_once_those_have_stopped_that_were_starting() -> None:
    followers, begun, stopped = Followers(), asyncio.Event(), asyncio.Event()

    async def starting() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            # As a consumer that closes its connections.
            await asyncio.to_thread(lambda: None)
            stopped.set()

    asking = asyncio.create_task(followers.unless_closed(starting()))
    await begun.wait()
    await followers.close()
    assert stopped.is_set()
    with pytest.raises(ConnectionError):
        await asking


async def test_what_started_as_its_caller_was_cancelled_is_stopped() -> None:
    go_on, stopped = asyncio.Event(), []

    async def starting() -> str:
        await go_on.wait()
        return "consumer"

    async def undo(started: str) -> None:
        stopped.append(started)

    asking = asyncio.create_task(Followers().unless_closed(starting(), undo))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.sleep(0)
    # It has come to its end in this turn, and its caller has not had one yet.
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert ["consumer"] == stopped
