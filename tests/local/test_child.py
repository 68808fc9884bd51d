"""A child that runs is one that is known, whatever became of the disk."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from service.local import roles
from service.local.child import Program, start
from service.local.failure import StackFailed
from service.local.roles import Role

# What is written there finds the disk full.
FULL = Path("/dev/full")
IDLE = ("-c", "import signal; signal.pause()")
# A role that says that it is ready, and ends.
ROLE = """#!/bin/sh
echo started >> starts
touch "$FAIRLEAD_READY_FILE"
"""

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")


def test_one_that_cannot_be_put_on_record_does_not_run_on(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "idle.json").symlink_to(FULL)
    before = psutil.Process().children()
    with pytest.raises(StackFailed, match=r"idle cannot be started in .*No space left"):
        start(tmp_path, Program("idle", (sys.executable, *IDLE), {}, tmp_path))
    assert before == psutil.Process().children()


async def test_a_role_that_cannot_be_started_again_is_tried_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def say(message: str) -> None:
        said.append(message)
        if len(said) == 1:
            record.symlink_to(FULL)
        elif "No space left" in message:
            record.unlink()
        else:
            raise EOFError

    said: list[str] = []
    record = tmp_path / "run" / "handle.json"
    python = tmp_path / "python"
    python.write_text(ROLE)
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(roles, "FIRST_PAUSE", 0.0)
    with pytest.raises(EOFError):
        await Role(tmp_path, "handle", {}, say).run()
    assert 3 == len(said)
