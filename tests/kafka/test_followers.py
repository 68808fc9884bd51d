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
