"""A whole file is judged by the rules that commands meet before a single event of it is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
    """Fold the histories, each up to its first unreadable row: every later fault might follow from that."""
    histories: dict[str, list[Row]] = {}
    faults: list[tuple[int, str]] = []
    broken_at: dict[str, int] = {}
    seen: dict[str, int] = {}
    for row in rows:
        if isinstance(row, RowFault):
            faults.append((row.place, row.message))
            broken_at.setdefault(row.entity_id or "", row.place)
            continue
        first = seen.setdefault(row.event_id, row.place) if row.event_id else row.place
        if first != row.place:
            faults.append((row.place, f"event_id is that of row {first}"))
        histories.setdefault(row.entity_id, []).append(row)
    for entity_id, history in histories.items():
        # Equal times keep the order of the file.
        history.sort(key=lambda row: row.time)
        history[:] = [
            row if row.event_id else replace(row, event_id=imported_event_id(entity_id, place))
            for place, row in enumerate(history, 1)
        ]
        end = broken_at.get(entity_id)
        foldable = history if end is None else [row for row in history if row.place < end]
        faults += _broken_rules(aggregate, entity_id, foldable)
    return Checked(histories, [f"Row {place}: {fault}" for place, fault in sorted(faults)])


def _broken_rules(aggregate: Aggregate, entity_id: str, history: Iterable[Row]) -> Iterator[tuple[int, str]]:
    """Every rule broken, each judged as if the events that broke one before had not been."""
    state, version = aggregate.initial, 0
    for row in history:
        try:
            check_rules(aggregate, entity_id, state, version, [row.event])
        except Refused as refusal:
            yield row.place, f"{refusal.message.partition(': ')[2]} ({aggregate.name} {entity_id})"
            if state == aggregate.initial:
                return
            continue
        state, version = aggregate.evolve(state, row.event), version + 1
