"""One Kafka and one PostgreSQL for the whole run, since starting them takes longer than most tests."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from service.local.servers import Endpoints
from tests.servers import CHOICES, Chosen, choose

SERVERS = pytest.StashKey[Chosen]()

# How hard the laws are tried: a little on every run, thoroughly with `--long`. For none of them does it matter how
# long one example takes.
settings.register_profile("quick", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", settings.get_profile("quick"), max_examples=300)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let those who have time ask for the tests that take some, and everybody say on what they run."""
    parser.addoption("--long", action="store_true", help="run also the tests marked `long`")
    parser.addoption("--containers", action="store_true", help="run also the tests marked `containers`")
    parser.addoption("--servers", choices=CHOICES, default="any", help="where Kafka and PostgreSQL are to come from")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: takes minutes; runs with --long")
    config.addinivalue_line("markers", "containers: needs a Docker engine; runs with --containers")
    try:
        config.stash[SERVERS] = choose(config.getoption("--servers"))
    except LookupError as missing:
        raise pytest.UsageError(f"--servers: {missing}") from None
    settings.load_profile("long" if config.getoption("--long") else "quick")
    # By default it draws what every variable of a traceback holds, and the loop stands still for seconds meanwhile.
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])


def pytest_report_header(config: pytest.Config) -> str:
    return f"servers: {config.stash[SERVERS].told}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for marker, reason in (("long", "takes long"), ("containers", "needs a Docker engine")):
        if not config.getoption(f"--{marker}"):
            for item in items:
                if item.get_closest_marker(marker):
                    item.add_marker(pytest.mark.skip(reason=f"{reason}: run it with --{marker}"))


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """A command that is run within the tests' process sets up logs for the whole of it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
async def servers(pytestconfig: pytest.Config) -> AsyncIterator[Endpoints]:
    """Those of the header's line."""
    async with pytestconfig.stash[SERVERS].open(_tell) as endpoints:
        yield endpoints


def _tell(progress: str) -> None:
    """Past pytest's capture: whoever waits for the first real test sees what for."""
    if sys.__stderr__:
        sys.__stderr__.write(f"\n{progress}")
        sys.__stderr__.flush()
