"""What became of a command is its last answer, and an outcome is never hidden by what is none."""

from __future__ import annotations

import pytest

from service.postgres.outcomes import MAX_OUTCOMES
from service.postgres.pool import Pool
from service.postgres.queries import Queries
from service.postgres.settled import settled_commands
from tests.postgres.seeding import Seeding

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
    assert {("c", "aurora")} == await settled_commands(pool, seeding.names, "ship", {"c", "c\x00"})
