"""A person's name is seen by who may see it, and by nobody once the key is gone."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from service.commands.personal import seal
from service.postgres.keys import PostgresKeys
from service.postgres.pool import Pool
from service.postgres.queries import Queries
from service.postgres.signals import Signals
from service.projections.answers import Gone
from service.projections.questions import NOW, Span, Then
from tests.postgres.seeding import Seeding


async def _create(seeding: Seeding, keys: PostgresKeys, *, name: str) -> None:
    key = (await keys.ensure("user", ["7"]))["7"]
    sealed = seal(key, "user", "7", "username", name)
    await seeding.events("user", ("7", "UserCreated", {"username": sealed, "balance": 100}))


async def test_a_deleted_user_is_gone_now_and_was_somebody_before(
    queries: Queries, seeding: Seeding, keys: PostgresKeys
) -> None:
    await _create(seeding, keys, name="Ada")
    await seeding.events("user", ("7", "UserBalanceChanged", {"balance_change": 5}), ("7", "UserDeleted", {}))

    for then in (NOW, Then(version=3)):
        with pytest.raises(Gone, match="User with ID 7 was deleted"):
            await queries.state("user", "7", then)
    assert {"username": "[erased]", "balance": 105} == (await queries.state("user", "7", Then(version=2))).fields


async def _names_seen(queries: Queries) -> set[Any]:
    states = [await queries.state("user", "7", Then(version=1))]
    with suppress(Gone):
        states.append(await queries.state("user", "7"))
    page = await queries.events("user", "7", Span(1))
    events = [*page.items, *[event async for event in queries.export("user")][:1]]
    return {state.fields["username"] for state in states} | {event["data"]["username"] for event in events}


@pytest.fixture
def stranger(pool: Pool, seeding: Seeding, keys: PostgresKeys, signals: Signals) -> Queries:
    return Queries(pool, seeding.names, keys, signals, show_personal_data=False)


async def test_a_name_is_seen_by_who_may_and_by_nobody_once_deleted(
    queries: Queries, stranger: Queries, seeding: Seeding, keys: PostgresKeys
) -> None:
    await _create(seeding, keys, name="Ada")

    assert ({"Ada"}, {"[protected]"}) == (await _names_seen(queries), await _names_seen(stranger))
    await seeding.events("user", ("7", "UserDeleted", {}))
    assert ({"[erased]"}, {"[erased]"}) == (await _names_seen(queries), await _names_seen(stranger))


async def test_a_key_that_a_backup_has_brought_back_shows_nothing(
    pool: Pool, queries: Queries, seeding: Seeding, keys: PostgresKeys
) -> None:
    await _create(seeding, keys, name="Ada")
    key = (await keys.find("user", ["7"]))["7"]
    await seeding.events("user", ("7", "UserDeleted", {}))
    await pool.execute(f"UPDATE {seeding.names.keys}.keys SET key = $1", key.secret)  # noqa: S608

    assert {"[erased]"} == await _names_seen(queries)


async def test_nor_does_a_name_whose_key_is_lost(
    pool: Pool, queries: Queries, seeding: Seeding, keys: PostgresKeys
) -> None:
    await _create(seeding, keys, name="Ada")
    await pool.execute(f"DELETE FROM {seeding.names.keys}.keys")  # noqa: S608

    assert {"[erased]"} == await _names_seen(queries)
