"""With the rights that deploy/k8s/README.md grants, and no others, each user of the database can do its work."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from service.local.servers import Endpoints
from service.postgres.keys import PostgresKeys, prepare_keys
from service.postgres.names import Names
from service.postgres.pool import Pool, open_pool
from service.postgres.schema import prepare_projections
from service.postgres.sight import open_sight
from service.projections import PROJECTIONS

README = Path(__file__).parents[2] / "deploy" / "k8s" / "README.md"
Url = Callable[[str], str]


@pytest.fixture
async def url(servers: Endpoints, pool: Pool) -> AsyncIterator[Url]:
    """Of a database that nobody but its roles may enter, by what the document calls a role."""
    name = f"granted_{secrets.token_hex(4)}"
    [block] = re.findall(r"```sql\n(.*?)```", README.read_text(), re.DOTALL)
    await pool.execute(f"CREATE DATABASE {name}")
    await pool.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
    await pool.execute(re.sub(r"\bfairlead", name, block).replace("…", "granted"))

    def of(role: str) -> str:
        parts = urlsplit(servers.database_url)
        login = role.replace("fairlead", name)
        return urlunsplit(parts._replace(netloc=f"{login}:granted@{parts.hostname}:{parts.port}", path=f"/{name}"))

    try:
        yield of
    finally:
        await pool.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await pool.execute(f"DROP ROLE {name}, {name}_reader")


async def test_one_can_make_all_that_there_is_and_the_other_can_read_what_is_public(url: Url) -> None:
    reader = urlsplit(url("fairlead_reader")).username
    names = Names(reader=reader)
    for _ in ("made", "found"):
        async with open_pool(url("fairlead")) as pool:
            await prepare_keys(pool, names)
            await prepare_projections(pool, names, PROJECTIONS.values())
    async with open_pool(url("fairlead")) as pool:
        assert await PostgresKeys(pool, names).vacuum() is not None
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            assert await open_sight(connection, names, PROJECTIONS["ships"].build())

    async with open_pool(url("fairlead_reader")) as pool:
        assert await pool.fetch(f"SELECT * FROM {names.public}.ships") == []  # noqa: S608  # our own
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.fetch(f"SELECT * FROM {names.keys}.keys")  # noqa: S608  # as above
