"""Several handlers on one machine: what each is started with, so that they can be told apart."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from service.cli.exits import Exit, Stop
from service.cli.options import Given
from service.cli.running import run_role
from service.cli.supervisor import Program, Supervisor
from service.settings import Settings

log = structlog.get_logger()

_HIGHEST_PORT = 65_535


def run_workers(given: Given, settings: Settings, aggregates: Sequence[str], workers: int) -> None:
    """Run so many until told to stop; raises Stop where they cannot be started."""
    _check_ports(settings.health_port, workers)
    with TemporaryDirectory(prefix="fairlead-workers-") as folder:
        programs = [program(given, settings, aggregates, number, Path(folder)) for number in range(workers)]
        supervisor = Supervisor(programs)
        run_role(_supervise(supervisor, settings, aggregates, workers), again=supervisor.kill)


def _check_ports(first: int | None, workers: int) -> None:
    if first and first + workers - 1 > _HIGHEST_PORT:
        message = (
            f"FAIRLEAD_HEALTH_PORT: {first} is the first of {workers} ports, of which the last would be above "
            f"{_HIGHEST_PORT}: set it to {_HIGHEST_PORT - workers + 1} or less"
        )
        raise Stop(Exit.USAGE, message)


def program(given: Given, settings: Settings, aggregates: Sequence[str], number: int, directory: Path) -> Program:
    """How the worker of this number is started: as itself towards Kafka, its supervisor and whoever asks its health."""
    ready_file = directory / f"{number}.ready"
    own = {"FAIRLEAD_READY_FILE": str(ready_file)}
    if settings.instance_id:
        own["FAIRLEAD_INSTANCE_ID"] = f"{settings.instance_id}-{number}"
    if settings.health_port:
        own["FAIRLEAD_HEALTH_PORT"] = str(settings.health_port + number)
    # Settings are read whatever their case: of these, only the worker's own may be there.
    kept = {name: value for name, value in os.environ.items() if name.upper() not in own}
    line = [sys.executable, "-P", "-m", "service", "handle", *aggregates, f"--worker={number}", *given.line()]
    return Program(number, line, kept | own, ready_file)


async def _supervise(supervisor: Supervisor, settings: Settings, aggregates: Sequence[str], workers: int) -> None:
    from service import app as composition  # noqa: PLC0415  # it brings every driver: not for commands that need none

    # Asked once, before there are many who would all say the same.
    partitions = await composition.handled_partitions(settings, aggregates)
    if workers > partitions:
        log.warning("more workers than partitions: the surplus waits idle", workers=workers, partitions=partitions)

    async def all_ready() -> None:
        if settings.ready_file:
            await asyncio.to_thread(Path(settings.ready_file).touch)
        log.info("all workers ready", workers=workers)

    await supervisor.run(all_ready)
