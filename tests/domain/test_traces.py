"""Nothing that tells a name is passed over, wherever it stands, and nothing else is taken for one."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from service.commands.traces import Seeker, Traces
from tests.domain.accounts import CREATE, DELETE, USER, opened
from tests.domain.imported import chunk, event

KID = "0b9c7e0e-6f0b-4c57-9d6b-0d3a3a5c1c11"
SEALED = {"alg": "A256GCM", "kid": KID, "value": "AAAA"}
SEEKER = Seeker(["username"], USER, ["Zoë (née \\ Ω)"])
NAME = "Zoë (née \\ Ω)"


def message(value: Any, headers: Any = ()) -> Traces:
    return SEEKER.message(orjson.dumps(value), headers)


@pytest.mark.parametrize(
    "value", [{"username": SEALED}, {"data": [{"username": SEALED}]}, ["Active", {"username": SEALED}]]
)
def test_what_is_sealed_is_told_by_its_key(value: Any) -> None:
    assert Traces({KID}) == message(value)


@pytest.mark.parametrize(
    "name", ["Somebody", 7, ["x"], {"alg": "A256GCM"}, {**SEALED, "more": 1}, {**SEALED, "kid": 7}]
)
def test_anything_else_in_a_personal_field_is_plain(name: Any) -> None:
    assert ["data.username"] == message({"data": {"username": name}}).plain


def test_a_name_that_was_not_known_is_learnt() -> None:
    history = chunk([event(1, "UserCreated", {"username": "Other", "balance": 1})], subject=USER)
    assert {"Other"} == message(history).names
    assert {"test_user"} == message(CREATE).names


@pytest.mark.parametrize(
    "value",
    [
        {"correlationid": f"for {NAME}!"},
        {"data": {"message": NAME, "status": "failed"}},
        [[{"a": [NAME]}]],
        {NAME: 1},
        {"time": NAME},
        NAME,
    ],
)
def test_a_known_name_is_found_anywhere(value: Any) -> None:
    assert 1 == len(message(value).plain)
    assert 1 == len(SEEKER.row({"some_column": value}).plain)


def test_a_place_does_not_tell_the_name() -> None:
    assert ["a.[the name]", "a.[the name].b"] == message({"a": {f"of {NAME}": {"b": NAME}}}).plain


@pytest.mark.parametrize("value", ["Zoëy", f"x{NAME}y", "Zoë"])
def test_a_word_that_only_has_it_in_it_is_another(value: str) -> None:
    assert [] == Seeker(["username"], USER, ["Zoëy (née \\ Ω)", NAME]).message(orjson.dumps([f"a{value}b"])).plain


def test_headers_and_bytes_in_rows_are_looked_into() -> None:
    assert ["header note"] == message({}, [("note", f"to {NAME}".encode()), ("none", None)]).plain
    for raw in (orjson.dumps({"to": NAME}), f"\x00 {NAME}".encode()):
        assert 1 == len(SEEKER.row({"value": f"\\x{raw.hex()}"}).plain)
    assert {KID} == SEEKER.row({"value": f"\\x{orjson.dumps({'username': SEALED}).hex()}"}).kids


def test_what_is_no_json_is_taken_for_plain() -> None:
    assert 1 == len(SEEKER.message(b"\xff{").plain)


def test_nesting_without_end_is_looked_through() -> None:
    deep = b'{"a":' * 900 + orjson.dumps(NAME) + b"}" * 900
    assert 1 == len(SEEKER.message(deep).plain)


@pytest.mark.parametrize(
    "name",
    [
        "user",
        "UserCreated",
        "rejected",
        "gone",
        "Account",
        USER,
        "fairlead",
        "was",
        "found",
        "data",
        "id",
        "2026",
        "json",
    ],
)
def test_somebody_who_is_called_like_our_own_words_is_not_found_in_them(name: str) -> None:
    partition = opened()
    for command in (DELETE, CREATE | {"id": KID}):
        partition.ask(command)
    seeker = Seeker(["username"], USER, [name])
    written = [*partition.events, *partition.replies, *partition.snapshots]
    assert [] == [place for one in written for place in seeker.message(one.value, one.headers).plain]
