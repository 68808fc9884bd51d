"""What became of a command is its last answer, and an outcome is never hidden by what is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.postgres.names import Names
from service.postgres.outcomes import MAX_OUTCOMES
from service.postgres.pool import Pool
from service.postgres.projector import BuildTables
from service.postgres.public import Public
from service.postgres.queries import Queries
from service.postgres.settled import settled_commands
from service.projections import PROJECTIONS
from service.projections.answers import Incomplete
from service.projections.build import Build
from service.projections.store import RowsRefused
from service.projections.stored import Source
from service.projections.taking import Taking
from tests.event_records import Record
from tests.postgres.beside import Beside
from tests.postgres.seeding import Seeding, reply

OUTCOMES = PROJECTIONS["outcomes"]

ANSWERS = {
    ("failed",): ["failed"],
    ("busy", "failed"): ["failed"],
    ("failed", "busy"): ["busy"],
    ("busy", "accepted"): ["accepted"],
    ("failed", "failed", "rejected"): ["rejected"],
    ("accepted", "failed"): ["accepted"],
    ("accepted", "busy", "accepted"): ["accepted", "accepted"],
    ("invalid", "invalid"): ["invalid"],
    ("accepted", "invalid", "invalid"): ["accepted", "invalid"],
    ("busy", "invalid"): ["invalid"],
}


@pytest.mark.parametrize(("answers", "told"), ANSWERS.items(), ids=map("-".join, ANSWERS))
async def test_a_later_answer_stands_for_one_that_is_not_final(
    queries: Queries, seeding: Seeding, answers: tuple[str, ...], told: list[str]
) -> None:
    for status in answers:
        await seeding.reply("ship", "aurora", "c", status=status)
    assert told == [outcome["status"] for outcome in (await queries.outcomes("c")).items]


async def test_no_more_are_told_than_a_page_holds(queries: Queries, seeding: Seeding) -> None:
    for number in range(MAX_OUTCOMES + 1):
        await seeding.reply("ship", f"aurora-{number}", "c", status="accepted")
    assert MAX_OUTCOMES == len((await queries.outcomes("c")).items)


async def test_what_is_told_of_another_entity_does_not_count(queries: Queries, seeding: Seeding) -> None:
    await seeding.reply("ship", "aurora", "c", status="failed")
    await seeding.reply("ship", "borealis", "c", status="accepted")
    await seeding.reply("user", "aurora", "c", status="accepted")
    assert ["failed", "accepted", "accepted"] == [outcome["status"] for outcome in (await queries.outcomes("c")).items]


async def test_an_id_that_no_row_can_have_hides_no_other(pool: Pool, seeding: Seeding) -> None:
    await seeding.reply("ship", "aurora", "c", status="accepted")
    assert {("c", "aurora")} == await settled_commands(
        Public(pool, seeding.names), "ship", {("c", "aurora"), ("c\x00", "aurora\x00")}
    )


async def test_of_whom_replies_were_put_aside_nobody_says_what_was_judged(pool: Pool, seeding: Seeding) -> None:
    await seeding.reply("ship", "borealis", "odd", status="accepted", message=7)
    views = Public(pool, seeding.names)
    assert set() == await settled_commands(views, "ship", {("odd", "aurora")})
    with pytest.raises(Incomplete, match=r"of borealis .*projections redrive outcomes"):
        await settled_commands(views, "ship", {("odd", "borealis")})


async def test_a_build_knows_the_outcomes_of_which_retention_has_removed_the_replies(
    pool: Pool, names: Names, seeding: Seeding
) -> None:
    for number in range(6):
        await seeding.reply("ship", "aurora" if number % 2 else "borealis", f"c-{number}", status="accepted")
    # One that no release understands, so that what comes behind it waits.
    await seeding.reply("ship", "borealis", "odd", status="accepted", message=7)
    await seeding.reply("ship", "borealis", "waiting", status="accepted")
    seen = await _seen(pool, names)
    assert 6 == len(seen)
    beside = Beside(pool, names)
    new = await beside.add(OUTCOMES, 2)
    replies = [
        Record(b"aurora", reply("aurora", "c-8", status="accepted"), 0, 8),
        Record(b"borealis", reply("borealis", "c-9", status="accepted"), 0, 9),
    ]
    for build in (OUTCOMES.build(), new, new):
        taking = _taking(pool, names, build)
        begin = await taking.begin(8)
        await taking.take([record for record in replies if record.offset >= begin], 10)

    shown = await _seen(pool, names)
    assert 7 == len(shown)
    assert OUTCOMES.build() == await beside.switch(OUTCOMES, new)
    assert shown == await _seen(pool, names)
    waiting = 'SELECT "offset", key, value FROM {}.waiting ORDER BY 1'
    assert [6, 7, 9] == [row["offset"] for row in await pool.fetch(waiting.format(names.tables(new)))]


async def _seen(pool: Pool, names: Names) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await pool.fetch(f'TABLE {names.public}.outcomes ORDER BY "offset"')]


def _taking(pool: Pool, names: Names, build: Build) -> Taking:
    topic = f"{names.prefix}ship.replies"
    return Taking(OUTCOMES, Source("ship", "replies"), BuildTables(pool, names, build), topic, 0)


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ("message text, origin text NOT NULL,", "knows of .*origin.*give the column a default"),
        ("message varchar,", r"knows: outcomes\.message has another type there.*give what changes another name"),
    ],
)
async def test_a_build_that_cannot_take_over_what_is_known_does_not_begin(
    pool: Pool, names: Names, seeding: Seeding, column: str, why: str
) -> None:
    await seeding.reply("ship", "aurora", "c", status="accepted")
    new = await Beside(pool, names).add(
        replace(OUTCOMES, version=2, tables=OUTCOMES.tables.replace("message text,", column))
    )
    with pytest.raises(RowsRefused, match=rf"outcomes\.v2 cannot take over what outcomes\.v1 {why}"):
        await _taking(pool, names, new).begin(1)
    assert 0 == await pool.fetchval(f"SELECT count(*) FROM {names.tables(new)}.progress")  # noqa: S608
