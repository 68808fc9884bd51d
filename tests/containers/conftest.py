"""The image is built once and the stack brought up once; what was measured is told at the end."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests import engine
from tests.containers.compose import ROOT, Stack

IMAGE = "fairlead:tests"
_FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> list[str]:
    """Lines for people to read."""
    return pytestconfig.stash.setdefault(_FIGURES, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if lines := config.stash.get(_FIGURES, None):
        terminalreporter.section("figures")
        terminalreporter.write_line("\n".join(lines))


@pytest.fixture(scope="session")
def images() -> dict[str, str]:
    """Those that the engine has, or can fetch."""
    if not engine.answers():
        pytest.skip("no Docker engine answers")
    try:
        return {name: engine.fetched(name) for name in engine.IMAGES}
    except LookupError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def image(images: dict[str, str]) -> str:
    """The service's, as of now."""
    engine.build(ROOT, IMAGE, images["PYTHON_IMAGE"])
    return IMAGE


@pytest.fixture(scope="session")
def stack(images: dict[str, str], image: str) -> Iterator[Stack]:
    """Up and healthy."""
    running = Stack(f"fairlead-{uuid4().hex[:8]}", images | {"FAIRLEAD_IMAGE": image})
    try:
        running.up()
        yield running
    finally:
        running.compose("down", "--volumes", "--remove-orphans", "--timeout", "5")
