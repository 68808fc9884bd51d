"""Children of a stack that was killed, stopped before the next start, so that nothing else writes to its data."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from service.local.child import STOP_WITHIN, until

SAME_START = 2.0  # seconds by which two readings of one process's start may differ


async def stop_orphans(directory: Path, say: Callable[[str], None]) -> None:
    """Stop what the records of an earlier run name and is truly that; forget the records."""
    records = sorted((directory / "run").glob("*.json"))
    family = [process for record in records for process in _asked_to_stop(record)]
    if any(map(_lives, family)):
        say("Stopping what an earlier run left behind")
        if not await until(lambda: not any(map(_lives, family)), STOP_WITHIN):
            for process in family:
                with suppress(psutil.Error):
                    process.kill()
            await until(lambda: not any(map(_lives, family)), STOP_WITHIN)
    for record in records:
        record.unlink(missing_ok=True)


def _asked_to_stop(record: Path) -> list[psutil.Process]:
    """The process of a record and its descendants, if it is the one that was recorded and not a later namesake."""
    with suppress(psutil.Error, ValueError, KeyError, TypeError):
        known = json.loads(record.read_text())
        process = psutil.Process(known["pid"])
        began = abs(process.create_time() - known["created"]) < SAME_START
        if began and process.cmdline() == known["command"]:
            family = [process, *process.children(recursive=True)]
            process.send_signal(known["stop"])
            return family
    return []


def _lives(process: psutil.Process) -> bool:
    """Whether it runs; one that ended and that nobody has reaped does not."""
    with suppress(psutil.Error):
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    return False
