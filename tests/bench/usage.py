"""What a process and those it started cost while they work: CPU that they were given, memory that they held."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psutil

_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """At a time of the clock, in seconds: CPU seconds so far, user and system, of theirs and of strangers; megabytes.

    Strangers are all that is neither theirs nor the benchmark's own, servers included.
    """

    at: float
    cpu: float
    strangers: float
    rss: float


class Usage:
    """Of one child and its family, sampled whenever told to."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._samples: list[Sample] = []

    def sample(self) -> None:
        """Look now; a process that has ended is passed over."""
        ourselves = psutil.Process()
        all_of_ours = cpu = rss = 0.0
        for member in (ourselves, *ourselves.children(recursive=True)):
            with suppress(psutil.Error):
                # What those had that have ended is told by who started them: PostgreSQL has a process a connection.
                spent = sum(member.cpu_times()[:4])
                all_of_ours += spent
                if self._pid in {member.pid, member.ppid()}:
                    cpu += spent
                    rss += member.memory_info().rss / _MB
        everybody = psutil.cpu_times()
        strangers = everybody.user + everybody.nice + everybody.system - all_of_ours
        self._samples.append(Sample(time.time(), cpu, strangers, rss))

    @property
    def rss(self) -> float:
        """The most megabytes that they held."""
        return max((sample.rss for sample in self._samples), default=0.0)

    def cpu_between(self, begin: float, end: float) -> float:
        """CPU seconds that they were given between two times of the clock."""
        return self._at(end, lambda sample: sample.cpu) - self._at(begin, lambda sample: sample.cpu)

    @property
    def cpu(self) -> float:
        """CPU seconds that they were given from the first look to the last."""
        return self._samples[-1].cpu - self._samples[0].cpu

    @property
    def strangers_cores(self) -> float:
        """How many cores strangers had from the first look to the last."""
        first, last = self._samples[0], self._samples[-1]
        return round(max(0.0, last.strangers - first.strangers) / max(last.at - first.at, 0.001), 2)

    def _at(self, at: float, what: Callable[[Sample], float]) -> float:
        earlier = next((sample for sample in reversed(self._samples) if sample.at <= at), self._samples[0])
        later = next((sample for sample in self._samples if sample.at >= at), self._samples[-1])
        if later.at <= earlier.at:
            return what(earlier)
        return what(earlier) + (what(later) - what(earlier)) * (at - earlier.at) / (later.at - earlier.at)
