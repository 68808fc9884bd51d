"""All events of an aggregate as the notebook's file, whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from io import BytesIO, FileIO
from pathlib import Path
from typing import Annotated

import orjson
import typer

from service.aside import aside
from service.cli.completing import AGGREGATE
from service.cli.event_files import Sink, compressed, form_of
from service.cli.exits import Exit, Stop
from service.cli.formats import as_row
from service.cli.options import Given, with_servers
from service.cli.output import emit_fields, escaped, say
from service.cli.progress import progress_of_unknown
from service.cli.roles import known_aggregates
from service.cli.running import run
from service.settings import Settings

_TELL_EVERY = 1_000
_PORTION = 256 * 1024  # bytes
_ANYBODY, _ONLY_US = 0o666, 0o600  # the former less what the umask takes


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.command(rich_help_panel="Commands and events")(with_servers(export))


def export(
    given: Given,
    aggregate: Annotated[str, AGGREGATE],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Replaced once all is written")],
) -> None:
    """Write all events to a file, in order of time.

    One that ends in `.jsonl` has an event on each line, others are a JSON list; with `.gz` behind it is compressed.

    Examples: `fairlead export ship ship_events.json`, `fairlead export ship ship_events.jsonl.gz`
    """
    known_aggregates([aggregate])
    settings = given.settings()
    # A pipe may be waiting for its reader for ever: opened within a loop, no signal would end that.
    with replaced(file) as target:
        count = run(_write(settings, aggregate, file, target))
    if _is_stdout(file):
        say(f"Events: {count:,}")  # behind them it would be taken for one
        return
    emit_fields({"file": escaped(str(file)), "events": count}, as_json=given.as_json)


async def _write(settings: Settings, aggregate: str, file: Path, target: Sink) -> int:
    from service import app as composition  # noqa: PLC0415  # it brings every driver: not for commands that need none

    form, portion, count = form_of(file), BytesIO(), 0
    with compressed(file, portion) as sink, progress_of_unknown() as progress:
        task = progress.add_task("Exporting", total=None)
        sink.write(form.begin)
        async for event in composition.export_events(settings, aggregate):
            if count:
                sink.write(form.between)
            sink.write(orjson.dumps(as_row(event)))
            count += 1
            if count % _TELL_EVERY == 0:
                progress.advance(task, _TELL_EVERY)
            if portion.tell() >= _PORTION:
                await aside(partial(target.write, portion.getvalue()))
                portion.seek(0)
                portion.truncate()
        progress.update(task, completed=count)
        sink.write(form.end if count else form.none)
    await aside(partial(target.write, portion.getvalue()))
    return count


class _Pipe:
    """Takes bytes at once: none are left for which its closing, or the end of Python, would wait for a reader."""

    def __init__(self, pipe: FileIO) -> None:
        self._pipe = pipe

    def write(self, content: bytes) -> None:
        left = memoryview(content)
        while left:
            left = left[os.write(self._pipe.fileno(), left) :]


@contextmanager
def replaced(file: Path) -> Iterator[Sink]:
    """A file that takes the place of the old one once it is whole; a pipe is written as it comes. Raises Stop.

    Who could not read the old one can read neither the new one nor what there is of it yet.
    """
    if _is_stdout(file):
        sys.stdout.flush()
        with FileIO(sys.stdout.fileno(), "wb", closefd=False) as stdout:
            yield _Pipe(stdout)
        return
    if file.exists() and not file.is_file():
        with FileIO(file, "wb") as pipe:
            yield _Pipe(pipe)
        return
    file = file.resolve()
    if not file.parent.is_dir():
        raise Stop(Exit.USAGE, f"{file.parent} is no directory: create it, or choose another file")
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)  # of a process that was killed and had the same id
    old = file.stat() if file.exists() else None
    try:
        with open(part, "xb", opener=partial(os.open, mode=_ANYBODY if old is None else _ONLY_US)) as target:
            yield target
            if old is not None:
                _as_protected(target.fileno(), old)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _is_stdout(file: Path) -> bool:
    """Whether it is where results go already, as `/dev/stdout` is: opened anew, it could begin before their end."""
    return file.exists() and os.path.samestat(file.stat(), os.fstat(sys.stdout.fileno()))


def _as_protected(new: int, old: os.stat_result) -> None:
    """Give an open file the group and the mode of an old one, and nothing to a group that is not the old one's."""
    with suppress(PermissionError):
        os.fchown(new, -1, old.st_gid)
    ours = os.fstat(new).st_gid == old.st_gid
    os.fchmod(new, old.st_mode & (stat.S_IRWXU | stat.S_IRWXO | (stat.S_IRWXG if ours else 0)))
