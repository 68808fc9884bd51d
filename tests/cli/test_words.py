"""What is typed becomes a command, and what is wrong with it is left for the service to say."""

from __future__ import annotations

import pytest

from fairlead.ship import DepartShip
from service.cli.exits import Exit, Stop
from service.cli.words import aggregate_of, creates, present_version, read_fields, split_words

SHIP = "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e10"


@pytest.mark.parametrize(("type_", "aggregate"), [("load_cargo", "ship"), ("delete_user", "user")])
def test_the_type_tells_the_aggregate(type_: str, aggregate: str) -> None:
    assert aggregate == aggregate_of(type_)


@pytest.mark.parametrize(("type_", "code"), [("fly_ship", Exit.INVALID), ("import_history", Exit.USAGE)])
def test_a_type_that_tells_no_single_aggregate_is_refused(type_: str, code: Exit) -> None:
    with pytest.raises(Stop) as stop:
        aggregate_of(type_)
    assert code == stop.value.code


@pytest.mark.parametrize(
    ("aggregate", "type_", "expected"),
    [
        ("ship", "register_ship", True),
        ("user", "create_user", True),
        ("ship", "dock_ship", False),
        ("user", "import_history", False),
        ("ship", "fly_ship", False),
    ],
)
def test_only_what_creates_needs_no_id(aggregate: str, type_: str, expected: bool) -> None:  # noqa: FBT001  # a row
    assert expected is creates(aggregate, type_)


def test_the_first_word_without_equals_is_the_entity() -> None:
    assert (SHIP, [("item", "a=b"), ("quantity", "5")]) == split_words(
        [SHIP, "item=a=b", "quantity=5"], entity_needed=True
    )


def test_an_entity_can_be_left_out_where_a_command_makes_one() -> None:
    assert (None, [("name", "x")]) == split_words(["name=x"], entity_needed=False)


@pytest.mark.parametrize("words", [[], ["port=x"], [SHIP, "port"]])
def test_words_that_make_no_command_are_a_usage_error(words: list[str]) -> None:
    with pytest.raises(Stop) as stop:
        split_words(words, entity_needed=True)
    assert stop.value.code == Exit.USAGE


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("500", 500),
        ("-5", -5),
        ("+7", 7),
        ("abc", "abc"),
        ("1.5", "1.5"),
        ("1_0", "1_0"),
        ("", ""),
        ("9" * 30, "9" * 30),
    ],
)
def test_a_field_becomes_an_integer_where_it_is_one(typed: str, sent: object) -> None:
    assert {"item": "12", "quantity": sent} == read_fields(
        "ship", "load_cargo", None, [("item", "12"), ("quantity", typed)]
    )


def test_fields_add_to_data() -> None:
    assert {"item": "rice", "quantity": 5} == read_fields("ship", "load_cargo", '{"item": "rice"}', [("quantity", "5")])


def test_data_travels_as_it_is() -> None:
    assert [1, None] == read_fields("ship", "load_cargo", "[1, null]", [])


@pytest.mark.parametrize(("data", "pairs"), [("{", []), ("[]", [("a", "b")])])
def test_data_that_cannot_be_read_or_added_to_is_a_usage_error(data: str, pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(Stop) as stop:
        read_fields("ship", "load_cargo", data, pairs)
    assert stop.value.code == Exit.USAGE


def test_a_command_is_typed_in_its_present_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DepartShip, "upcasters", (lambda data: data,))
    assert [2, 1, 1] == [present_version("ship", type_) for type_ in ("depart_ship", "load_cargo", "fly_ship")]
