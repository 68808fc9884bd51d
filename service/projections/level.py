"""How two builds, or a build and its logs, stand to each other."""

from __future__ import annotations

from collections.abc import Mapping

# A topic and one of its partitions.
Place = tuple[str, int]
# What is read next.
Offsets = Mapping[Place, int]


def behind(at: Offsets, wanted: Offsets) -> dict[Place, int]:
    """How many offsets are lacking by topic and partition, where any are."""
    return {place: end - at.get(place, 0) for place, end in wanted.items() if at.get(place, 0) < end}


def gone(at: Offsets, begins: Offsets) -> dict[Place, int]:
    """Which offset is next, by topic and partition, where the log begins behind it."""
    return {place: at[place] for place, begin in begins.items() if at.get(place, begin) < begin}
