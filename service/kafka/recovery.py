"""How an owner goes on after something went wrong: always by reading anew, after a pause that fits the fault."""

from __future__ import annotations

import random
from dataclasses import dataclass

from aiokafka.errors import ProducerFenced
from structlog.typing import FilteringBoundLogger

from service.commands.ports import StoreBroken
from service.kafka.transaction import Refused, Tainted
from service.kafka.unsafe import PartitionUnsafe

_FIRST_SECONDS, _LONGEST_SECONDS = 0.25, 5.0
_FIRST_FENCED_SECONDS, _LONGEST_FENCED_SECONDS = 1.5, 30.0
_UNSAFE_SECONDS = 60.0
# Who was not fenced for so long has no rival.
_UNRIVALLED_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Remedy:
    """What happened in a word and in a sentence, and how long to wait before reading anew."""

    why: str
    reason: str
    seconds: float

    @property
    def stopped(self) -> bool:
        """Whether somebody has to do something."""
        return self.why == "unsafe"

    @property
    def fenced(self) -> bool:
        """Whether there is another owner."""
        return self.why == "fenced"

    def tell(self, log: FilteringBoundLogger, error: Exception) -> None:
        """Log it, with a trace where nobody foresaw it."""
        if self.stopped:
            log.error("partition stopped", reason=self.reason, again_in_s=self.seconds)
        elif self.fenced:
            log.warning("fenced", reason=self.reason, again_in_s=self.seconds)
        else:
            trace = error if self.why == "failed" else None
            log.warning("acquiring anew", why=self.why, reason=self.reason, exc_info=trace)


class Recovery:
    """Remembers how often in a row it was needed."""

    def __init__(self) -> None:
        self._failures = 0
        self._fences = 0
        self._fenced_at = 0.0

    def worked(self) -> None:
        """A transaction was committed."""
        self._failures = 0

    def remedy(self, error: Exception, now: float) -> Remedy:
        """What to do about an error, at a time in seconds."""
        match error:
            case PartitionUnsafe():
                return Remedy("unsafe", str(error), _UNSAFE_SECONDS)
            case Tainted():
                return Remedy("tainted", "a request to the broker failed on its way", 0.0)
            case ProducerFenced():
                # Longer each time, whatever was done in between: else two deployments, which both believe that they
                # are the owner, fence each other in turns for ever, and read the log anew each time.
                self._fences = 0 if now - self._fenced_at > _UNRIVALLED_SECONDS else self._fences + 1
                self._fenced_at = now
                seconds = _growing(self._fences, _FIRST_FENCED_SECONDS, _LONGEST_FENCED_SECONDS)
                return Remedy("fenced", "another owner has started, or a transaction took too long", seconds)
        seconds = _growing(self._failures, _FIRST_SECONDS, _LONGEST_SECONDS)
        self._failures += 1
        if isinstance(error, StoreBroken):
            return Remedy("store", str(error), seconds)
        if isinstance(error, Refused):
            return Remedy("refused", f"the broker takes no such record: {error}", seconds)
        return Remedy("failed", f"{type(error).__name__}: {error}", seconds)


def _growing(times: int, first: float, longest: float) -> float:
    return min(first * 2.0 ** min(times, 10), longest) * random.uniform(0.5, 1.5)  # noqa: S311  # jitter is no secret
