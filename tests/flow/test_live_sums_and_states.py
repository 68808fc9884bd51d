"""What several ships have brought through a port, and states that are kept between events, are held to the events."""

from __future__ import annotations

from typing import Any

import pytest

from service.audit.records import Json
from service.audit.report import Report
from service.audit.tables import Tables
from tests.checker.handmade import FOLD, projected
from tests.flow.checker_story import SHIP, ship_story
from tests.flow.live import judge_live

DAY = "2025-11-24"
THROUGH = {"port": "Singapore", "day": DAY, "item": "electronics", "loaded": 500, "unloaded": 0}
DOCKED = ["Docked", {"name": "Pacific Explorer", "cargo": {"electronics": 500}, "port": "Singapore"}]
AT_SEA = ["AtSea", {"name": "Pacific Explorer", "cargo": {"electronics": 500}}]


def _judged(view: str, rows: list[Json], **others: Any) -> tuple[list[str], dict[str, int]]:
    """What is said of these rows, those included whose columns are looked at again, and what was counted."""
    logs, report = ship_story(), Report()
    topic, end = logs.topic("events"), logs.end("events")
    found: dict[str, Any] = {
        "views": ["journal", "ports", view],
        "progress": {(name, topic, 0): end for name in ("ports", "journal")},
        "parked": {},
        "keys": None,
    }
    tables = Tables(**found | others)
    for name in ("journal", "ports"):
        for row in projected([ship_story()]).rows[name]:
            tables.add(report, name, row)
    for row in rows:
        tables.add(report, view, row)
    judged = judge_live(logs, tables=tables)
    tables.finish(report)
    suspects = [f"projection {one.view} {one.identity}: {one.wanted}" for one in tables.suspects]
    return report.violations + judged.violations + suspects, {**report.counts, **judged.counts}


def _state(version: int, state: Any, **others: Any) -> Json:
    times = [row["time"] for row in projected([ship_story()]).rows["journal"] if row["version"] <= version]
    row = {"aggregate": "ship", "entity_id": SHIP, "version": version, "reached": max(times), "fold": FOLD}
    return {**row, "state": state, **others}


def test_true_sums_are_counted_and_not_objected_to() -> None:
    violations, counts = _judged("throughput", [THROUGH])

    assert ([], 1) == (violations, counts["rows of throughput"])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{**THROUGH, "loaded": 499}], "loaded is 499, must be 500"),
        ([{**THROUGH, "unloaded": -1}], "unloaded is -1, below 0"),
        ([], f"('Singapore', '{DAY}', 'electronics'): row is missing"),
        (
            [THROUGH, {**THROUGH, "day": "2025-11-25"}],
            "('Singapore', '2025-11-25', 'electronics'): row without a cause",
        ),
        ([THROUGH, THROUGH], "row is doubled"),
    ],
)
def test_wrong_sums_are_found(rows: list[Json], said: str) -> None:
    violations, _ = _judged("throughput", rows)

    assert any("projection throughput" in line and said in line for line in violations), violations


def test_whatever_states_are_kept_true_ones_are_not_objected_to() -> None:
    for rows in ([], [_state(3, DOCKED)], [_state(4, AT_SEA)], [_state(3, DOCKED), _state(4, AT_SEA)]):
        violations, counts = _judged("kept", rows)
        assert ([], len(rows)) == (violations, counts.get("rows of kept", 0))


def test_states_that_other_code_kept_are_only_counted() -> None:
    violations, counts = _judged("kept", [_state(3, AT_SEA, fold="another")])

    assert ([], 1) == (violations, counts["kept states of other code, which nobody reads"])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([_state(3, AT_SEA)], "3): {"),
        ([_state(3, DOCKED, reached=1)], "3): {"),
        ([_state(5, AT_SEA)], "5): row without a cause"),
        ([_state(3, DOCKED, entity_id="ghost")], "('ship', 'ghost', 3): row without a cause"),
        ([_state(3, DOCKED), _state(3, AT_SEA)], "row is doubled"),
    ],
)
def test_wrong_states_are_found(rows: list[Json], said: str) -> None:
    violations, _ = _judged("kept", rows)

    assert any("projection kept" in line and said in line for line in violations), violations


def test_a_state_beyond_the_journal_has_no_cause() -> None:
    logs = ship_story()
    last = logs.records["events"][3].offset
    violations, _ = _judged("kept", [_state(4, AT_SEA)], progress={("journal", logs.topic("events"), 0): last})

    assert any("4): row without a cause" in line for line in violations)
