"""When what an owner has decided goes into its local store: often enough that who comes next reads little."""

from __future__ import annotations

from time import perf_counter

from service.kafka.local import Local

# Some 20 ms of work, half of it in one step.
_FLUSHED = 5_000
_FLUSH_SECONDS = 1.0


class Keeping:
    """Flushes what is known when there is enough of it, or when it has waited for long."""

    def __init__(self, local: Local) -> None:
        self._local = local
        self._at = perf_counter()

    async def flushed(self) -> bool:
        """Flush if it is time to; whether it was."""
        seconds, unflushed = perf_counter() - self._at, self._local.unflushed
        if unflushed < _FLUSHED and (not unflushed or seconds < _FLUSH_SECONDS):
            return False
        await self._local.flush()
        self._at = perf_counter()
        return True
