"""A switch brings the new build to where the old one stands, if that is not far, and takes a log as it is now."""

from __future__ import annotations

import pytest

from service.kafka.topic_making import apply_topics
from service.local.servers import Endpoints
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.projector import BuildTables
from service.postgres.switching import NotLevel, Terms
from service.projections import PROJECTIONS
from service.projections.projection import Projection
from service.projections.taking import Taking
from service.rebuilding import moving
from service.rebuilding.differing import FarApart, diff
from service.settings import Settings
from tests.postgres.beside import SOURCE, Beside, voyage
from tests.postgres.event_log import Log
from tests.postgres.ships_v2 import SHIPS, SHIPS_2
from tests.running import settings_for

RECORDS = voyage(60)


@pytest.fixture
def settings(servers: Endpoints, names: Names) -> Settings:
    return settings_for(servers, names.prefix)


@pytest.fixture
async def log(servers: Endpoints, names: Names, monkeypatch: pytest.MonkeyPatch) -> Log:
    monkeypatch.setattr(moving, "_LEVEL_SECONDS", 0.1)
    monkeypatch.setattr("service.rebuilding.followers._PATIENCE_SECONDS", 0.0)
    monkeypatch.setitem(PROJECTIONS, "ships", SHIPS_2)
    monkeypatch.setattr("service.projections.EARLIER", (SHIPS,))
    log = Log(servers, names)
    await apply_topics(log.connection, ["ship"], log.prefix, partitions=1, replication=1)
    return log


@pytest.fixture
async def beside(pool: Pool, names: Names) -> Beside:
    """The first version, and the second beside it, both empty."""
    beside = Beside(pool, names)
    await beside.prepare()
    await beside.add(SHIPS_2)
    return beside


async def _take(beside: Beside, log: Log, code: Projection, count: int, beginning: int = 0) -> None:
    """Have a build take the first so many events of the log, which are a transaction each."""
    taking = Taking(code, SOURCE, BuildTables(beside.pool, beside.names, code.build()), log.topic, 0)
    await taking.begin(beginning)
    await taking.take(RECORDS[:count], beginning + 2 * count)


async def test_a_build_that_is_a_little_behind_is_brought_up_by_the_switch(
    settings: Settings, log: Log, beside: Beside
) -> None:
    await log.write(*([record.value] for record in RECORDS))
    await _take(beside, log, SHIPS, 60)
    await _take(beside, log, SHIPS_2, 40)
    seen = await beside.versions()

    moved = await moving.switch(settings, "ships", Terms())

    assert ("ships.v2", "ships.v1", False) == (moved.build.label, moved.before.label, moved.followed)
    assert ("ships.v2", seen) == (await beside.shown(), await beside.versions())


async def test_a_build_that_is_far_behind_is_refused_and_not_compared(
    settings: Settings, log: Log, beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "MOST", 30)
    monkeypatch.setattr("service.rebuilding.differing._MOST", 30)
    await log.write(*([record.value] for record in RECORDS))
    await _take(beside, log, SHIPS, 60)
    await _take(beside, log, SHIPS_2, 40)

    with pytest.raises(NotLevel, match=r"ships\.v2 stands 40 offsets behind ships\.v1"):
        await moving.switch(settings, "ships", Terms())
    with pytest.raises(FarApart, match=r"ships\.v2 stands 40 offsets behind: `fairlead projections rebuild ships`"):
        await diff(settings, "ships", lambda *_: None)


@pytest.mark.parametrize(("first", "second"), [(60, 40), (40, 60), (0, 60), (60, 0)])
async def test_builds_are_compared_wherever_they_stand(
    settings: Settings, log: Log, beside: Beside, first: int, second: int
) -> None:
    await log.write(*([record.value] for record in RECORDS))
    for code, count in ((SHIPS, first), (SHIPS_2, second)):
        if count:
            await _take(beside, log, code, count)

    found = await diff(settings, "ships", lambda *_: None)

    [view] = found.views
    assert (["cargo"], ["heavy_cargo"], ["voyages"]) == (found.only_old, found.only_new, view.only_new)
    # The second version tells no cargo; all else is the same.
    assert (0, 0, 5, 5) == (view.missing, view.added, view.old_rows, view.new_rows)
    assert all({**row["old"], "cargo": {}} | {"voyages": 0} == row["new"] | {"voyages": 0} for row in view.samples)


async def test_of_a_log_that_was_made_anew_all_that_there_is_has_to_be_read(
    settings: Settings, log: Log, beside: Beside
) -> None:
    """The shown build has read further than it goes."""
    await log.write(*([record.value] for record in RECORDS[:10]))
    await BuildTables(beside.pool, beside.names, SHIPS.build()).standing(log.topic, 0, 1_000)
    await _take(beside, log, SHIPS_2, 5)

    await moving.switch(settings, "ships", Terms())

    assert ("ships.v2", 20) == (await beside.shown(), await _offset(beside, log))


async def test_a_build_that_read_nothing_yet_begins_where_the_log_does(
    settings: Settings, log: Log, beside: Beside
) -> None:
    """From any other place no projector could ever go on."""
    beginning = await log.write([record.value for record in RECORDS[:9]], keep=False)
    await log.forget(beginning)
    await log.write(*([record.value] for record in RECORDS))
    await _take(beside, log, SHIPS, 60, beginning)
    seen = await beside.versions()

    await moving.switch(settings, "ships", Terms())

    assert ("ships.v2", seen) == (await beside.shown(), await beside.versions())
    assert beginning + 120 == await _offset(beside, log)


async def _offset(beside: Beside, log: Log) -> int:
    query = f"SELECT next_offset FROM {beside.names.tables(SHIPS_2.build())}.progress WHERE topic = $1"  # noqa: S608
    return int(await beside.pool.fetchval(query, log.topic))
