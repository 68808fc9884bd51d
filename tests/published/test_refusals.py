"""The pages tell every refusal, and the README the same: neither is another truth than the rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain import AGGREGATES, Aggregate
from service.domain.aggregate import Rejected
from service.published.examples import own_commands
from service.published.refusals import refusals
from tests.domain.bad_input import LOAD, SHIP, code_of, dumped, published
from tests.domain.strategies import aggregates, commands_of, type_of

README = Path(__file__).parents[2] / "contracts" / "README.md"
NAMES = [*AGGREGATES]
REFUSED = {name: refusals(aggregate) for name, aggregate in AGGREGATES.items()}
EVERY = re.compile(r"every (other )?(\w+) command")


def in_the_readme() -> dict[str, set[tuple[str, str]]]:
    """Code and message of each command, as its table has them."""
    table = README.read_text().split("**What is refused**")[1].split("\n\n")[1]
    told: dict[str, set[tuple[str, str]]] = {name: set() for one in AGGREGATES.values() for name in own_commands(one)}
    for line in table.splitlines()[2:]:
        who, what = (cell.strip() for cell in line.strip("|").split(" | "))
        named = re.findall(r"`(\w+)`", who)
        if several := EVERY.fullmatch(who):
            # What every other command is refused for, the first one is not.
            named = [*own_commands(AGGREGATES[several[2]])][bool(several[1]) :]
        for name in named:
            told[name] |= set(re.findall(r'`(\w+)` · "([^"]*)"', what))
    return told


def test_the_readme_tells_the_same_refusals() -> None:
    found = {command: set(told) for by_command in REFUSED.values() for command, told in by_command.items()}
    assert found == in_the_readme()


@pytest.mark.parametrize("aggregate", aggregates, ids=NAMES)
@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_command_is_refused_otherwise(aggregate: Aggregate, data: st.DataObject) -> None:
    codes = {name: {code for code, _ in told} for name, told in REFUSED[aggregate.name].items()}
    state, met = aggregate.initial, set()
    for command in data.draw(st.lists(commands_of(aggregate), max_size=40)):
        try:
            state = aggregate.fold(state, aggregate.decide(command, state, "7"))
        except Rejected as refusal:
            met.add((type_of(aggregate, command), refusal.code))
    assert [] == [(name, code) for name, code in met if code not in codes[name]]


def test_what_is_nested_deeper_than_the_readme_says_is_unreadable_and_answered_to_nobody() -> None:
    [levels] = map(int, re.findall(r"nested no deeper than (\d+) levels \(itself the first\)", README.read_text()))
    values = (dumped(LOAD | {"ext": nested(count - 1)}) for count in (levels, levels + 1))
    deepest, deeper = (published(SHIP.encode(), value) for value in values)
    assert "not_found" == deepest.replies[0].json["data"]["code"]
    assert (b"unreadable", 0) == (code_of(deeper), len(deeper.replies))


def nested(levels: int) -> list[object]:
    value: list[object] = []
    for _ in range(levels - 1):
        value = [value]
    return value
