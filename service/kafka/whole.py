"""What has begun is done to its end, and only then is a cancellation heard."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def whole(work: Coroutine[Any, Any, T] | asyncio.Future[T]) -> T:
    """Do this to its end; raises what it raises, or CancelledError where that was asked meanwhile, however often."""
    task, asked = asyncio.ensure_future(work), None
    while not task.done():
        try:
            # Who awaits the task itself would cancel it when asked for the second time.
            await asyncio.wait({task})
        except asyncio.CancelledError as cancelled:
            asked = cancelled
    if asked is not None:
        with suppress(Exception):
            task.result()
        raise asked
    return task.result()
