"""What a database showed at one moment, its rows held as small as they can be compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from service.audit.canonical import Numbered, canonical, fingerprint
from service.audit.differences import differences
from service.audit.records import DataKey, Json
from service.audit.report import Report
from service.audit.rows import IDENTITY, SUMS
from service.audit.text import parse

# By these columns a row belongs to an entity or a partition, by the next it is one of its rows.
_NUMBERED = {"journal": ("aggregate", "entity_id", "version"), "outcomes": ("aggregate", "partition", "offset")}
_NEVER_NEGATIVE = {"accounts": ("balance",), **SUMS}

Owner = tuple[str, str, str | int]
Identity = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row that is not as it must be, to be read again so that its columns can be named."""

    view: str
    identity: Identity
    wanted: Json


@dataclass(slots=True)
class Tables:
    """The views in `views` were there; `whole` has rows by view and id, `numbered` those of which there are many.

    `states` are those that are kept, by aggregate and entity, by version: what code folded it, and its fingerprint.
    `sums` is what rows have to be that several partitions add to.
    `progress` is by (projection, topic, partition), `parked` by (projection, aggregate, entity id, partition): the
    offset of the record on which the projection failed. `keys` is None where there is no key store.
    """

    views: Collection[str]
    progress: Mapping[tuple[str, str, int], int]
    parked: Mapping[tuple[str, str, str, int], int]
    keys: dict[str, DataKey] | None
    whole: dict[str, dict[Identity, str]] = field(default_factory=lambda: defaultdict(dict))
    numbered: dict[Owner, Numbered] = field(default_factory=dict)
    states: dict[tuple[str, str], dict[int, tuple[str, int]]] = field(default_factory=lambda: defaultdict(dict))
    sums: dict[str, dict[Identity, Json]] = field(default_factory=lambda: defaultdict(dict))
    suspects: list[Suspect] = field(default_factory=list)

    def add(self, report: Report, view: str, row: Json) -> None:
        """Take in a row; `time` in microseconds."""
        for column in _NEVER_NEGATIVE.get(view, ()):
            if row[column] is not None and row[column] < 0:
                report.wrong(_place(view, row), f"{column} is {row[column]}, below 0")
        for item, quantity in row["cargo"].items() if view == "ships" else ():
            if quantity <= 0:
                report.wrong(_place(view, row), f"cargo has {quantity} of {item}")
        if not self._put(view, row):
            report.wrong(_place(view, row), "row is doubled")

    def _put(self, view: str, row: Json) -> bool:
        """Keep it; whether there was none of its identity."""
        if view in _NUMBERED:
            aggregate, owner, number = (row[column] for column in _NUMBERED[view])
            of = self.numbered.get((view, aggregate, owner))
            if of is None:
                first = 1 if view == "journal" else None
                of = self.numbered[view, aggregate, owner] = Numbered(first)
            return of.put(number, fingerprint(row))
        if view == "kept":
            kept = row["fold"], fingerprint(row)
            return self.states[row["aggregate"], row["entity_id"]].setdefault(row["version"], kept) is kept
        text = canonical(row)
        return self.whole[view].setdefault(_identity(view, row), text) is text

    def take(self, view: str, owner: str | int, aggregate: str, number: int) -> int | None:
        """The fingerprint of a row, which is then taken."""
        of = self.numbered.get((view, aggregate, owner))
        return None if of is None else of.take(number)

    def sum(self, view: str, *identity: str) -> Json:
        """What a row has to be that several partitions add to, to be added to."""
        empty = dict(zip(IDENTITY[view], identity, strict=True)) | dict.fromkeys(SUMS[view], 0)
        return self.sums[view].setdefault(identity, empty)

    def at(self, projection: str, topic: str, partition: int) -> int:
        """The next offset that a projection was to read; 0 where it has read nothing."""
        return self.progress.get((projection, topic, partition), 0)

    def finish(self, report: Report) -> None:
        """All partitions are compared: what nobody took has no cause."""
        for view in SUMS:
            if view in self.views:
                self._compare_sums(report, view)
        for view, rows in self.whole.items():
            for id_ in rows:
                report.wrong(f"projection {view} {id_}", "row without a cause")
        for (view, *owner), of in self.numbered.items():
            for number in of.left():
                report.wrong(f"projection {view} {(*owner, number)}", "row without a cause")
        for entity, states in self.states.items():
            for version in states:
                report.wrong(f"projection kept {(*entity, version)}", "row without a cause")

    def _compare_sums(self, report: Report, view: str) -> None:
        found = self.whole[view]
        for id_, wanted in self.sums[view].items():
            report.counts[f"rows of {view}"] += 1
            text = found.pop(id_, None)
            if text is None:
                report.wrong(f"projection {view} {id_}", "row is missing")
            elif text != canonical(wanted):
                for line in differences(wanted, parse(text.encode())):
                    report.wrong(f"projection {view} {id_}", line)


def _identity(view: str, row: Json) -> Identity:
    return tuple(row[column] for column in IDENTITY[view])


def _place(view: str, row: Json) -> str:
    return f"projection {view} {_identity(view, row)}"
