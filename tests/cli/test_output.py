"""What is printed as JSON is JSON, whatever is in it and wherever it goes."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from fcntl import ioctl
from io import BytesIO, TextIOWrapper
from termios import FIONREAD

import pytest

from service.cli.output import emit_fields, emit_json

# More than a pipe takes at once, right behind a loop that has ended.
_LONG = """
import asyncio
from service.cli.output import emit_json, ready_to_print
from service.cli.running import run

ready_to_print()
run(asyncio.sleep(0))
emit_json("x" * 1_000_000)
"""


def test_json_is_utf_8_whatever_stdout_is(monkeypatch: pytest.MonkeyPatch) -> None:
    content = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(content, "ascii", errors="backslashreplace"))
    sys.stdout.write("[")
    emit_json({"name": "São"})
    sys.stdout.write("]")
    sys.stdout.flush()
    assert [{"name": "São"}] == json.loads(content.getvalue())


def test_a_sum_of_any_size_is_printed_as_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    totals = {"cargo": {"São": 2**64}, "ships": 1}
    emit_json(totals)
    assert f"{json.dumps(totals, indent=2, ensure_ascii=False)}\n" == capfd.readouterr().out


def test_of_what_a_person_reads_nothing_is_cut(capfd: pytest.CaptureFixture[str]) -> None:
    emit_fields({"value_base64": "x" * 1_000}, as_json=False)
    assert 1_000 == capfd.readouterr().out.count("x")


async def test_a_long_result_is_whole_in_a_pipe_that_is_read_late_though_python_does_not_buffer() -> None:
    unbuffered = os.environ | {"PYTHONUNBUFFERED": "1"}
    read, write = os.pipe()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _LONG, stdout=write, env=unbuffered)
    os.close(write)
    async with asyncio.timeout(30):
        while not _waiting(read):  # noqa: ASYNC110  # a pipe that is full sends no event
            await asyncio.sleep(0.01)
        with os.fdopen(read, "rb") as pipe:
            printed = await asyncio.to_thread(pipe.read)
        await process.wait()
    assert len(printed) == len('""\n') + 1_000_000


def _waiting(read: int) -> int:
    """How many bytes a pipe holds."""
    return int.from_bytes(ioctl(read, FIONREAD, bytes(4)), sys.byteorder)
