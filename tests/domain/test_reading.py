"""Whatever stands on a commands topic is answered, put aside byte for byte, and never stops a partition."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.bounds import MAX_VALUE_BYTES
from service.commands import reading
from service.commands.repairing import repaired
from service.domain import AGGREGATES
from tests.domain.bad_input import LOAD, SHIP, code_of, dumped, published
from tests.domain.partition import Partition, entity_id

VALID = orjson.dumps(LOAD)


def with_text(old: bytes, new: bytes) -> bytes:
    assert old in VALID
    return VALID.replace(old, new)


UNREADABLE: dict[str, bytes | None] = {
    "null": None,
    "empty": b"",
    "no JSON": b"load the cargo",
    "half": VALID[:-1],
    "two": VALID + VALID,
    "no UTF-8": with_text(b"tea", b"\xff\xfe"),
    "a byte order mark": b"\xef\xbb\xbf" + VALID,
    "NaN": with_text(b'"quantity":1', b'"quantity":NaN'),
    "NaN in an extension": with_text(b'"source"', b'"ext":NaN,"source"'),
    "-Infinity in an extension": with_text(b'"source"', b'"ext":[-Infinity],"source"'),
    "a raw control character": with_text(b"tea", b"t\x01a"),
    "an array": b"[" + VALID + b"]",
    "a string": b'"load_cargo"',
    "depth 10,000": b"[" * 10_000 + b"]" * 10_000,
    "depth 10,000 in data": with_text(b'"tea"', b"[" * 10_000 + b"]" * 10_000),
    "no specversion": with_text(b'"specversion":"1.0",', b""),
    "no id": orjson.dumps({name: value for name, value in LOAD.items() if name != "id"}),
    "a type that is no string": with_text(b'"load_cargo"', b"7"),
}


@pytest.mark.parametrize("value", UNREADABLE.values(), ids=[*UNREADABLE])
def test_what_is_no_cloud_event_is_unreadable(value: bytes | None) -> None:
    assert b"unreadable" == code_of(published(SHIP.encode(), value))


def test_a_reply_goes_wherever_there_is_an_id() -> None:
    for name in ("specversion", "type"):
        partition = published(SHIP.encode(), orjson.dumps({key: value for key, value in LOAD.items() if key != name}))
        assert b"unreadable" == code_of(partition)
        assert [LOAD["id"]] == [reply.json["causationid"] for reply in partition.replies]


@pytest.mark.parametrize("id_", ["", "x" * 201, 7, None])
def test_nothing_is_answered_to_an_id_of_no_use(id_: object) -> None:
    partition = published(SHIP.encode(), orjson.dumps(LOAD | {"id": id_}))
    assert [] == partition.replies


def test_a_value_beyond_256_kib_is_too_large() -> None:
    blanks = b" " * (MAX_VALUE_BYTES - len(VALID))
    assert [] == published(SHIP.encode(), VALID + blanks).dead_letters
    partition = published(SHIP.encode(), VALID + blanks + b" ")
    assert b"too_large" == code_of(partition)
    assert [LOAD["id"]] == [reply.json["causationid"] for reply in partition.replies]


@pytest.mark.parametrize("type_", ["create_user", "Load_Cargo", "", "load_cargo ", "x" * 1_000])
def test_a_type_that_is_no_command_is_named(type_: str) -> None:
    partition = published(SHIP.encode(), orjson.dumps(LOAD | {"type": type_, "data": None}))
    assert b"unknown_command" == code_of(partition)
    assert [f"Unknown command: {type_}"] == [reply.json["data"]["message"] for reply in partition.replies]


@pytest.mark.parametrize("key", [None, b"", b"\xff", entity_id(2).encode()])
def test_the_key_must_be_the_subject(key: bytes | None) -> None:
    partition = published(key, VALID)
    assert b"invalid_command" == code_of(partition)
    [reply] = partition.replies
    assert "key: must be the subject" == reply.json["data"]["message"]
    assert (SHIP.encode() if key is None else key) == reply.key


def test_every_fault_is_told() -> None:
    partition = published(None, orjson.dumps(LOAD | {"source": "", "expectedVersion": 1, "data": {"item": "a\x00"}}))
    [reply] = partition.replies
    faults = [fault.split(": ")[0] for fault in reply.json["data"]["message"].split("; ")]
    assert ["source", "data.item", "data.quantity", "expectedVersion", "key"] == faults


def test_ten_thousand_faults_fit_into_a_reply() -> None:
    partition = published(SHIP.encode(), orjson.dumps(LOAD | {f"A{number}": 1 for number in range(10_000)}))
    assert b"invalid_command" == code_of(partition)
    assert 3_000 > len(partition.replies[0].value or b"")


def test_extensions_and_unset_attributes_are_passed_over() -> None:
    extended = LOAD | {"partitionkey": [1.5, None], "time": None, "dataschema": None, "expectedversion": None}
    partition = published(SHIP.encode(), orjson.dumps(extended))
    assert [] == partition.dead_letters
    assert "not_found" == partition.replies[0].json["data"]["code"]


def test_a_key_of_another_partition_is_told_how_to_publish() -> None:
    partition = Partition(AGGREGATES["ship"], owns=lambda _: False)
    partition.publish(SHIP.encode(), VALID)
    partition.judge()
    assert b"wrong_partition" == code_of(partition)
    assert "murmur2_random" in partition.replies[0].json["data"]["message"]


def test_the_context_of_a_trace_goes_on() -> None:
    trace = [("traceparent", b"00-1-2-01"), ("tracestate", b"a=b")]
    partition = Partition(AGGREGATES["ship"])
    partition.publish(SHIP.encode(), VALID, headers=[*trace, ("other", b"x")])
    partition.publish(SHIP.encode(), None, headers=[*trace, ("other", b"x")])
    partition.judge()
    assert (("content-type", b"application/cloudevents+json"), *trace) == tuple(partition.replies[0].headers)
    assert [*trace, ("other", b"x")] == list(partition.dead_letters[0].headers)[:3]


@given(st.one_of(st.none(), st.binary(), st.sampled_from([b"", SHIP.encode()])), st.binary())
def test_no_bytes_are_too_strange(key: bytes | None, value: bytes) -> None:
    published(key, value)


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters()), st.just("\ud800")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*LOAD, "time", "correlationid", "expectedversion", "X"]), _JSON, max_size=3))
def test_no_command_is_too_strange(changes: dict[str, Any]) -> None:
    partition = published(SHIP.encode(), dumped(LOAD | changes))
    assert 1 == len(partition.dead_letters) or 1 == len(partition.replies)


def test_what_cannot_be_repaired_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[bytes] = []

    def once_more(value: bytes) -> object:
        tried.append(value)
        return repaired(value)

    monkeypatch.setattr(reading, "repaired", once_more)
    nested = b"[" * 201 + b"]" * 201
    assert b"unreadable" == code_of(published(SHIP.encode(), with_text(b'"tea"', nested)))
    assert 1 == len(tried)


@pytest.mark.parametrize(
    "text",
    [
        b'"ext":"\\ud800","source"',
        b'"\\ud800":1,"source"',
        b'"ext":[{"a":["\\udfff"]}],"source"',
        b'"ext":' + b"9" * 4_301 + b',"source"',
        b'"ext":-' + b"9" * 4_301 + b',"source"',
        b'"ext":' + b"9" * 4_301 + b'.5,"source"',
        b'"ext":' + b"9" * 4_301 + b'e5,"source"',
        b'"ext":"\\ud800","ext":1,"source"',
        b'"ext":["\\ud800",1e999999],"source"',
    ],
)
def test_what_no_parser_reads_is_refused_wherever_it_stands(text: bytes) -> None:
    partition = published(SHIP.encode(), with_text(b'"source"', text))
    assert b"invalid_command" == code_of(partition)
    assert LOAD["id"] == partition.replies[0].json["causationid"]


@pytest.mark.parametrize("number", [b"9" * 4_300, b"9" * 4_300 + b".5", b"0." + b"9" * 5_000])
def test_a_number_is_read_as_long_as_it_can_be(number: bytes) -> None:
    partition = published(SHIP.encode(), with_text(b'"source"', b'"ext":' + number + b',"source"'))
    assert "not_found" == partition.replies[0].json["data"]["code"]
