"""The checker objects to every altered, missing or surplus row, and to progress beyond the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.checker import check_logs
from tests.checker.handmade import projected
from tests.checker.projections import READS, Projections
from tests.flow.checker_story import KEYS, ship_story, user_story

_ALTERED: dict[str, list[tuple[str, Any]]] = {
    "ships": [("status", "docked"), ("cargo", {}), ("version", 3), ("current_port", "Singapore")],
    "ports": [("visits", 2), ("loaded", 499), ("ships_now", 1)],
    "accounts": [("deleted", False), ("balance", 1), ("version", 2), ("username", {})],
    "journal": [("data", {}), ("time", 0), ("correlation_id", "x"), ("causation_id", None)],
    "outcomes": [("status", "busy"), ("message", "x"), ("entity_version", 9), ("events", None)],
}


def _violations(damage: Callable[[Projections], object]) -> list[str]:
    logs = [ship_story(), user_story()]
    projections = projected(logs, KEYS)
    damage(projections)
    return check_logs(logs, keys=KEYS, projections=projections).violations


def test_true_rows_are_not_objected_to() -> None:
    assert _violations(lambda _: None) == []


def test_a_closed_account_may_forget_its_name_and_balance() -> None:
    assert _violations(lambda p: p.rows["accounts"][0].update(username=None, balance=None)) == []


@pytest.mark.parametrize(("name", "column", "value"), [(n, c, v) for n, cs in _ALTERED.items() for c, v in cs])
def test_an_altered_row_is_found(name: str, column: str, value: object) -> None:
    violation, *_ = _violations(lambda p: p.rows[name][0].update({column: value}))

    assert f"projection {name}" in violation
    assert column in violation


@pytest.mark.parametrize("name", READS)
def test_a_missing_row_is_found(name: str) -> None:
    assert "row is missing" in "".join(_violations(lambda p: p.rows[name].pop(0)))


@pytest.mark.parametrize("name", READS)
def test_a_doubled_row_is_found(name: str) -> None:
    assert "row is doubled" in "".join(_violations(lambda p: p.rows[name].append(dict(p.rows[name][0]))))


def test_a_row_without_a_cause_is_found() -> None:
    ghost: dict[str, Any] = {
        "ship_id": "ghost",
        "name": "x",
        "status": "at sea",
        "current_port": None,
        "version": 1,
        "cargo": {},
    }

    assert "row without a cause" in "".join(_violations(lambda p: p.rows["ships"].append(ghost)))


def test_progress_beyond_the_log_is_found() -> None:
    assert "the log ends at" in "".join(_violations(lambda p: p.progress.update({("ships", "ship.events", 0): 999})))
