"""Checks the rows of every projection against the checker's own fold of the log."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

from service.audit.differences import differences, same
from service.audit.entity import Entity
from service.audit.messages import Verdict
from service.audit.records import Json, PartitionLogs
from service.audit.report import Report
from service.audit.rows import IDENTITY
from tests.checker import rows

READS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "ships": (("ship", "events"),),
    "ports": (("ship", "events"),),
    "accounts": (("user", "events"),),
    "journal": (("ship", "events"), ("user", "events")),
    "outcomes": (("ship", "replies"), ("user", "replies")),
}


@dataclass(slots=True)
class Projections:
    """The rows of every view, and the next offset of each (projection, topic, partition)."""

    rows: dict[str, list[Json]]
    progress: dict[tuple[str, str, int], int]


@dataclass(frozen=True, slots=True)
class Fold:
    """What one partition came to."""

    logs: PartitionLogs
    entities: Mapping[str, Entity]
    verdicts: list[Verdict]


def check_projections(report: Report, folds: list[Fold], projections: Projections) -> None:
    """Report rows that are missing, altered or left over, and progress beyond the log."""
    expected: Mapping[str, Callable[[list[Json]], list[Json]]] = {
        "ships": lambda _: [row for fold in _of(folds, "ship") for row in rows.ships(fold.entities)],
        "ports": lambda _: rows.ports([v for fold in _of(folds, "ship") for v in fold.verdicts], _ships(folds)),
        "accounts": lambda found: [
            row for fold in _of(folds, "user") for row in rows.accounts(fold.entities, fold.logs, found)
        ],
        "journal": lambda _: [row for fold in folds for row in rows.journal(fold.logs)],
        "outcomes": lambda _: [row for fold in folds for row in rows.outcomes(fold.logs)],
    }
    for name, make in expected.items():
        found = projections.rows[name]
        wanted = make(found)
        report.counts[f"rows of {name}"] += len(wanted)
        _compare(report, name, wanted, found)
    for (name, topic, partition), next_offset in projections.progress.items():
        for logs in (fold.logs for fold in folds if fold.logs.partition == partition):
            for aggregate, kind in READS.get(name, ()):
                if aggregate == logs.aggregate and topic == logs.topic(kind) and next_offset > logs.end(kind):
                    report.wrong(
                        f"{name} of {logs.place(kind)}", f"stands at {next_offset}, the log ends at {logs.end(kind)}"
                    )


def _of(folds: list[Fold], aggregate: str) -> list[Fold]:
    return [fold for fold in folds if fold.logs.aggregate == aggregate]


def _ships(folds: list[Fold]) -> list[Entity]:
    return [entity for fold in _of(folds, "ship") for entity in fold.entities.values()]


def _compare(report: Report, name: str, expected: list[Json], found: list[Json]) -> None:
    def identity(row: Json) -> Hashable:
        return tuple(row[column] for column in IDENTITY[name])

    def place(key: Hashable) -> str:
        return f"projection {name} {key}"

    remaining: dict[Hashable, Json] = {}
    for row in found:
        if remaining.setdefault(identity(row), row) is not row:
            report.wrong(place(identity(row)), "row is doubled")
    for wanted in expected:
        row = remaining.pop(identity(wanted), {})
        if not row:
            report.wrong(place(identity(wanted)), "row is missing")
            continue
        for line in () if same(wanted, row) else differences(wanted, row):
            report.wrong(place(identity(wanted)), line)
    for key in remaining:
        report.wrong(place(key), "row without a cause")
