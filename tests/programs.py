"""Programs that end by themselves, and do not outlive a test where they fail to."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process


async def said_within(seconds: float, process: Process) -> tuple[bytes, bytes]:
    """What a program wrote to both its pipes until it ended; raises TimeoutError, and then it is killed."""
    try:
        return await asyncio.wait_for(process.communicate(), seconds)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
