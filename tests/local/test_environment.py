"""What the caller's shell says about other servers and other processes does not reach the roles of a local stack."""

from __future__ import annotations

import pytest

from service.local.environment import for_roles


@pytest.mark.parametrize(
    "name", ["FAIRLEAD_HEALTH_PORT", "fairlead_health_port", "FAIRLEAD_SASL_USERNAME", "FAIRLEAD_DIR", "PGHOST"]
)
def test_what_is_meant_for_others_does_not_reach_the_roles(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    monkeypatch.setenv("FAIRLEAD_LOG_LEVEL", "debug")
    environment = for_roles()
    assert name not in environment
    assert "debug" == environment["FAIRLEAD_LOG_LEVEL"]
