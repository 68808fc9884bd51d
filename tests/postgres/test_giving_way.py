"""Whoever changes what readers use gives way to one who reads for long, so that the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.postgres.accepting import accept
from service.postgres.giving_way import Held
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.schema import prepare_projections
from service.postgres.signals import Signals
from service.projections.projection import Change
from service.projections.stored import Stored
from service.rebuilding.ground import Ground
from service.rebuilding.making import _begin
from service.settings import Settings
from tests.postgres.ships_v2 import SHIPS, SHIPS_2

Making = Callable[[Pool, Names], Awaitable[Any]]


def _project_otherwise(_: Stored) -> list[Change]:
    return []


async def _release(pool: Pool, names: Names) -> None:
    await prepare_projections(pool, names, [SHIPS_2])


async def _rebuild(pool: Pool, names: Names) -> None:
    await _begin(Ground(Settings(), "ships", {}, pool, names, Signals(pool, names)), SHIPS)


async def _accept(pool: Pool, names: Names) -> None:
    await accept(pool, names, replace(SHIPS, project=_project_otherwise))


async def _read(pool: Pool, names: Names) -> int:
    return int(await pool.fetchval(f"SELECT count(*) FROM {names.public}.parked"))  # noqa: S608


@pytest.mark.parametrize("change", [_release, _rebuild, _accept])
async def test_one_who_reads_for_long_holds_up_the_change_and_no_other_reader(
    pool: Pool, names: Names, change: Making
) -> None:
    await prepare_projections(pool, names, [SHIPS])
    async with asyncio.timeout(60):
        async with pool.acquire() as reader, reader.transaction(isolation="repeatable_read", readonly=True):
            await _read(reader, names)
            with capture_logs() as told:
                changing = asyncio.ensure_future(change(pool, names))
                while "waiting for others to end" not in {line["event"] for line in told}:
                    await asyncio.wait_for(_read(pool, names), 10)
            assert not changing.done()
        await changing


@pytest.mark.parametrize("change", [_rebuild, _accept])
async def test_a_person_is_told_who_holds_it_up(
    pool: Pool, names: Names, change: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("service.postgres.accepting", "service.rebuilding.making"):
        monkeypatch.setattr(f"{module}.PATIENCE_SECONDS", 0.0)
    await prepare_projections(pool, names, [SHIPS])
    async with pool.acquire() as reader, reader.transaction():
        await reader.execute(f"SET LOCAL application_name = 'long report'; TABLE {names.public}.parked")

        with pytest.raises(Held, match=r"process .*long report, for .* try again"):
            await change(pool, names)
