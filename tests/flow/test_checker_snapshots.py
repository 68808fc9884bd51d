"""The checker folds the events itself, and believes no snapshot and no floor that says otherwise."""

from __future__ import annotations

import pytest

from service.audit.records import PartitionLogs
from service.audit.told import Told
from tests.checker import check_logs
from tests.checker.handmade import written
from tests.flow.checker_parked_story import OTHER, TOLD, commands
from tests.flow.checker_snapshot_damage import SNAPSHOT_DAMAGES, swept_ship, swept_user
from tests.flow.checker_story import KEYS


def test_honest_snapshots_are_not_objected_to() -> None:
    report = check_logs([swept_ship(), swept_user()], keys=KEYS)

    assert report.violations == []
    assert report.counts["snapshots"] == 2


@pytest.mark.parametrize("name", SNAPSHOT_DAMAGES)
def test_damage_is_found(name: str) -> None:
    damage, said = SNAPSHOT_DAMAGES[name]
    logs = swept_ship()
    damage(logs)

    violations = check_logs([logs]).violations

    assert any(said in line for line in violations), violations


def test_of_a_compacted_log_the_last_of_each_key_is_judged() -> None:
    for logs in (compact(swept_ship()), compact(all_parked())):
        report = check_logs([logs], compacted=True, failures_allowed=True, busy_allowed=True)
        assert report.violations == []

    for name in ("a state is wrong", "a floor above what a snapshot tells", "a snapshot that says it is parked"):
        damage, said = SNAPSHOT_DAMAGES[name]
        logs = compact(swept_ship())
        damage(logs)
        violations = check_logs([logs], compacted=True).violations
        assert any(said in line for line in violations), violations

    logs = compact(all_parked())
    logs.records["snapshots"] = [one for one in logs.records["snapshots"] if b'"from"' not in (one.value or b"")]
    assert check_logs([logs], compacted=True, failures_allowed=True, busy_allowed=True).violations != []


def all_parked() -> PartitionLogs:
    """A partition on which every failure parks."""
    return written(commands(), told=Told(TOLD.answers, TOLD.parked | {(OTHER, 16)}))


def compact(logs: PartitionLogs) -> PartitionLogs:
    """Keep the last record of each key."""
    last = {one.key: one.offset for one in logs.records["snapshots"]}
    logs.records["snapshots"] = [one for one in logs.records["snapshots"] if last[one.key] == one.offset]
    return logs
