"""Schemas are made once, whoever starts, and never mean two things."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from service.local.servers import Endpoints
from service.postgres.alone import alone
from service.postgres.keys import prepare_keys
from service.postgres.names import Names
from service.postgres.pool import Pool, open_pool
from service.postgres.schema import ChangedProjection, prepare_projections
from service.projections import PROJECTIONS
from service.projections.projection import Change, Projection
from service.projections.stored import Stored

SHIPS = PROJECTIONS["ships"]
CHANGED = replace(SHIPS, tables=SHIPS.tables.replace("name text", "name text, flag text"))


def _project_otherwise(_: Stored) -> list[Change]:
    return []


async def _current(pool: Pool, names: Names) -> list[tuple[str, int, bool]]:
    query = f"SELECT projection, version, current FROM {names.public}.versions ORDER BY 1, 2"  # noqa: S608
    return [tuple(row) for row in await pool.fetch(query)]


async def test_roles_that_start_at_once_make_every_schema_once(pool: Pool, names: Names) -> None:
    await asyncio.gather(*(prepare_projections(pool, names, PROJECTIONS.values()) for _ in range(6)))

    assert [(name, 1, True) for name in sorted(PROJECTIONS)] == await _current(pool, names)
    views = ("ships", "ports", "accounts", "journal", "outcomes", "erasures", "progress", "parked")
    for view in views:
        assert 0 == await pool.fetchval(f"SELECT count(*) FROM {names.public}.{view}")  # noqa: S608


async def test_a_schema_on_the_search_path_is_made_once_too(servers: Endpoints, pool: Pool) -> None:
    """A connection looks for such a schema by itself, and remembers that it was not there."""
    await pool.execute('DROP DATABASE IF EXISTS "on the path"')
    await pool.execute('CREATE DATABASE "on the path"')
    await pool.execute('ALTER DATABASE "on the path" SET search_path = fairlead')
    url = urlsplit(servers.database_url)._replace(path="/on%20the%20path").geturl()
    async with AsyncExitStack() as stack:
        pools = [await stack.enter_async_context(open_pool(url)) for _ in range(4)]
        await asyncio.gather(*(prepare_keys(one, Names()) for one in pools))
        await asyncio.gather(*(one.fetchval("SELECT to_regclass('nothing')") for one in pools))

        await asyncio.gather(*(prepare_projections(one, Names(), PROJECTIONS.values()) for one in pools))

        assert [(name, 1, True) for name in sorted(PROJECTIONS)] == await _current(pools[0], Names())
    await pool.execute('DROP DATABASE "on the path"')


async def test_a_role_that_knows_fewer_projections_leaves_the_others_their_progress(pool: Pool, names: Names) -> None:
    await prepare_projections(pool, names, [SHIPS])
    await prepare_projections(pool, names, PROJECTIONS.values())
    await prepare_projections(pool, names, [SHIPS])

    definition = await pool.fetchval("SELECT pg_get_viewdef($1::text::regclass)", f"{names.public}.progress")
    assert set() == {name for name in PROJECTIONS if f"'{name}'" not in definition}


@pytest.mark.parametrize("changed", [CHANGED, replace(SHIPS, project=_project_otherwise)], ids=["tables", "function"])
async def test_a_change_under_the_same_version_is_refused(pool: Pool, names: Names, changed: Projection) -> None:
    await prepare_projections(pool, names, [SHIPS])

    with pytest.raises(ChangedProjection, match=r"of the projection ships ha(s|ve) changed.* give it version 2"):
        await prepare_projections(pool, names, [changed])


async def test_so_is_one_of_an_earlier_version_that_is_still_kept_up(pool: Pool, names: Names) -> None:
    await prepare_projections(pool, names, [SHIPS])

    with pytest.raises(ChangedProjection, match="The tables of the projection ships have changed"):
        await prepare_projections(pool, names, [replace(CHANGED, version=2)], [CHANGED])
    await prepare_projections(pool, names, [replace(CHANGED, version=2)], [SHIPS])


async def test_without_the_fingerprint_a_change_goes_unseen(
    pool: Pool, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.postgres.schema.fingerprint", lambda _: "one for all")
    await prepare_projections(pool, names, [SHIPS])

    await prepare_projections(pool, names, [CHANGED])


async def test_a_later_version_is_made_beside_the_one_that_is_shown(pool: Pool, names: Names) -> None:
    await prepare_projections(pool, names, [SHIPS])
    await prepare_projections(pool, names, [replace(CHANGED, version=2)])

    assert [("ships", 1, True), ("ships", 2, False)] == await _current(pool, names)
    definition = await pool.fetchval("SELECT pg_get_viewdef($1::text::regclass)", f"{names.public}.ships")
    assert "ships_v1" in definition


async def test_rows_are_made_anew_once_schema_and_line_are_dropped(pool: Pool, names: Names) -> None:
    await prepare_projections(pool, names, PROJECTIONS.values())
    await pool.execute(f"DROP SCHEMA {names.tables(SHIPS.build())} CASCADE")
    await pool.execute(f"DELETE FROM {names.public}.versions WHERE projection = 'ships'")  # noqa: S608

    await prepare_projections(pool, names, PROJECTIONS.values())

    assert [(name, 1, True) for name in sorted(PROJECTIONS)] == await _current(pool, names)
    for view in ("ships", "progress"):
        assert 0 == await pool.fetchval(f"SELECT count(*) FROM {names.public}.{view}")  # noqa: S608


async def test_who_is_stopped_while_alone_leaves_nobody_waiting(pool: Pool, names: Names) -> None:
    within, stay = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with pool.acquire() as connection, alone(connection, names):
            within.set()
            await stay.wait()

    holding = asyncio.create_task(hold())
    await within.wait()
    holding.cancel()
    await asyncio.sleep(0)  # it is at the rollback or the unlocking, and is stopped there once more
    holding.cancel()
    await asyncio.wait({holding})

    async with asyncio.timeout(10), pool.acquire() as connection, alone(connection, names):
        pass
