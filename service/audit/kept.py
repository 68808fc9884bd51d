"""What a handler has on its own disk, held to the fold of the events up to where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.audit.differences import differences
from service.audit.report import Report
from service.audit.states import tagged
from service.audit.text import parse
from service.audit.walk import Standing

# How the service keeps what it knows; another number is another shape.
_SHAPE = "1"


def position_of(standpoint: bytes, boot: str | None, fold: str) -> int | None:
    """The offset of events before which a store knows all; None where its owner would not believe it.

    `boot` is the present life of the machine, `fold` the fingerprint of the code that the partition is owned by.
    """
    try:
        value = parse(standpoint)
        shape, life, by, *_ = str(value["stamp"]).split("/")
        return int(value["events"]["next_offset"]) if (shape, life, by) == (_SHAPE, boot, fold) else None
    except (ValueError, KeyError, TypeError):
        return None


@dataclass(frozen=True, slots=True)
class Kept:
    """The entities in a store at `place`, each as JSON by its id, as they were before the event at `position`."""

    place: str
    aggregate: str
    position: int
    entities: Iterable[tuple[str, bytes]]

    def compare(self, report: Report, standing: Mapping[str, Standing]) -> None:
        """Report what differs from these, and who is missing or left over."""
        seen = set()
        for entity_id, raw in self.entities:
            seen.add(entity_id)
            report.counts["entities in local state"] += 1
            one = standing.get(entity_id)
            if one is None:
                report.wrong(self.place, f"{entity_id} is kept, and has no event")
                continue
            wanted = [tagged(self.aggregate, one.state), one.version, one.time]
            try:
                kept = parse(raw)[: len(wanted)]
            except (ValueError, TypeError):
                kept = None
            for line in differences(wanted, kept, entity_id):
                report.wrong(self.place, line)
        for entity_id in standing.keys() - seen:
            report.wrong(self.place, f"{entity_id} is missing")
