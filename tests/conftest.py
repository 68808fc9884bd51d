"""One Kafka and one PostgreSQL for the whole run, since starting them takes longer than most tests."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from service.local.servers import Endpoints, local_servers

# How hard the laws are tried: a little on every run, thoroughly with `--long`. For none of them does it matter how
# long one example takes.
settings.register_profile("quick", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", settings.get_profile("quick"), max_examples=300)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let those who have time ask for the tests that take some."""
    parser.addoption("--long", action="store_true", help="run also the tests marked `long`")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: takes minutes; runs with --long")
    settings.load_profile("long" if config.getoption("--long") else "quick")
    # By default it draws what every variable of a traceback holds, and the loop stands still for seconds meanwhile.
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        for item in items:
            if "long" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="takes long: run it with --long"))


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """A command that is run within the tests' process sets up logs for the whole of it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
async def servers() -> AsyncIterator[Endpoints]:
    """Those that FAIRLEAD_BOOTSTRAP_SERVERS and FAIRLEAD_DATABASE_URL name, else our own for this run."""
    named = [os.environ.get(f"FAIRLEAD_{name}") for name in ("BOOTSTRAP_SERVERS", "DATABASE_URL")]
    if named[0] and named[1]:
        yield Endpoints(named[0], named[1])
        return
    with tempfile.TemporaryDirectory(prefix="fairlead-tests-") as folder:
        async with local_servers(Path(folder), _tell) as endpoints:
            yield endpoints


def _tell(progress: str) -> None:
    """Past pytest's capture: whoever waits for the first real test sees what for."""
    if sys.__stderr__:
        sys.__stderr__.write(f"\n{progress}")
        sys.__stderr__.flush()
