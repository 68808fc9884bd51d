"""Compares the states that are kept between an entity's events; which of them are is no matter of right or wrong."""

from __future__ import annotations

from service.audit.canonical import fingerprint
from service.audit.report import Report
from service.audit.rows import kept_row
from service.audit.tables import Suspect, Tables
from service.audit.walk import Standing


class KeptStates:
    """Those of an aggregate that were folded by the code that `fold` names: nobody reads others."""

    def __init__(self, report: Report, tables: Tables, aggregate: str, fold: str | None) -> None:
        self._report = report
        self._tables = tables
        self._aggregate = aggregate
        self._fold = fold
        self._reached: dict[str, int] = {}

    def compare(self, entity_id: str, one: Standing) -> None:
        """Told of each event of the journal, in order, by what its entity was behind it."""
        states = self._tables.states.get((self._aggregate, entity_id))
        if states is None or not one.state:
            return
        # Times of imported events need not rise.
        reached = self._reached[entity_id] = max(self._reached.get(entity_id, one.time), one.time)
        if one.version not in states:
            return
        fold, found = states.pop(one.version)
        if fold != self._fold:
            self._report.counts["kept states of other code, which nobody reads"] += 1
            return
        self._report.counts["rows of kept"] += 1
        row = kept_row(self._aggregate, entity_id, one, reached, fold)
        if found != fingerprint(row):
            self._tables.suspects.append(Suspect("kept", (self._aggregate, entity_id, one.version), row))
