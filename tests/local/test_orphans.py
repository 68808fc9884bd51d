"""What an earlier run left behind is stopped, and nothing else that happens to have its number."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from service.local.orphans import stop_orphans

IDLE = [sys.executable, "-c", "import sys; sys.stdin.read()"]


@pytest.fixture
def idle() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(IDLE, stdin=subprocess.PIPE) as process:  # noqa: S603  # our own words
        yield process
        process.kill()


def record(directory: Path, process: subprocess.Popen[bytes], *, began_before: float = 0) -> Path:
    file = directory / "run" / "kafka.json"
    file.parent.mkdir()
    created = psutil.Process(process.pid).create_time() - began_before
    file.write_text(json.dumps({"pid": process.pid, "created": created, "command": IDLE, "stop": signal.SIGTERM}))
    return file


async def test_recorded_process_is_stopped_and_forgotten(tmp_path: Path, idle: subprocess.Popen[bytes]) -> None:
    file = record(tmp_path, idle)
    said: list[str] = []
    await stop_orphans(tmp_path, said.append)
    assert idle.poll() == -signal.SIGTERM
    assert said == ["Stopping what an earlier run left behind"]
    assert not file.exists()


async def test_later_process_with_the_same_number_is_left_alone(tmp_path: Path, idle: subprocess.Popen[bytes]) -> None:
    file = record(tmp_path, idle, began_before=3_600)
    await stop_orphans(tmp_path, lambda _: None)
    assert idle.poll() is None
    assert not file.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
async def test_half_written_record_is_forgotten(tmp_path: Path, content: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "kafka.json").write_text(content)
    await stop_orphans(tmp_path, lambda _: None)
    assert list((tmp_path / "run").iterdir()) == []
