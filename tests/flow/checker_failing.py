"""A ship whose first command fails, for the tests of what has to follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.audit.messages import Verdict
from service.audit.model import Judge
from service.audit.records import Json, PartitionLogs
from service.audit.told import Answer, Told
from tests.checker import check_logs
from tests.flow.checker_parked_story import CODE_FAILED, reply_id
from tests.flow.checker_story import SHIP, command, partition

Answers = Mapping[str, Answer]

REGISTER = command(1, "register_ship", {"name": "a"})
DOCK = command(2, "dock_ship", {"port": "Rio"})
DEPART = command(3, "depart_ship")


def judge(answers: Answers, *values: Json, parked: int | None = 0) -> list[Verdict]:
    """The verdicts on these commands, the first of which fails and parks the ship unless it is told otherwise."""
    logs = partition("ship", values)
    told = Told({reply_id(0): CODE_FAILED, **answers}, frozenset({(SHIP, parked)}))
    judging = Judge(logs, told=told)
    return [judging.judge(one) for one in logs.records["commands"]]


def names(verdicts: list[Verdict]) -> list[str]:
    """Under which name each is counted."""
    return [verdict.name for verdict in verdicts]


def data(verdict: Verdict) -> Json:
    """What its reply says."""
    assert verdict.reply is not None
    found: Json = verdict.reply["data"]
    return found


def violations(logs: PartitionLogs, **options: Any) -> list[str]:
    """What the checker says where commands may fail."""
    return check_logs([logs], failures_allowed=True, **options).violations
