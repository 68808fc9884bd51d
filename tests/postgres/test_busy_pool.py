"""A question for which no connection is free is told so before long: who asked it would wait for nothing."""

from __future__ import annotations

import pytest

from service.local.servers import Endpoints
from service.postgres import pool as pools
from service.postgres.keys import PostgresKeys
from service.postgres.names import Names
from service.postgres.pool import open_pool
from service.postgres.public import Public
from service.projections.store import StoreUnavailable


async def test_a_question_behind_many_slow_ones_is_put_off(
    servers: Endpoints, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "_SOON_SECONDS", 0.1)
    async with open_pool(servers.database_url, size=1) as pool:
        views, keys = Public(pool, names), PostgresKeys(pool, names)
        async with pool.acquire():
            with pytest.raises(StoreUnavailable, match="no connection was free"):
                await views.fetch("SELECT 1")
            with pytest.raises(StoreUnavailable, match="no connection was free"):
                await anext(views.stream("SELECT 1"))
            with pytest.raises(StoreUnavailable, match="no connection was free"):
                await keys.find("user", ["7"])
        assert [{"one": 1}] == await views.fetch("SELECT 1 AS one")
        assert [{"one": 1}] == [row async for row in views.stream("SELECT 1 AS one")]
