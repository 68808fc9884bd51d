"""Whatever table of ours speaks of somebody is found, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from service.postgres import mentions as module
from service.postgres.mentions import mentions, tables_of_ours
from service.postgres.names import Names, quoted
from service.postgres.pool import Pool
from tests.postgres.seeding import Seeding

BUILT = "accounts_v1", "erasures_v1", "journal_v1", "outcomes_v1", "ports_v1", "ships_v1"


async def _found(pool: Pool, names: Names, entity_id: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for table in await tables_of_ours(pool, names):
        async for _, rows in mentions(pool, table, entity_id):
            found.setdefault(table.place.removeprefix(names.prefix), []).extend(rows)
    return {place: rows for place, rows in found.items() if rows}


async def test_the_rows_of_somebody_are_found_in_every_projection(pool: Pool, names: Names, seeding: Seeding) -> None:
    for user in ("7", "77"):
        await seeding.events("user", (user, "UserCreated", {"username": {}, "balance": 7}), (user, "UserDeleted", {}))
        await seeding.reply("user", user, "77", status="accepted")

    found = await _found(pool, names, "7")
    counts = {place: len(rows) for place, rows in found.items()}
    alike = {f"{name}_v1.{name}": 1 for name in ("accounts", "erasures", "outcomes")}
    assert {**alike, "journal_v1.journal": 2} == counts
    assert {"7"} == {row["entity_id"] for row in found["journal_v1.journal"]}


@pytest.mark.parametrize(
    ("type_", "value"), [("text", "user-7"), ("jsonb", {"a": ["user-7"]}), ("bytea", b'{"subject":"user-7"}')]
)
async def test_an_id_is_found_in_any_kind_of_column(
    pool: Pool, names: Names, seeding: Seeding, type_: str, value: Any
) -> None:
    assert seeding
    table = f"{quoted(f'{names.prefix}ships_v1_2')}.waiting"
    await pool.execute(f"CREATE SCHEMA {quoted(f'{names.prefix}ships_v1_2')}; CREATE TABLE {table} (it {type_})")
    assert {} == await _found(pool, names, "user-7")
    await pool.execute(f"INSERT INTO {table} VALUES ($1)", value)  # noqa: S608

    assert ["ships_v1_2.waiting"] == [*await _found(pool, names, "user-7")]
    assert {} == await _found(pool, names, "user-")


async def test_a_table_of_many_pages_is_read_to_its_end(
    pool: Pool, names: Names, seeding: Seeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAGES", 3)
    people = [f"user-{number}" for number in range(1_000)]
    await seeding.events("user", *((person, "UserCreated", {"username": {}, "balance": 1}) for person in people))
    [accounts] = [table for table in await tables_of_ours(pool, names) if table.name == "accounts"]

    assert accounts.pages > 3
    for person in (people[0], people[500], people[-1]):
        assert 1 == len((await _found(pool, names, person))["accounts_v1.accounts"])
    assert accounts.pages == sum([pages async for pages, _ in mentions(pool, accounts, "nobody")])


async def test_neither_the_key_store_nor_what_is_of_others_is_looked_into(
    pool: Pool, names: Names, seeding: Seeding
) -> None:
    assert seeding
    for other in ("other", "ships", "ships_v1x", "ships_v"):
        schema = quoted(f"{names.prefix}{other}")
        await pool.execute(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.it (id text)")

    schemas = {table.schema.removeprefix(names.prefix) for table in await tables_of_ours(pool, names)}
    assert {"fairlead", *BUILT} == schemas
