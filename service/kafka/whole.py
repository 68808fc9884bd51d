"""What has begun is done to its end, and only then is a cancellation heard."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any


async def whole(work: Coroutine[Any, Any, None]) -> None:
    """Do this to its end; raises what it raises, or CancelledError where that was asked meanwhile, however it ends."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        with suppress(Exception):
            await task
        raise
