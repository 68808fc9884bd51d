"""Rows are held to the events up to where their projection stood, and those of a parked entity to what was before."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from service.audit.records import DataKey, Json, PartitionLogs
from service.audit.report import Report
from service.audit.tables import Tables
from tests.checker.handmade import projected, written
from tests.checker.projections import READS
from tests.flow.checker_story import KEYS, SHIP, USER, command, partition, ship_story, user_story
from tests.flow.live import judge_live

_VIEWS = [*READS]


def _cut(logs: PartitionLogs, events: int) -> PartitionLogs:
    """The same partition with only so many events."""
    short = replace(logs, records={**logs.records, "events": logs.records["events"][:events]})
    done = [json.loads(one.value or b"")["causationid"] for one in short.records["events"]]
    short.records["commands"] = [
        one for one in logs.records["commands"] if b"{" in (one.value or b"") and _id(one.value) in done
    ]
    return short


def _id(value: bytes | None) -> str:
    return str(json.loads(value or b"").get("id"))


def _tables(report: Report, rows: dict[str, list[Json]], **others: Any) -> Tables:
    found: dict[str, Any] = {"views": _VIEWS, "progress": {}, "parked": {}, "keys": KEYS} | others
    tables = Tables(**found)
    for view in _VIEWS:
        for row in rows[view]:
            tables.add(report, view, row)
    return tables


def _progress(logs: PartitionLogs, at: int) -> dict[tuple[str, str, int], int]:
    of_events = {(name, logs.topic("events"), 0): at for name in ("ships", "ports", "accounts", "journal")}
    return {**of_events, ("outcomes", logs.topic("replies"), 0): logs.end("replies")}


def _judged(logs: PartitionLogs, rows: dict[str, list[Json]], **others: Any) -> list[str]:
    report = Report()
    tables = _tables(report, rows, **others)
    violations = judge_live(logs, keys=tables.keys, tables=tables).violations
    tables.finish(report)
    return report.violations + violations + [suspect.view for suspect in tables.suspects]


@pytest.mark.parametrize("events", range(5))
def test_rows_are_as_the_events_were_where_their_projection_stood(events: int) -> None:
    logs = ship_story()
    at = logs.records["events"][events].offset if events < len(logs.records["events"]) else logs.end("events")
    rows = projected([_cut(ship_story(), events)]).rows | {"outcomes": projected([ship_story()]).rows["outcomes"]}

    assert [] == _judged(logs, rows, progress=_progress(logs, at))
    if events:
        behind = logs.records["events"][events - 1].offset
        assert _judged(logs, rows, progress=_progress(logs, behind)) != []


@pytest.mark.parametrize("events", range(4))
def test_rows_of_a_parked_entity_are_as_before_what_parked_it(events: int) -> None:
    logs = ship_story()
    at = logs.records["events"][events].offset
    rows = projected([_cut(ship_story(), events)]).rows | {"outcomes": projected([ship_story()]).rows["outcomes"]}
    parked = {(name, "ship", SHIP, 0): at for name in ("ships", "ports", "journal")}
    everything = _progress(logs, logs.end("events"))

    assert [] == _judged(logs, rows, progress=everything, parked=parked)
    assert _judged(logs, rows, progress=everything) != []


def test_a_deleted_persons_key_is_gone_once_erasures_have_passed() -> None:
    logs = user_story()
    rows, end = projected([user_story()], KEYS).rows, logs.end("events")
    progress = _progress(logs, end)

    assert [] == _judged(logs, rows, progress=progress)
    [violation] = _judged(logs, rows, progress={**progress, ("erasures", logs.topic("events"), 0): end})
    assert violation == f"key store, key of {USER}: is still there, although the user was deleted"

    erased = {USER: replace(KEYS[USER], secret=None)}
    assert [] == _judged(logs, rows, progress={**progress, ("erasures", logs.topic("events"), 0): end}, keys=erased)


def test_the_key_of_a_person_whom_a_backup_did_not_have_is_one_of_nobody() -> None:
    logs, rows = user_story(), projected([user_story()], KEYS).rows
    progress = _progress(logs, logs.end("events")) | {("erasures", logs.topic("events"), 0): logs.end("events")}
    barred, other = DataKey(str(UUID(int=0)), None), DataKey(str(UUID(int=1)), None)

    assert [] == _judged(logs, rows, progress=progress, keys={USER: barred})
    assert _judged(logs, rows, progress=progress, keys={USER: other}) != []


def test_a_reply_that_is_parked_is_so_under_its_key_and_in_its_partition() -> None:
    logs = partition("ship", [command(1, "register_ship", {"name": "A"}), command(2, "sink_ship")])
    nameless = logs.records["commands"][1]
    logs.records["commands"][1] = replace(nameless, key=b"another-key")
    logs = written(logs)
    rows, at = projected([logs]).rows, logs.records["replies"][1].offset
    rows["outcomes"] = [row for row in rows["outcomes"] if row["offset"] != at]
    progress = _progress(logs, logs.end("events"))

    assert [] == _judged(logs, rows, progress=progress, parked={("outcomes", "ship", "another-key", 0): at})
    assert _judged(logs, rows, progress=progress, parked={("outcomes", "ship", "another-key", 1): at}) != []
