"""A whole file is judged by the rules that commands meet before a single event of it is sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from service.cli.history_file import Row, RowFault
from service.commands.history import Refused, check_rules
from service.commands.identity import imported_event_id
from service.domain import Aggregate


@dataclass(slots=True)
class Checked:
    """The histories of a file, entity by entity in order of their time, and all that is wrong with it."""

    histories: dict[str, list[Row]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def check_history(aggregate: Aggregate, rows: Iterable[Row | RowFault]) -> Checked:
    """Fold the histories; one with an unreadable row is not, for every later fault might follow from that."""
    checked = Checked()
    broken: set[str] = set()
    seen: dict[str, int] = {}
    for row in rows:
        if isinstance(row, RowFault):
            checked.faults.append(str(row))
            broken.add(row.entity_id or "")
            continue
        first = seen.setdefault(row.event_id, row.place) if row.event_id else row.place
        if first != row.place:
            checked.faults.append(f"Row {row.place}: event_id is that of row {first}")
        checked.histories.setdefault(row.entity_id, []).append(row)
    for entity_id, history in checked.histories.items():
        # Equal times keep the order of the file.
        history.sort(key=lambda row: row.time)
        history[:] = [
            row if row.event_id else replace(row, event_id=imported_event_id(entity_id, place))
            for place, row in enumerate(history, 1)
        ]
        if entity_id not in broken:
            checked.faults += _broken_rules(aggregate, entity_id, history)
    return checked


def _broken_rules(aggregate: Aggregate, entity_id: str, history: list[Row]) -> list[str]:
    """Every rule broken, each judged as if the events that broke one before had not been."""
    faults = []
    state, version = aggregate.initial, 0
    for row in history:
        try:
            check_rules(aggregate, entity_id, state, version, [row.event])
        except Refused as refusal:
            faults.append(f"Row {row.place} ({aggregate.name} {entity_id}): {refusal.message.partition(': ')[2]}")
            if state == aggregate.initial:
                return faults
            continue
        state, version = aggregate.evolve(state, row.event), version + 1
    return faults
