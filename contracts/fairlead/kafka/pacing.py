"""Whoever has much to do takes a breath, so that more comes at once: a request costs as much as many commands."""

from __future__ import annotations

import asyncio

_MANY = 8
_BREATH = 0.004


async def breathe(done: int, *, more: bool = False) -> None:
    """Let others go on after so many records: for a while where they were many, unless more is there already."""
    await asyncio.sleep(_BREATH if done >= _MANY and not more else 0)
