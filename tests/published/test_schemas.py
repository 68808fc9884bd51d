"""The schemas say what the models say, in both directions, wherever a schema can say it."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from fairlead.envelope import schema_id
from service.commands.faults import Unreadable
from service.commands.reading import CommandReader
from service.domain import AGGREGATES, Aggregate
from service.published.examples import example_id
from service.published.files import published
from service.published.schemas import messages
from service.published.staging import Sent
from tests.domain.partition import Partition, entity_id, envelope
from tests.domain.strategies import aggregates, commands_of, type_of
from tests.published.near import ANYTHING, changed, near

ALL = {(name, one.name): one for name, aggregate in AGGREGATES.items() for one in messages(aggregate)}
FILES = published()
COMMANDS = [key for key, one in ALL.items() if one.kind == "command"]
EVENTS = [key for key, one in ALL.items() if one.kind == "event"]
EXTENSIONS: list[dict[str, Any]] = [{}, {}, {"traceid": 1}, {"expectedVersion": 1}, {"a-b": "c"}]
ATTRIBUTES: list[dict[str, Any]] = [{}, {"correlationid": "order-1"}, {"expectedversion": 1}, {"source": ""}]
DRAWN = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def validator(key: tuple[str, str], *, whole: bool) -> Any:
    return Draft202012Validator(ALL[key].whole if whole else ALL[key].data)


@cache
def reader(aggregate: str) -> CommandReader:
    return CommandReader(AGGREGATES[aggregate])


@pytest.mark.parametrize("path", [path for path in FILES if path.startswith("schemas/")])
def test_every_schema_is_one(path: str) -> None:
    Draft202012Validator.check_schema(orjson.loads(FILES[path]))


@pytest.mark.parametrize("path", [path for path in FILES if re.fullmatch(r"samples/[^/]*/[^-]*\.json", path)])
def test_every_sample_is_as_its_schema_says(path: str) -> None:
    _, aggregate, name = path.split("/")
    value = orjson.loads(FILES[path])
    key = (aggregate, name.split(".")[0])
    validator(key, whole=True).validate(value)
    validator(key, whole=False).validate(value["data"])


def test_the_id_of_a_schema_is_the_dataschema_of_its_messages() -> None:
    for (aggregate, name), one in ALL.items():
        assert schema_id(aggregate, name) == one.data["$id"]
    assert len(ALL) * 2 == len({schema["$id"] for one in ALL.values() for schema in (one.data, one.whole)})


@pytest.mark.parametrize("key", [key for key in COMMANDS if key[1] != "import_history"])
@DRAWN
@given(st.data())
def test_data_of_a_command_is_as_its_schema_says_or_refused(key: tuple[str, str], data: st.DataObject) -> None:
    model = AGGREGATES[key[0]].commands[key[1]]
    drawn = data.draw(near(model))
    assert accepted(model, drawn) == validator(key, whole=False).is_valid(drawn)


@pytest.mark.parametrize("key", EVENTS)
@DRAWN
@given(st.data())
def test_data_of_an_event_is_as_its_schema_says_or_not_read(key: tuple[str, str], data: st.DataObject) -> None:
    aggregate = AGGREGATES[key[0]]
    drawn = data.draw(near(aggregate.events[key[1]]))
    # On a topic personal data is always sealed; the model is also that of an event within the service.
    plain = any(isinstance(drawn.get(field), str) for field in aggregate.personal.get(key[1], ()))
    assert (accepted(aggregate.events[key[1]], drawn) and not plain) == validator(key, whole=False).is_valid(drawn)


@pytest.mark.parametrize("key", COMMANDS)
@DRAWN
@given(st.data())
def test_a_whole_command_is_as_its_schema_says_or_refused(key: tuple[str, str], data: st.DataObject) -> None:
    likely = orjson.loads(FILES[f"samples/{key[0]}/{key[1]}.1.json"]) | {"time": "2026-11-24T18:20:00Z"}
    texts = st.sampled_from([example_id(), "0", "07", "-7", "1.0", "sink", "2026-11-24", *map(str, likely.values())])
    drawn = data.draw(changed(likely, {name: st.one_of(texts, ANYTHING) for name in likely if name != "data"}))
    more = data.draw(st.sampled_from(EXTENSIONS))
    value = {**drawn, **more}
    read = reader(key[0]).read(Sent(str(value.get("subject")).encode(), dumped(value)))
    assert (not isinstance(read, Unreadable)) == validator(key, whole=True).is_valid(value)


@pytest.mark.parametrize("aggregate", aggregates, ids=[*AGGREGATES])
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_all_that_the_service_writes_is_as_its_schemas_say(aggregate: Aggregate, data: st.DataObject) -> None:
    partition = Partition(aggregate, park=False)
    for command in data.draw(st.lists(commands_of(aggregate), min_size=10, max_size=30)):
        more = data.draw(st.sampled_from(ATTRIBUTES))
        said = envelope(type_of(aggregate, command), entity_id(1), command.model_dump(), **more)
        partition.publish(said["subject"].encode(), orjson.dumps(said))
    partition.publish(None, b"no JSON")
    partition.publish(b"\xff", b'{"specversion":"1.0","id":"x","type":"sink","subject":"\\u0000"}')
    partition.judge()
    assert partition.events or partition.replies
    for record in (*partition.events, *partition.replies):
        validator((aggregate.name, record.json["type"]), whole=True).validate(record.json)


@pytest.mark.parametrize("key", COMMANDS)
def test_what_the_service_refuses_and_a_pattern_lets_pass_is_said_beside_it(key: tuple[str, str]) -> None:
    said = ALL[key].whole["properties"]
    for value, told in (("T23:59:60Z", "no leap seconds"), ("T24:00:00Z", "hours 00 to 23")):
        [time, _] = said["time"]["anyOf"]
        assert re.search(time["pattern"], f"2026-11-24{value}")
        assert told in time["description"]
    for name in ("id", "subject"):
        assert re.search(said[name]["pattern"], f"{example_id()}\n")
        assert "before a line feed" in said[name]["description"]


@pytest.mark.parametrize("key", [key for key, one in ALL.items() if one.kind != "command"])
def test_a_reader_passes_over_attributes_that_it_does_not_know(key: tuple[str, str]) -> None:
    variant = ".accepted" if key[1] == "CommandReply" else ""
    value = orjson.loads(FILES[f"samples/{key[0]}/{key[1]}.1{variant}.json"])
    assert validator(key, whole=True).is_valid(value | {"later": 1})
    assert validator(key, whole=True).is_valid(value | {"data": value["data"] | {"later": 1}}) == bool(variant)


def accepted(model: type[Any], data: dict[str, Any]) -> bool:
    try:
        TypeAdapter(model).validate_json(dumped(data))
    except ValidationError:
        return False
    return True


def dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
