"""Connections that are held are there before they are needed; others come as they are."""

from __future__ import annotations

import pytest

from service.local.servers import Endpoints
from service.postgres.pool import open_pool


@pytest.mark.parametrize(("held", "there"), [(True, 3), (False, 1)])
async def test_held_connections_are_there_before_they_are_needed(servers: Endpoints, *, held: bool, there: int) -> None:
    async with open_pool(servers.database_url, size=3, held=held) as pool:
        assert (there, there) == (pool.get_size(), pool.get_idle_size())
