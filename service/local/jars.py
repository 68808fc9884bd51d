"""Kafka's jars, each checked against a committed hash before Java sees it."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from service.aside import aside
from service.local.failure import StackFailed
from service.local.trust import trusting_what_the_system_trusts

LOCK = Path(__file__).with_name("kafka.lock")
AT_ONCE = 8
TRIES = 3
WITHIN = 10, 20  # seconds for each of a server's addresses to be reached, and for anything to come from there
OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS}


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock."""

    coordinate: str
    sha256: str

    @property
    def file_name(self) -> str:
        """As Maven names it."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    def is_in(self, folder: Path) -> bool:
        """Whether the folder has it, undamaged."""
        file = folder / self.file_name
        return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == self.sha256


def locked(lock: Path = LOCK) -> list[Jar]:
    """What a Kafka is made of."""
    return [Jar(*line.split()) for line in lock.read_text().splitlines()]


def cache() -> Path:
    """Beside the packages where those are ours alone (a virtual environment), else in the user's cache."""
    if sys.prefix != sys.base_prefix and os.access(sys.prefix, os.W_OK):
        return Path(sys.prefix) / "share" / "fairlead" / "kafka"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fairlead" / "kafka"


async def class_path(say: Callable[[str], None], folder: Path | None = None) -> str:
    """The jars for Java's -cp, those that are missing or damaged fetched first."""
    folder = folder or cache()
    jars = locked()
    missing = await asyncio.to_thread(lambda: [jar for jar in jars if not jar.is_in(folder)])
    if missing:
        say(f"Fetching Kafka ({len(missing)} of {len(jars)} jars)")
        try:
            await _fetch(missing, folder)
        except OSError as fault:
            raise StackFailed(
                f"Kafka's jars cannot be kept in {folder} ({fault.strerror}): mend that and try again"
            ) from fault
    return os.pathsep.join(str(folder / jar.file_name) for jar in jars)


async def _fetch(jars: list[Jar], folder: Path) -> None:
    """Fetch all, or give up with the first that cannot be had; what came is kept: the next try goes on from there."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    waiting, over = iter(jars), threading.Event()
    problems: list[str] = []

    def work() -> None:
        # Each takes the next one of a list, which no two of them can take.
        for jar in waiting:
            if problem := _problem_with(jar, folder, Path(fresh), over):
                problems.append(problem)
                over.set()

    with (
        trusting_what_the_system_trusts(),
        tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-", ignore_cleanup_errors=True) as fresh,
    ):
        try:
            # Looking for a name and reaching a server may take minutes, in which they hear of nothing.
            await asyncio.gather(*(aside(work) for _ in range(AT_ONCE)))
        finally:
            over.set()
    if problems:
        raise StackFailed(
            f"Kafka's jars could not all be fetched ({problems[0]}): "
            "check network and proxy and try again, it goes on from here"
        )


def _problem_with(jar: Jar, folder: Path, fresh: Path, over: threading.Event) -> str:
    """Put one jar where it belongs, or say why not; empty where it is there, or where others have given up."""
    from jgo.maven import MavenContext  # noqa: PLC0415  # slow to import, and needed once

    problem = ""
    for attempt in range(TRIES):
        if over.is_set():
            break
        place = fresh / f"{jar.file_name}.{attempt}"
        try:
            context = MavenContext(repo_cache=place, timeout=WITHIN)  # type: ignore[arg-type]  # requests takes both
            file = context.create_dependency(jar.coordinate).artifact.resolve()
        except (OSError, RuntimeError) as error:  # what requests and jgo raise
            if isinstance(error, OSError) and error.errno in OF_THE_DISK:
                raise
            name = type(error).__name__
            problem = f"{jar.coordinate}: {'no answer in time' if name.endswith('Timeout') else name}"
            continue
        if hashlib.sha256(file.read_bytes()).hexdigest() == jar.sha256:
            file.replace(folder / jar.file_name)
            return ""
        problem = f"{jar.coordinate}: not the file whose hash is locked"
    return problem
