"""Compares rows with the events of a partition up to where each projection stood when the rows were read."""

from __future__ import annotations

from collections import Counter
from typing import Any

from service.audit.canonical import canonical, fingerprint
from service.audit.differences import differences
from service.audit.kept_states import KeptStates
from service.audit.records import Json, PartitionLogs, Record
from service.audit.report import Report
from service.audit.rows import account_row, day_of, erasure_row, journal_row, outcome_row, ship_row
from service.audit.tables import Identity, Suspect, Tables
from service.audit.text import parse
from service.audit.versions import present
from service.audit.walk import Standing, Walk

_OF_EVENTS = {"ship": ("ships", "ports", "journal"), "user": ("accounts", "journal", "erasures")}
_COUNTERS = {"ShipDocked": "visits", "CargoLoaded": "loaded", "CargoUnloaded": "unloaded"}


class Projected:
    """Told of each event and reply of a partition, in order; an entity is compared as it was before what parked it.

    `fold` names the code whose kept states are compared: others are never read.
    """

    def __init__(self, report: Report, logs: PartitionLogs, tables: Tables, walk: Walk, fold: str | None) -> None:
        self._report = report
        self._logs = logs
        self._tables = tables
        self._walk = walk
        self._kept = KeptStates(report, tables, logs.aggregate, fold)
        topic = logs.topic("events")
        self._at = {name: tables.at(name, topic, logs.partition) for name in _OF_EVENTS[logs.aggregate]}
        self._replies_at = tables.at("outcomes", logs.topic("replies"), logs.partition)
        # As each parked entity was; None where nothing of it was projected.
        self._frozen: dict[tuple[str, str], Standing | None] = {}
        here = (logs.aggregate, logs.partition)
        self._parked = {
            (name, entity_id): offset
            for (name, aggregate, entity_id, partition), offset in tables.parked.items()
            if (aggregate, partition) == here
        }
        self._troubled = {entity_id for _, entity_id in self._parked}
        # By view and identity: what is to be added to rows that others add to.
        self._moved: dict[tuple[str, ...], Counter[str]] = {}
        # Rows of the journal are compared one by one.
        at_once = {
            "ships": self._compare_ships,
            "ports": self._compare_ports,
            "accounts": self._compare_accounts,
            "erasures": self._compare_erasures,
        }
        for name, compare in at_once.items():
            if name in self._at and (name in tables.views or name == "erasures"):
                walk.stop_at(self._at[name], compare)

    def event(self, record: Record, event: Json, before: Standing | None, after: Standing) -> None:
        """An event, with what its entity was before it and is behind it."""
        subject = str(event.get("subject"))
        if subject in self._troubled:
            self._freeze(record.offset, subject, before)
        if "journal" in self._tables.views and self._is_projected("journal", record.offset, subject):
            self._compare_row("journal", subject, after.version, journal_row(self._logs.aggregate, event))
            self._kept.compare(subject, after)
        counter = _COUNTERS.get(str(event.get("type")))
        if counter is not None and self._is_projected("ports", record.offset, subject):
            self._move(counter, present(self._logs.aggregate, event).get("data"), day_of(after.time))

    def _move(self, counter: str, data: Any, day: str) -> None:
        port, by = str(data.get("port")), data.get("quantity", 1)
        rows = [("ports", port)] + ([("throughput", port, day, str(data.get("item")))] if "quantity" in data else [])
        for row in rows:
            self._moved.setdefault(row, Counter())[counter] += by if type(by) is int else 0

    def reply(self, record: Record, reply: Json) -> None:
        """A reply."""
        if "outcomes" not in self._tables.views or record.offset >= self._replies_at:
            return
        # A reply to what is no command stands under the key of that, whatever it says whom it is about.
        named = (record.key or b"").decode(errors="replace").replace("\x00", "\ufffd")
        parked = self._parked.get(("outcomes", named))
        row = outcome_row(self._logs, record.offset, reply)
        if row is not None and (parked is None or record.offset < parked):
            self._compare_row("outcomes", self._logs.partition, record.offset, row)

    def _is_projected(self, name: str, offset: int, subject: str) -> bool:
        return name in self._at and offset < self._at[name] and (name, subject) not in self._frozen

    def _freeze(self, offset: int, subject: str, before: Standing | None) -> None:
        for name in self._at:
            parked = self._parked.get((name, subject))
            if parked is not None and offset >= parked and (name, subject) not in self._frozen:
                self._frozen[name, subject] = before

    def _compare_row(self, view: str, owner: str | int, number: int, row: Json) -> None:
        self._report.counts[f"rows of {view}"] += 1
        found = self._tables.take(view, owner, self._logs.aggregate, number)
        if found is None:
            self._report.wrong(f"projection {view} {(self._logs.aggregate, owner, number)}", "row is missing")
        elif found != fingerprint(row):
            self._tables.suspects.append(Suspect(view, (self._logs.aggregate, owner, number), row))

    def _standing(self, projection: str) -> list[tuple[str, Standing]]:
        """All entities as this projection has to know them."""
        frozen = {subject: was for (name, subject), was in self._frozen.items() if name == projection}
        self._report.counts["parked rows, compared as they were before"] += len(frozen)
        now = self._walk.standing.items()
        return [(id_, was) for id_, one in now if (was := frozen.get(id_, one)) is not None and was.state]

    def _compare_ships(self) -> None:
        for ship_id, one in self._standing("ships"):
            self._compare_whole("ships", (ship_id,), ship_row(ship_id, one.version, one.state))
            for item, quantity in one.state.get("cargo", {}).items() if "cargo" in self._tables.views else ():
                self._compare_whole("cargo", (ship_id, item), {"ship_id": ship_id, "item": item, "quantity": quantity})

    def _compare_accounts(self) -> None:
        for user_id, one in self._standing("accounts"):
            self._compare_whole("accounts", (user_id,), account_row(user_id, one.version, one.state))

    def _compare_whole(self, view: str, id_: Identity, wanted: Json) -> None:
        self._report.counts[f"rows of {view}"] += 1
        text = self._tables.whole[view].pop(id_, None)
        if text is None:
            self._report.wrong(f"projection {view} {id_}", "row is missing")
        elif text != canonical(wanted):
            found = parse(text.encode())
            if wanted.get("deleted"):
                # What a closed account still shows is its projection's choice, but nothing new.
                wanted |= {name: None for name in ("username", "balance") if found[name] is None}
            for line in differences(wanted, found):
                self._report.wrong(f"projection {view} {id_}", line)

    def _compare_ports(self) -> None:
        """Ports are of all partitions: what this one has to do with them is added up."""
        for place, moved in self._moved.items():
            row = self._tables.sum(*place)
            for column, by in moved.items():
                row[column] += by
        for _, one in self._standing("ports"):
            if one.state.get("current_port") is not None:
                self._tables.sum("ports", one.state["current_port"])["ships_now"] += 1

    def _compare_erasures(self) -> None:
        """Whoever was deleted has a row, and no key any more."""
        for user_id, one in self._standing("erasures"):
            if not one.state.get("deleted"):
                continue
            if "erasures" in self._tables.views:
                self._compare_whole("erasures", ("user", user_id), erasure_row(user_id, one))
            key = (self._tables.keys or {}).get(user_id)
            if key is not None and key.secret is not None:
                self._report.wrong(f"key store, key of {user_id}", "is still there, although the user was deleted")

    def finish(self) -> None:
        """All is told: rows whose replies were removed cannot be compared, and whose key is gone must be gone."""
        outcomes = self._tables.numbered.get(("outcomes", self._logs.aggregate, self._logs.partition))
        if outcomes is not None and (start := self._logs.start("replies")):
            self._report.counts["rows of outcomes not compared: their replies are gone"] += outcomes.forget(start)
        for user_id, one in self._walk.standing.items() if self._logs.aggregate == "user" else ():
            key = (self._tables.keys or {}).get(user_id)
            if key is not None and key.secret is None and not one.state.get("deleted"):
                self._report.wrong(f"key store, key of {user_id}", "is erased, although the user was not deleted")
