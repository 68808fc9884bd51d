"""What a database showed at one moment, its rows held as small as they can be compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from service.audit.canonical import Numbered, canonical, fingerprint
from service.audit.differences import differences
from service.audit.records import DataKey, Json
from service.audit.report import Report
from service.audit.rows import IDENTITY
from service.audit.text import parse

# By these columns a row belongs to an entity or a partition, by the next it is one of its rows.
_NUMBERED = {"journal": ("aggregate", "entity_id", "version"), "outcomes": ("aggregate", "partition", "offset")}
_NEVER_NEGATIVE = {"accounts": ("balance",), "ports": ("ships_now", "visits", "loaded", "unloaded")}

Owner = tuple[str, str, str | int]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row that is not as it must be, to be read again so that its columns can be named."""

    view: str
    identity: tuple[str | int, ...]
    wanted: Json


@dataclass(slots=True)
class Tables:
    """The views in `views` were there; `whole` has rows by view and id, `numbered` those of which there are many.

    `progress` is by (projection, topic, partition), `parked` by (projection, aggregate, entity id): the offset of the
    record on which the projection failed. `keys` is None where there is no key store.
    """

    views: Collection[str]
    progress: Mapping[tuple[str, str, int], int]
    parked: Mapping[tuple[str, str, str], int]
    keys: dict[str, DataKey] | None
    whole: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    numbered: dict[Owner, Numbered] = field(default_factory=dict)
    ports: dict[str, Json] = field(default_factory=dict)
    suspects: list[Suspect] = field(default_factory=list)

    def add(self, report: Report, view: str, row: Json) -> None:
        """Take in a row; `time` in microseconds."""
        for column in _NEVER_NEGATIVE.get(view, ()):
            if row[column] is not None and row[column] < 0:
                report.wrong(_place(view, row), f"{column} is {row[column]}, below 0")
        for item, quantity in row["cargo"].items() if view == "ships" else ():
            if quantity <= 0:
                report.wrong(_place(view, row), f"cargo has {quantity} of {item}")
        if view in _NUMBERED:
            aggregate, owner, number = (row[column] for column in _NUMBERED[view])
            of = self.numbered.get((view, aggregate, owner))
            if of is None:
                first = 1 if view == "journal" else None
                of = self.numbered[view, aggregate, owner] = Numbered(first)
            new = of.put(number, fingerprint(row))
        else:
            rows, id_ = self.whole[view], row[IDENTITY[view][0]]
            new = id_ not in rows
            rows[id_] = canonical(row)
        if not new:
            report.wrong(_place(view, row), "row is doubled")

    def take(self, view: str, owner: str | int, aggregate: str, number: int) -> int | None:
        """The fingerprint of a row, which is then taken."""
        of = self.numbered.get((view, aggregate, owner))
        return None if of is None else of.take(number)

    def port(self, name: str) -> Json:
        """What a port's row has to be, to be added to."""
        return self.ports.setdefault(name, {"port": name, "ships_now": 0, "visits": 0, "loaded": 0, "unloaded": 0})

    def at(self, projection: str, topic: str, partition: int) -> int:
        """The next offset that a projection was to read; 0 where it has read nothing."""
        return self.progress.get((projection, topic, partition), 0)

    def finish(self, report: Report) -> None:
        """All partitions are compared: what nobody took has no cause."""
        if "ports" in self.views:
            self._compare_ports(report)
        for view, rows in self.whole.items():
            for id_ in rows:
                report.wrong(f"projection {view} {(id_,)}", "row without a cause")
        for (view, *owner), of in self.numbered.items():
            for number in of.left():
                report.wrong(f"projection {view} {(*owner, number)}", "row without a cause")

    def _compare_ports(self, report: Report) -> None:
        found = self.whole.pop("ports", {})
        for name, wanted in self.ports.items():
            report.counts["rows of ports"] += 1
            text = found.pop(name, None)
            if text is None:
                report.wrong(f"projection ports {(name,)}", "row is missing")
            elif text != canonical(wanted):
                for line in differences(wanted, parse(text.encode())):
                    report.wrong(f"projection ports {(name,)}", line)
        self.whole["ports"] = found


def _place(view: str, row: Json) -> str:
    return f"projection {view} {tuple(row[column] for column in IDENTITY[view])}"
