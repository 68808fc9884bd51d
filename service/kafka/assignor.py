"""Partitions stay where they are when members come and go: each move costs a replay."""

from __future__ import annotations

from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor


def sticky_assignor() -> type[StickyPartitionAssignor]:
    """An assignor for one consumer: aiokafka keeps what it last assigned on the class, for all in the process."""
    state = {"member_assignment": None, "generation": StickyPartitionAssignor.DEFAULT_GENERATION_ID}
    return type("OwnStickyAssignor", (StickyPartitionAssignor,), state)
