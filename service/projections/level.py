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
