"""What goes and what is left out is settled before anybody is asked."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from service.cli.dead_letters_letter import Letter
from service.cli.dead_letters_plan import make_plan
from service.cli.dead_letters_read import Survey
from service.cli.dead_letters_report import plan_lines
from service.cli.exits import Exit, Stop

PARKED, OTHER = b"parked", b"other"


def letter(at: int, *, key: bytes = PARKED, partition: int = 0, redrives: int = 0, waiting: bool = True) -> Letter:
    code = "parked" if waiting else "unreadable"
    content = b"%d" % at
    return Letter(
        *("ship", partition, at, 10 + at, key, code, "because", at, None, None, redrives, content),
        redriven=redrives,
        waiting=waiting,
    )


def survey(letters: Sequence[Letter], everything: Sequence[Letter]) -> Survey:
    entities = {("ship", (one.partition, one.key)) for one in everything}
    return Survey(
        letters,
        {entity: [one for one in everything if entity == ("ship", (one.partition, one.key))] for entity in entities},
    )


def test_a_parked_entity_goes_as_a_whole_and_what_no_filter_meant_is_told() -> None:
    waiting = [letter(at) for at in range(4)]
    plan = make_plan(survey(waiting[1:2], waiting), {13})
    [parked] = plan.parked
    assert (3, [13], 2) == (parked.count, list(parked.skip), parked.beyond)
    lines = plan_lines(plan, "Redrive")
    assert "Redrive 3 waiting commands of 1 parked entity" in lines
    assert any("2 of them are beyond the filter" in line for line in lines)


def test_a_command_redriven_three_times_holds_its_whole_entity_back() -> None:
    waiting = [letter(0, redrives=3), letter(1)]
    plan = make_plan(survey(waiting[1:], waiting))
    assert ([], [waiting[0]]) == (plan.parked, plan.left_out["looping"])
    assert any("ship 0/0" in line and "--again" in line for line in plan_lines(plan, "Redrive"))
    assert [] == make_plan(survey(waiting, waiting), again=True).left_out["looping"]
    # Left out by name it holds nobody back.
    assert 1 == make_plan(survey(waiting, waiting), {10}).parked[0].count


def test_a_skip_that_hits_nothing_or_two_logs_is_refused() -> None:
    waiting = [letter(0), letter(0, key=OTHER, partition=1)]
    found = survey(waiting, waiting)
    for skip, told in ((99, "no command"), (10, "--partition")):
        with pytest.raises(Stop, match=told) as refused:
            make_plan(found, {skip})
        assert refused.value.code is Exit.USAGE


def test_more_are_not_skipped_at_once_than_the_contract_takes() -> None:
    waiting = [letter(at) for at in range(1_001)]
    with pytest.raises(Stop, match="1,000"):
        make_plan(survey(waiting, waiting), {one.command_offset for one in waiting})


def test_a_skip_leaves_out_what_is_not_parked_too() -> None:
    letters = [letter(at, waiting=False) for at in range(2)]
    plan = make_plan(Survey(letters, {}), {10})
    assert ([letters[1]], [letters[0]]) == (plan.letters, plan.left_out["skipped"])


def test_what_has_been_judged_since_is_left_out_and_named() -> None:
    letters = [letter(at, waiting=False) for at in range(2)]
    plan = make_plan(Survey(letters, {}), settled={letters[0].place})
    assert ([letters[1]], [letters[0]]) == (plan.letters, plan.left_out["settled"])
    assert any("ship 0/0" in line and "judged since" in line for line in plan_lines(plan, "Redrive"))
    assert letters == make_plan(Survey(letters, {}), settled={letters[0].place}, again=True).letters
