"""Kafka's jars, each checked against a committed hash before Java sees it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.local.failure import StackFailed

LOCK = Path(__file__).with_name("kafka.lock")
AT_ONCE = 8
TRIES = 3
TRUSTED = "REQUESTS_CA_BUNDLE"


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
        await asyncio.to_thread(_fetch, missing, folder)
    return os.pathsep.join(str(folder / jar.file_name) for jar in jars)


def _fetch(jars: list[Jar], folder: Path) -> None:
    """Fetch all; what came is kept even where another failed, so that the next try goes on from there."""
    folder.mkdir(parents=True, exist_ok=True)
    with _trusting_what_the_system_trusts(), ThreadPoolExecutor(AT_ONCE) as threads:
        problems = [problem for problem in threads.map(lambda jar: _fetched(jar, folder), jars) if problem]
    if problems:
        raise StackFailed(
            f"{len(problems)} of Kafka's jars could not be fetched ({problems[0]}): "
            "check network and proxy and try again, it goes on from here"
        )


@contextmanager
def _trusting_what_the_system_trusts() -> Iterator[None]:
    """Let a company's proxy pass: requests knows only the certificates that it brings; the hashes are what we trust."""
    system = ssl.get_default_verify_paths().cafile
    if not system or TRUSTED in os.environ:
        yield
        return
    os.environ[TRUSTED] = system
    try:
        yield
    finally:
        del os.environ[TRUSTED]


def _fetched(jar: Jar, folder: Path) -> str | None:
    """Put one jar where it belongs, or say why not."""
    from jgo.maven import MavenContext  # noqa: PLC0415  # slow to import, and needed once

    problem = ""
    for _ in range(TRIES):
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as fresh:
            context = MavenContext(repo_cache=Path(fresh), timeout=60)
            try:
                file = context.create_dependency(jar.coordinate).artifact.resolve()
            except (OSError, RuntimeError) as error:  # what requests and jgo raise
                problem = f"{jar.coordinate}: {type(error).__name__}"
                continue
            if hashlib.sha256(file.read_bytes()).hexdigest() == jar.sha256:
                file.replace(folder / jar.file_name)
                return None
            problem = f"{jar.coordinate}: not the file whose hash is locked"
    return problem
