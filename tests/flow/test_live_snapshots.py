"""Snapshots that are written while an audit reads hide none of those that its checkpoint relies on."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from service.audit.text import micros
from tests.flow.checker_story import SHIP, ship_story
from tests.flow.live import judge_live


@pytest.mark.parametrize("fold", ["another", None])
def test_what_hides_a_state_after_what_is_owed_ends_is_no_fault_of_the_checkpoint_before_it(fold: str | None) -> None:
    logs = ship_story()
    snapshots, last = logs.records["snapshots"], json.loads(logs.records["events"][-1].value or b"")
    checkpoint = json.loads(snapshots[-1].value or b"")
    checkpoint["needed"]["events"] = logs.end("events")
    bare = {"parked": None, "version": last["entityversion"]}
    state = {
        "time": micros(last["time"]),
        "state": ["AtSea", {"name": "Pacific Explorer", "cargo": {"electronics": 500}}],
    }
    for key, value in (
        (SHIP.encode(), {**bare, **state, "fold": checkpoint["fold"]}),
        (b"checkpoint", checkpoint),
        (SHIP.encode(), {**bare, **state, "fold": fold} if fold else bare),
    ):
        snapshots.append(
            replace(snapshots[-1], offset=snapshots[-1].offset + 1, key=key, value=json.dumps(value).encode())
        )

    assert [] == judge_live(logs, settled=len(snapshots) - 1).violations
    # Nothing tells the state that the checkpoint relies on.
    del snapshots[-3]
    assert judge_live(logs, settled=len(snapshots) - 1).violations != []
