"""The checker takes from the log what failed or was busy, and objects to everything that does not follow from it."""

from __future__ import annotations

import pytest

from service.audit.records import PartitionLogs
from tests.checker import Report, check_logs
from tests.flow.checker_parked_damage import PARKED_DAMAGES
from tests.flow.checker_parked_story import parked_story
from tests.flow.checker_redrive_damage import REDRIVE_DAMAGES

_DAMAGES = {**PARKED_DAMAGES, **REDRIVE_DAMAGES}


def _check(logs: PartitionLogs) -> Report:
    return check_logs([logs], failures_allowed=True, busy_allowed=True)


def test_an_honest_log_is_not_objected_to() -> None:
    assert _check(parked_story()).violations == []


def test_what_failed_waits_or_was_redriven_is_counted() -> None:
    counts = _check(parked_story()).counts

    assert (counts["commands"], counts["redriven"], counts["replies"], counts["parked"]) == (20, 4, 24, 1)
    assert (counts["failed.internal_error"], counts["failed.not_writable"], counts["failed.parked"]) == (3, 2, 5)
    assert (counts["busy"], counts["dead letters"], counts["events"]) == (1, 12, 8)
    assert (counts["rejected.still_parked"], counts["rejected.not_parked"]) == (1, 1)


@pytest.mark.parametrize("name", _DAMAGES)
def test_damage_is_found(name: str) -> None:
    damage, said = _DAMAGES[name]
    logs = parked_story()
    damage(logs)

    violations = _check(logs).violations

    assert any(said in line for line in violations), violations


def test_a_run_that_may_have_none_has_no_failure() -> None:
    violations = check_logs([parked_story()], busy_allowed=True).violations

    assert len(violations) == 10
    assert violations[0] == "ship.commands[0]@2: failed.internal_error, which this run may not have"


def test_a_run_that_may_have_none_has_no_busy_reply() -> None:
    violations = check_logs([parked_story()], failures_allowed=True).violations

    assert violations == ["ship.commands[0]@6: busy, which this run may not have"]
