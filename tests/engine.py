"""A Docker engine, where one answers, and the images that it has."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

_SECONDS = 600.0
_ASKED_SECONDS = 20.0
_FETCH_SECONDS = 120.0

# The first one that the engine has is taken. Kafka 4.2.2 before 4.3.1, which can leave a transaction open for ever.
IMAGES = {
    "KAFKA_IMAGE": ("apache/kafka:4.2.2", "apache/kafka:4.3.1"),
    "POSTGRES_IMAGE": ("postgres:18",),
    "PYTHON_IMAGE": ("python:3.13-slim", "python:3.11-slim-bookworm"),
}


def docker(*words: str, within: float = _SECONDS) -> str:
    """What this `docker` command prints; raises AssertionError where it fails."""
    return run("docker", *words, within=within)


def run(*line: str, environment: Mapping[str, str] | None = None, within: float = _SECONDS) -> str:
    """What a program prints, with these variables beside ours; raises AssertionError where it fails."""
    ended = subprocess.run(  # noqa: S603  # docker and compose
        line, env={**os.environ, **(environment or {})}, capture_output=True, text=True, timeout=within, check=False
    )
    assert ended.returncode == 0, f"{' '.join(line)}: {ended.stdout[-4000:]}{ended.stderr[-4000:]}"
    return ended.stdout.strip()


def logs(container: str) -> str:
    """All that it wrote."""
    line = ("docker", "logs", container)
    return subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout  # noqa: S603  # as run


def answers() -> bool:
    """Whether there is an engine."""
    return bool(shutil.which("docker")) and _succeeds("docker", "version")


def has(image: str) -> bool:
    """Whether it need not be fetched."""
    return _succeeds("docker", "image", "inspect", image)


def image(variable: str) -> str:
    """The one that this variable names, else the first of IMAGES, that the engine has; raises LookupError."""
    named = os.environ.get(variable)
    wanted = (named,) if named else IMAGES[variable]
    if not answers():
        raise LookupError("no Docker engine answers")
    for one in wanted:
        if has(one):
            return one
    raise LookupError(f"the engine does not have {wanted[0]}")


def fetched(variable: str) -> str:
    """As image, which is fetched where the engine has none of them; raises LookupError."""
    try:
        return image(variable)
    except LookupError:
        wanted = os.environ.get(variable) or IMAGES[variable][0]
        if not _succeeds("docker", "pull", "--quiet", wanted, within=_FETCH_SECONDS):
            raise
        return wanted


def build(context: Path, tag: str, python: str) -> None:
    """Make the service's image of this folder."""
    arguments = (f"PYTHON_IMAGE={python}", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST")
    options = [part for one in arguments for part in ("--build-arg", one)]
    # An engine whose own network leads nowhere still builds on that of the machine.
    dockerfile = str(context / "deploy" / "Dockerfile")
    docker("build", "--quiet", "--network", "host", *options, "--file", dockerfile, "--tag", tag, str(context))


def _succeeds(*line: str, within: float = _ASKED_SECONDS) -> bool:
    try:
        ended = subprocess.run(line, capture_output=True, timeout=within, check=False)  # noqa: S603  # as run
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode == 0
