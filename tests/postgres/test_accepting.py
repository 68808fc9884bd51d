"""A mended function goes on under its version where a person says so, and other tables never do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.postgres.accepting import accept
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.schema import ChangedProjection, prepare_projections
from service.projections import PROJECTIONS
from service.projections.projection import Change, View
from service.projections.stored import Stored

SHIPS = PROJECTIONS["ships"]


def _project_otherwise(_: Stored) -> list[Change]:
    return []


MENDED = replace(SHIPS, project=_project_otherwise)


async def test_what_was_accepted_may_start_and_what_it_was_may_not(pool: Pool, names: Names) -> None:
    await prepare_projections(pool, names, [SHIPS])
    with pytest.raises(ChangedProjection, match=r"give it version 2.* or, .* run `fairlead projections accept ships`"):
        await prepare_projections(pool, names, [MENDED])

    assert [SHIPS.build()] == await accept(pool, names, MENDED)
    assert [] == await accept(pool, names, MENDED)

    await prepare_projections(pool, names, [MENDED])
    with pytest.raises(ChangedProjection):
        await prepare_projections(pool, names, [SHIPS])


async def test_other_tables_are_never_accepted(pool: Pool, names: Names) -> None:
    await prepare_projections(pool, names, [SHIPS])
    changed = replace(MENDED, tables=SHIPS.tables.replace("name text", "name text, flag text"))

    with pytest.raises(ChangedProjection, match="tables of the projection ships have changed") as refused:
        await accept(pool, names, changed)

    assert "accept" not in str(refused.value)
    await prepare_projections(pool, names, [SHIPS])


async def test_what_readers_see_is_as_the_accepted_code_says(pool: Pool, names: Names) -> None:
    await prepare_projections(pool, names, [SHIPS])
    view = View("SELECT ship_id, name AS title FROM ships", ("ship_id",))

    await accept(pool, names, replace(MENDED, views={"ships": view}))

    assert [] == await pool.fetch(f"SELECT title FROM {names.public}.ships")  # noqa: S608
