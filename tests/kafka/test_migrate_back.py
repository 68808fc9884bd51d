"""Whoever takes a move back gets there from wherever it broke off, and by as many turns as it needs."""

from __future__ import annotations

import pytest

from service import moving
from service.kafka.connection import connection
from service.kafka.in_force import partitions_in_force
from service.kafka.moving import room
from service.kafka.moving.places import Halfway, NotMovable, Place
from service.kafka.topic_making import delete_topics
from service.kafka.topics import Topics
from service.local.servers import Endpoints
from service.moving import Move
from service.postgres.keys import PostgresKeys
from service.postgres.names import Names
from service.postgres.pool import open_pool
from service.postgres.schema import prepare_projections
from service.projections import PROJECTIONS
from service.projections.store import StoreUnavailable
from service.settings import Settings
from tests.kafka.moves import ONE_MORE, begun, interrupted, places, quietly, registered, topics_of
from tests.running import running_handler


async def test_a_move_that_had_not_come_to_keys_is_taken_back(servers: Endpoints) -> None:
    old, new = places(servers)
    await begun(old)
    move = Move(old, "user", new.prefix)
    await interrupted(move)
    await move.take_back()
    assert set() == await topics_of(new)
    async with running_handler(old):
        await registered(old)


async def test_a_copy_that_was_not_wholly_made_is_made_anew_or_taken_back(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = places(servers)
    await begun(old)
    move = Move(old, "ship", new.prefix)

    async def broken_off(*_: object) -> None:
        raise TimeoutError

    for gone, again in ((["snapshots"], True), (["commands", "events"], False)):
        with monkeypatch.context() as patch:
            patch.setattr(room, "write_at_once", broken_off)
            with pytest.raises(Halfway, match="with --back they are opened again"):
                await move.make(ONE_MORE, 1, quietly)
        await delete_topics(connection(new), [f"{new.prefix}ship.{kind}" for kind in gone])
        if again:
            assert await move.make(ONE_MORE, 1, quietly)
        await move.take_back()
        assert set() == await topics_of(new)
    async with running_handler(old):
        pass


async def test_it_goes_on_until_topics_and_keys_are_gone(servers: Endpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = places(servers)
    await begun(old)
    move = Move(old, "user", new.prefix)
    counts = await move.make(ONE_MORE, 1, quietly)
    assert counts is not None
    assert 1 == counts["keys"] == await _keys(servers, new)

    async def away(*_: object) -> None:
        raise StoreUnavailable("PostgreSQL is away")

    async def half(place: Place) -> None:
        await delete_topics(place.connection, [place.topics.events, place.topics.commands])
        raise TimeoutError

    for name, instead in (("drop_keys", away), ("remove", half)):
        with monkeypatch.context() as patch:
            patch.setattr(moving, name, instead)
            with pytest.raises(Halfway, match="The old topics are open again: the same command goes on"):
                await move.take_back()
        async with running_handler(old):
            await registered(old)
    await move.take_back()
    assert (0, set()) == (await _keys(servers, new), await topics_of(new))
    with pytest.raises(NotMovable, match="nothing to take back"):
        await move.take_back()


async def _made_and_deleted(servers: Endpoints) -> tuple[Settings, Settings, Move]:
    """Whence and whither an aggregate was to move, and the move, once somebody has deleted the new topics."""
    old, new = places(servers)
    await begun(old)
    move = Move(old, "user", new.prefix)
    assert await move.make(ONE_MORE, 1, quietly)
    await delete_topics(connection(new), await topics_of(new))
    return old, new, move


async def test_keys_go_though_somebody_has_deleted_the_topics(servers: Endpoints) -> None:
    _, new, move = await _made_and_deleted(servers)
    await move.take_back()
    assert 0 == await _keys(servers, new)


async def test_what_came_since_is_kept_though_the_topics_are_not_there(servers: Endpoints) -> None:
    old, new, move = await _made_and_deleted(servers)
    async with open_pool(servers.database_url, size=1) as pool:
        names = Names(new.prefix)
        await PostgresKeys(pool, names).ensure("user", ["came-since"])
        told = f"'{new.prefix}' is in use: 1 keys"
        with pytest.raises(NotMovable, match=told):
            await move.take_back()
        with pytest.raises(Halfway) as halfway:
            await move.make(ONE_MORE, 1, quietly)
        assert told in str(halfway.value.__cause__)
        await pool.execute(f"DELETE FROM {names.keys}.keys WHERE entity_id = 'came-since'")  # noqa: S608  # our own schema
        await prepare_projections(pool, names, PROJECTIONS.values())
        with pytest.raises(NotMovable, match=f"'{new.prefix}' is in use: projections have begun"):
            await move.take_back()
    assert 1 == await _keys(servers, new)
    with pytest.raises(LookupError, match="are closed by"):
        await partitions_in_force(connection(old), Topics("user", old.prefix))


async def _keys(servers: Endpoints, settings: Settings) -> int:
    async with open_pool(servers.database_url, size=1) as pool:
        return int(await pool.fetchval(f'SELECT count(*) FROM "{settings.prefix}fairlead_keys".keys'))  # noqa: S608  # our own schema
