"""How hard the laws are tried: a little on every run, thoroughly with `--long`."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", settings.get_profile("quick"), max_examples=300)


def pytest_configure(config: pytest.Config) -> None:
    """Choose by the suite's own option."""
    settings.load_profile("long" if config.getoption("--long", default=False) else "quick")
