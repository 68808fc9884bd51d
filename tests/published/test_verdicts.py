"""A release is refused where somebody would be broken: those who send commands, those who follow, and old logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import orjson
import pytest
from pydantic import Field, create_model

from fairlead.bounds import Message, Quantity, Text
from fairlead.control import common_commands
from service.domain import AGGREGATES, Aggregate
from service.published.files import published
from service.published.verdicts import Verdict, verdicts
from tests.published.crane import CRANE

SHIP = AGGREGATES["ship"]
Messages = Mapping[str, type[Message]]


@lru_cache(maxsize=1)
def released() -> dict[str, bytes]:
    return published()


def judged(aggregate: Aggregate, message: str) -> Verdict:
    """What the check says of a message where a changed aggregate takes the place of the released one."""
    aggregates = {**AGGREGATES, aggregate.name: aggregate}
    [found] = [one for one in verdicts(released(), published(aggregates), aggregates) if one.message == message]
    return found


def remade(messages: Messages, name: str, **fields: Any) -> Messages:
    """These with one that has other fields as well, or the same ones with other bounds."""
    model = messages[name]
    return {**messages, name: create_model(model.__name__, __base__=model, __doc__=model.__doc__, **fields)}


def with_event(name: str, **fields: Any) -> Aggregate:
    """Ships whose rules write an event of another shape, unchecked like all that comes from rules."""
    events = remade(SHIP.events, name, **fields)
    models = {model: events[kind] for kind, model in SHIP.events.items()}

    def decide(command: Any, state: Any, entity_id: str) -> list[Message]:
        return [
            models[type(event)].model_construct(**event.model_dump())
            for event in SHIP.decide(command, state, entity_id)
        ]

    commands = {**SHIP.commands, **common_commands(events)}
    return replace(SHIP, events=events, commands=commands, decide=decide)


def test_what_was_not_changed_is_full() -> None:
    found = verdicts(released(), released())
    assert {("FULL", True)} == {(one.verdict, one.ok) for one in found}
    assert {name: len(one.commands) + len(one.events) + 1 for name, one in AGGREGATES.items()} == {
        name: sum(one.aggregate == name for one in found) for name in AGGREGATES
    }


@pytest.mark.parametrize(
    ("fields", "verdict", "ok", "told"),
    [
        ({"berth": (Text | None, None)}, "BACKWARD", True, "for a former reader: data.berth: may be written"),
        ({"berth": (Text, Field(examples=["7"]))}, "BREAKING", False, "a former message: data.berth: may be left out"),
        ({"quantity": (int, Field(ge=1, le=10, examples=[5]))}, "FORWARD", False, "data.quantity: maximum is"),
        ({"quantity": (int, Field(ge=0, examples=[5]))}, "BACKWARD", True, "data.quantity: minimum is 0"),
    ],
)
def test_a_command_must_be_read_as_former_callers_send_it(
    fields: dict[str, Any],
    verdict: str,
    told: str,
    *,
    ok: bool,
) -> None:
    found = judged(replace(SHIP, commands=remade(SHIP.commands, "load_cargo", **fields), decide=lenient), "load_cargo")
    assert (verdict, ok) == (found.verdict, found.ok)
    assert told in " ".join(found.because)


def lenient(command: Any, state: Any, entity_id: str) -> Any:
    """The rules of ships, to which nothing is one."""
    if getattr(command, "quantity", None) == 0:
        command = command.model_copy(update={"quantity": 1})
    return SHIP.decide(command, state, entity_id)


@pytest.mark.parametrize(
    ("fields", "verdict", "told"),
    [
        ({"berth": (Text | None, None)}, "BACKWARD", "for a former reader: data.berth: may be written"),
        ({"berth": (Text, "7")}, "BACKWARD", "for a former reader: data.berth: may be written"),
        (
            {"quantity": (int, Field(ge=1, le=1_000))},
            "FORWARD",
            "a former message: data.quantity: maximum",
        ),
        (
            {"quantity": (int, Field(ge=0, examples=[5]))},
            "BACKWARD",
            "for a former reader: data.quantity: minimum is 0",
        ),
    ],
)
def test_any_other_shape_of_an_event_is_another_version(fields: dict[str, Any], verdict: str, told: str) -> None:
    found = judged(with_event("CargoLoaded", **fields), "CargoLoaded")
    assert (verdict, False) == (found.verdict, found.ok)
    assert told in found.because[0]


def test_words_and_examples_may_change() -> None:
    fields = {"quantity": (Quantity, Field(examples=[7], description="How many"))}
    found = judged(replace(SHIP, commands=remade(SHIP.commands, "load_cargo", **fields)), "load_cargo")
    assert ("FULL", True, []) == (found.verdict, found.ok, found.because)


def test_what_is_gone_breaks() -> None:
    current = {path: value for path, value in released().items() if "/CargoLoaded." not in path}
    found = [one for one in verdicts(released(), current) if not one.ok]
    assert [("CargoLoaded", "BREAKING", ["it is not there any more"])] == [
        (one.message, one.verdict, one.because) for one in found
    ]


def test_a_message_that_is_new_breaks_nobody() -> None:
    found = verdicts(released(), published({**AGGREGATES, "crane": CRANE}))
    assert {"NEW"} == {one.verdict for one in found if one.aggregate == "crane"}
    assert all(one.ok for one in found)


def test_a_new_version_may_differ_where_the_former_is_still_read() -> None:
    current = {path.replace("/CargoLoaded.1.", "/CargoLoaded.2."): value for path, value in released().items()}
    schema = "schemas/ship/CargoLoaded.2.json"
    current[schema] = current[schema].replace(b'"port"', b'"berth"')
    former, new = (one for one in verdicts(released(), current) if one.message == "CargoLoaded")
    assert ("BREAKING", True) == (former.verdict, former.ok)
    assert "version 2 takes its place" == former.because[0]
    assert ("NEW", 2) == (new.verdict, new.version)


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        ("ship/CargoLoaded.1.json", b'"port"', b'"berth"', "CargoLoaded.1.json is not read any more"),
        ("ship/load_cargo.1.least.json", b'"quantity":500', b'"quantity":0', "data.quantity"),
        ("user/CommandReply.1.busy.json", b'"status":"busy"', b'"status":"late"', "CommandReply.1.busy.json"),
    ],
)
def test_a_sample_that_is_not_read_any_more_is_told(path: str, old: bytes, new: bytes, told: str) -> None:
    before = {**released(), f"samples/{path}": released()[f"samples/{path}"].replace(old, new)}
    [found] = [one for one in verdicts(before, released()) if not one.ok]
    assert path.split("/")[1].split(".", maxsplit=1)[0] == found.message
    assert told in found.because[0]


def test_a_reply_may_have_more_than_former_readers_know() -> None:
    """Clients pass over what they do not know there, as the README says."""
    path = "schemas/ship/CommandReply.1.reply.json"
    schema = orjson.loads(released()[path])
    schema["$defs"]["Outcome"]["properties"]["cost"] = {"type": "integer"}
    [found] = [one for one in changed(path, schema) if one.message == "CommandReply" and one.aggregate == "ship"]
    assert ("FULL", True) == (found.verdict, found.ok)
    schema["$defs"]["Outcome"]["properties"]["status"]["enum"].append("late")
    [found] = [one for one in changed(path, schema) if not one.ok]
    assert ("BACKWARD", "for a former reader: data.status: may be late, is read as") == (
        found.verdict,
        found.because[0].split(" accepted")[0],
    )


def changed(path: str, schema: Any) -> list[Verdict]:
    return verdicts(released(), {**released(), path: orjson.dumps(schema)})
