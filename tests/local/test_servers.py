"""On what the tests run: what somebody names, else what an engine has, else servers of their own."""

from __future__ import annotations

import pytest

from tests.servers import choose

NAMED = {"FAIRLEAD_BOOTSTRAP_SERVERS": "kafka:9092", "FAIRLEAD_DATABASE_URL": "postgresql://db/postgres"}


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    for name in NAMED:
        monkeypatch.delenv(name, raising=False)


def test_without_an_engine_they_are_ours() -> None:
    assert choose("any").told == "the local stack, since no Docker engine answers"


async def test_those_that_variables_name_come_before_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NAMED.items():
        monkeypatch.setenv(name, value)
    async with choose("any").open(lambda _: None) as endpoints:
        assert [endpoints.bootstrap_servers, endpoints.database_url] == list(NAMED.values())


def test_containers_that_are_asked_for_and_cannot_be_had_are_an_error() -> None:
    with pytest.raises(LookupError, match="no Docker engine answers"):
        choose("containers")
