"""With the row that says that somebody was deleted the key is gone: both, or neither, and for good."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
import pytest

from service.local.servers import Endpoints
from service.postgres.keys import PostgresKeys, destroy_keys
from service.postgres.names import Names
from service.postgres.pool import Pool, open_pool
from service.postgres.redriving import Redriven, Redriving
from service.projections import PROJECTIONS
from service.projections.batch import Batch
from service.projections.folding import Write
from service.projections.store import OffsetMoved, RowsRefused, Standing
from service.projections.stored import Source
from service.projections.taking import Taking
from tests.event_records import NOON, event_record
from tests.postgres.poisoned import poisoned
from tests.postgres.seeding import Seeding

PEOPLE = [str(number) for number in range(50)]
TOPIC = "user.events"


def _deleted(*people: str, version: int = 2) -> list[Write]:
    rows: list[tuple[Any, ...]] = [("user", person, version, NOON) for person in people]
    return [Write("erasures", ("aggregate", "entity_id"), ("version", "time"), (), rows)]


async def _intact(keys: PostgresKeys) -> set[str]:
    return {person for person, key in (await keys.find("user", PEOPLE)).items() if key.secret}


async def _rows(pool: Pool, seeding: Seeding) -> int:
    return int(await pool.fetchval(f"SELECT count(*) FROM {seeding.names.public}.erasures"))  # noqa: S608


async def test_a_deleted_persons_key_is_gone_and_no_other(seeding: Seeding, keys: PostgresKeys) -> None:
    await keys.ensure("user", PEOPLE)
    created = [(person, "UserCreated", {"username": {}, "balance": 1}) for person in PEOPLE]
    await seeding.events("user", *created, ("7", "UserDeleted", {}), ("8", "UserDeleted", {}))

    assert set(PEOPLE) - {"7", "8"} == await _intact(keys)


async def test_of_a_batch_that_is_not_written_no_key_is_destroyed(
    pool: Pool, seeding: Seeding, keys: PostgresKeys
) -> None:
    await keys.ensure("user", PEOPLE)
    tables = seeding.tables["erasures"]
    await tables.standing(TOPIC, 0, 0)

    with pytest.raises(OffsetMoved):
        await tables.apply(TOPIC, 0, Standing(5), 6, Batch(_deleted("7")))
    with pytest.raises(RowsRefused):
        await tables.apply(TOPIC, 0, Standing(0), 1, Batch([*_deleted("7"), *_deleted("8", version=2**63)]))
    assert set(PEOPLE) == await _intact(keys)
    assert 0 == await _rows(pool, seeding)


async def test_of_a_destruction_that_is_undone_the_row_and_the_offset_are_too(
    pool: Pool, seeding: Seeding, keys: PostgresKeys
) -> None:
    await keys.ensure("user", PEOPLE)
    tables = seeding.tables["erasures"]
    await tables.standing(TOPIC, 0, 0)
    await pool.execute(f"ALTER TABLE {seeding.names.keys}.keys ADD CHECK (entity_id <> '7' OR key IS NOT NULL)")

    with pytest.raises(RowsRefused, match="violates check constraint"):
        await tables.apply(TOPIC, 0, Standing(0), 1, Batch(_deleted("6", "7")))
    assert set(PEOPLE) == await _intact(keys)
    assert (0, Standing(0)) == (await _rows(pool, seeding), await tables.standing(TOPIC, 0, 9))


async def test_a_deletion_that_was_parked_destroys_the_key_once_it_is_redriven(
    pool: Pool, seeding: Seeding, keys: PostgresKeys
) -> None:
    await keys.ensure("user", PEOPLE)
    code, source = PROJECTIONS["erasures"], Source("user", "events")
    record = event_record(0, "7", 2, ("UserDeleted", {}), 0)
    poison = {orjson.loads(record.value)["id"]}
    taking = Taking(poisoned(code, poison), source, seeding.tables["erasures"], TOPIC, 0)
    await taking.begin(0)
    await taking.take([record], 1)
    assert set(PEOPLE) == await _intact(keys)

    await Redriving(pool, seeding.names, code, code.build(), {TOPIC: source}).run(None, Redriven(), lambda: None)
    assert set(PEOPLE) - {"7"} == await _intact(keys)
    assert 1 == await _rows(pool, seeding)


async def test_a_handler_that_asks_at_the_same_moment_makes_no_second_key(keys: PostgresKeys) -> None:
    made = await keys.ensure("user", PEOPLE)
    asked, _, again = await asyncio.gather(
        keys.ensure("user", PEOPLE), keys.destroy("user", PEOPLE[::-1]), keys.ensure("user", PEOPLE[::-1])
    )

    for answer in (asked, again):
        assert {one.kid for one in made.values()} == {one.kid for one in answer.values()}
        assert {one.secret for one in answer.values()} <= {None, *(one.secret for one in made.values())}
    assert set() == await _intact(keys)


async def test_destroying_again_counts_only_what_had_come_back(pool: Pool, names: Names, keys: PostgresKeys) -> None:
    made = await keys.ensure("user", PEOPLE[:3])
    assert [3, 0] == [await keys.destroy("user", PEOPLE[:3]) for _ in range(2)]
    await pool.execute(f"UPDATE {names.keys}.keys SET key = $1 WHERE entity_id = '1'", made["1"].secret)  # noqa: S608
    assert [1, 0] == [await keys.destroy("user", PEOPLE[:3]) for _ in range(2)]


async def test_for_one_whom_the_key_store_does_not_know_no_key_is_made_later(keys: PostgresKeys) -> None:
    assert 0 == await keys.destroy("user", ["7"])

    assert None is (await keys.ensure("user", ["7"]))["7"].secret


async def test_a_destruction_outlives_a_crash_though_a_batch_of_rows_need_not(
    pool: Pool, names: Names, keys: PostgresKeys
) -> None:
    await keys.ensure("user", ["7"])
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL synchronous_commit = off")
        await destroy_keys(connection, names, "user", ["7"])
        assert "on" == await connection.fetchval("SHOW synchronous_commit")


async def test_what_the_key_store_says_of_somebody(keys: PostgresKeys) -> None:
    kid = (await keys.ensure("user", ["7"]))["7"].kid
    kept = await keys.kept("user", "7")
    assert kept
    assert (kid, True, None) == (kept.kid, kept.intact, kept.erased_at)
    assert {kid} == await keys.intact([kid, "0b9c7e0e-6f0b-4c57-9d6b-0d3a3a5c1c11"])

    await keys.destroy("user", ["7"])
    kept = await keys.kept("user", "7")
    assert kept
    assert (kid, False, True) == (kept.kid, kept.intact, kept.erased_at is not None)
    assert set() == await keys.intact([kid])
    assert None is await keys.kept("user", "8")


async def test_a_vacuum_frees_what_was_destroyed_once_no_older_transaction_may_see_it(
    pool: Pool, keys: PostgresKeys
) -> None:
    await keys.ensure("user", PEOPLE)
    async with pool.acquire() as other, other.transaction(isolation="repeatable_read"):
        await other.fetchval("SELECT txid_current()")
        await keys.destroy("user", PEOPLE)
        # Whoever destroyed them may count them once more, only now.
        assert len(PEOPLE) <= (await keys.vacuum() or 0)
    assert 0 == await keys.vacuum(wait_s=30)


async def test_a_vacuum_waits_for_older_transactions_as_long_as_it_is_told(
    pool: Pool, names: Names, keys: PostgresKeys
) -> None:
    async def vacuumed() -> int:
        return int(await pool.fetchval("SELECT pg_stat_get_vacuum_count($1::text::regclass)", f"{names.keys}.keys"))

    await keys.ensure("user", PEOPLE)
    async with pool.acquire() as other, other.transaction(isolation="repeatable_read"):
        await other.fetchval("SELECT txid_current()")
        await keys.destroy("user", PEOPLE)
        before = await vacuumed()
        waiting = asyncio.create_task(keys.vacuum(wait_s=60))
        while await vacuumed() == before:
            pass
        assert not waiting.done()
    assert 0 == await waiting


async def test_who_may_not_vacuum_is_told(pool: Pool, names: Names, keys: PostgresKeys, servers: Endpoints) -> None:
    await keys.ensure("user", PEOPLE)
    role = f"{names.prefix}clerk"
    await pool.execute(f'CREATE ROLE "{role}" LOGIN PASSWORD \'x\'; GRANT USAGE ON SCHEMA {names.keys} TO "{role}"')
    url = urlsplit(servers.database_url)
    theirs = url._replace(netloc=f"{quote(role)}:x@{url.netloc.partition('@')[2]}").geturl()
    try:
        async with open_pool(theirs, size=1) as own:
            assert None is await PostgresKeys(own, names).vacuum()
    finally:
        await pool.execute(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"')
