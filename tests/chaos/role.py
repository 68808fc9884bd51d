"""A role of the service as a process of its own, as containers run it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from service.settings import Settings

_READY_SECONDS = 60.0
_STOP_SECONDS = 20.0


def environment(settings: Settings) -> dict[str, str]:
    """The variables that say what these settings say, and nothing that the caller's say."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
    return inherited | {f"FAIRLEAD_{name.upper()}": _text(value) for name, value in _said(settings).items()}


def _said(settings: Settings) -> dict[str, Any]:
    return {name: value for name, value in settings.model_dump(exclude_unset=True).items() if value is not None}


def _text(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


@asynccontextmanager
async def running_role(role: str, settings: Settings, folder: Path) -> AsyncIterator[None]:
    """`python -m service ROLE`, ready on entry; its log is in the folder, and it must end well when asked to."""
    ready, log = folder / f"{role}.ready", folder / f"{role}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "service", role),
            env=environment(settings) | {"FAIRLEAD_READY_FILE": str(ready)},
            stdout=output,
            stderr=output,
        )
    try:
        async with asyncio.timeout(_READY_SECONDS):
            while not await asyncio.to_thread(ready.exists):
                if process.returncode is not None:
                    raise AssertionError(await asyncio.to_thread(log.read_text))
                await asyncio.sleep(0.05)  # the file is all that a supervisor sees
        yield
        process.terminate()
        async with asyncio.timeout(_STOP_SECONDS):
            code = await process.wait()
        assert code == 0, await asyncio.to_thread(log.read_text)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
