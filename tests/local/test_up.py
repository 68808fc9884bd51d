"""A stack outlives the terminal at which it was started."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from service.local.child import until
from tests.chaos.up import READY_SECONDS, Up


async def test_a_role_that_dies_is_started_again_where_nobody_is_left_to_be_told(tmp_path: Path) -> None:
    def pid() -> int | None:
        with suppress(FileNotFoundError, ValueError):  # it is being started
            return int(json.loads((tmp_path / "run" / "api.json").read_text())["pid"])
        return None

    def ended() -> bool:
        return process.returncode is not None

    terminal, its_end = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service", "up", "--dir", str(tmp_path)), stderr=its_end, start_new_session=True
    )
    os.close(its_end)
    assert await until(lambda: (tmp_path / "endpoints.json").exists() or ended(), READY_SECONDS)
    os.close(terminal)
    up = Up(process, tmp_path)
    first = pid()
    psutil.Process(first).kill()
    assert await until(lambda: pid() not in (first, None) or ended(), READY_SECONDS)
    assert not ended()
    assert 0 == await up.interrupt()
    assert up.left() == []
