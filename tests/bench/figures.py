"""From when replies were written to figures: of the middle four fifths, where neither start nor end count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from tests.bench.usage import Usage

Figures = Mapping[str, float]


def figures(times: Sequence[float], usage: Usage) -> Figures:
    """What was done in a second, and at what cost, between the 10th and the 90th percentile of these times.

    `strangers_cores` is how many cores the machine gave meanwhile to what has nothing to do with it.
    """
    ordered = sorted(times)
    first, last = len(ordered) // 10, len(ordered) * 9 // 10
    begin, end = ordered[first], ordered[last]
    done, seconds = last - first, max(end - begin, 0.001)
    return {
        "commands_per_s": round(done / seconds),
        "cpu_ms_per_1000": round(1_000_000 * usage.cpu_between(begin, end) / done, 2),
        "rss_mb": round(usage.rss, 1),
        "strangers_cores": usage.strangers_cores,
    }


def keep(found: Mapping[str, Any], output: Path) -> None:
    """Write a benchmark's report to a file."""
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))


def medians(turns: Sequence[Figures]) -> Figures:
    """Of each figure the median of all turns."""
    return {name: median(turn[name] for turn in turns) for name in turns[0]}


def percentiles(millis: Iterable[float], of: str = "", digits: int = 2) -> Figures:
    """Median, 99th percentile and the most of waits, by names that say what they are `of`."""
    ordered = sorted(millis)
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {f"{name}{of}_ms": round(_percentile(ordered, share), digits) for name, share in shares.items()}


def _percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest figure, of those in their order, that so large a share does not exceed."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]
