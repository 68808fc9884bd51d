"""Who only asks after builds leaves the database as it was."""

from __future__ import annotations

import pytest

from service.local.servers import Endpoints
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.switching import Terms
from service.rebuilding.differing import diff
from service.rebuilding.listing import list_builds
from service.rebuilding.mending import Mended, Which, redrive_projection
from service.rebuilding.missing import NotThere
from service.rebuilding.moving import switch
from tests.running import settings_for


async def test_where_nothing_was_ever_built_there_is_nothing_and_nothing_is_made(
    servers: Endpoints, pool: Pool, names: Names
) -> None:
    settings = settings_for(servers, names.prefix)

    assert [] == await list_builds(settings)
    for work in (
        diff(settings, "ships", lambda *_: None),
        switch(settings, "ships", Terms()),
        redrive_projection(settings, Which("ships"), Mended(), lambda: None),
    ):
        with pytest.raises(NotThere):
            await work

    assert None is await pool.fetchval("SELECT to_regnamespace($1)", names.public)
