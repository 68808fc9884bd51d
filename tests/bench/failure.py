"""What ends a benchmark before its figures are there, and how that is told."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from service.local.failure import StackFailed
from tests.bench.progress import say

INTERRUPTED = 130


class BenchFailed(Exception):
    """It cannot go on, or what it measured was wrong; the message says what to do."""


def exit_code(measuring: Coroutine[Any, Any, None]) -> int:
    """Of a benchmark, which is run here; 1 where it failed."""
    try:
        asyncio.run(measuring)
    except (BenchFailed, StackFailed) as failure:
        say(f"bench: {failure}")
        return 1
    except KeyboardInterrupt:
        say("bench: interrupted")
        return INTERRUPTED
    return 0
