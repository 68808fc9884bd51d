"""Of inputs, most of them no commands, each is answered or put aside as it came, and none costs memory."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from service.domain import AGGREGATES
from tests.domain.hostile import Hostile

INPUTS = 60_000 // len(AGGREGATES)
MANY = 200_000 // len(AGGREGATES)
# By which one sees that inputs come to every check, and which even the oddest must not get.
COMMON = ("accepted", "invalid_command", "unreadable", "unknown_command", "version_conflict")
FAILED = ("internal_error", "not_writable", "parked")


@pytest.fixture(params=AGGREGATES, scope="module")
def found(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What became of all inputs; a process of its own, that nothing else has made grow."""
    inputs = MANY if request.config.getoption("--long") else INPUTS
    line = (sys.executable, "-m", "tests.domain.fuzz", str(request.param), "--inputs", str(inputs))
    told: dict[str, Any] = json.loads(subprocess.run(line, check=True, capture_output=True).stdout)  # noqa: S603  # our own
    return told | {"inputs": inputs}


def test_each_is_answered_or_put_aside_and_none_makes_the_service_fail(found: dict[str, Any]) -> None:
    codes = found["codes"]
    assert sum(codes.values()) == found["inputs"]
    assert [] == [code for code in codes if code.removeprefix("put aside as ") in FAILED]
    assert {code: codes.get(code, 0) for code in COMMON if codes.get(code, 0) < INPUTS // 1_000} == {}


def test_memory_does_not_grow(found: dict[str, Any]) -> None:
    assert found["grown_mib"] < 50


def test_a_seed_gives_the_same_inputs() -> None:
    one, same, other = Hostile("ship", 1), Hostile("ship", 1), Hostile("ship", 2)
    inputs = [one.next() for _ in range(300)]
    assert inputs == [same.next() for _ in range(300)]
    assert inputs != [other.next() for _ in range(300)]
