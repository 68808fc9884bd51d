"""Every message that was ever written is read by all later code: of each there is a sample that is never changed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from fairlead.bounds import Quantity
from service.commands.personal import open_sealed
from service.commands.reading import CommandReader
from service.domain import AGGREGATES, Aggregate
from service.kafka.dead_letters import dead_letter
from service.published import folder
from service.published.decoding import Decoder
from service.published.examples import histories
from service.published.files import published
from service.published.staging import KEY, Sent, Stage
from tests.domain.partition import Partition
from tests.published.test_drift import PUBLISHED

SAMPLES = {path: value for path, value in folder.read(PUBLISHED).items() if path.startswith("samples/")}
MESSAGES = [path for path in SAMPLES if "dead-letter" not in path]
LETTERS = [path for path in SAMPLES if path.endswith(".record.json")]


@pytest.mark.parametrize("path", MESSAGES)
def test_every_sample_is_read_as_what_it_is(path: str) -> None:
    _, aggregate, name = path.split("/")
    assert Decoder(AGGREGATES[aggregate]).fault(name.split(".")[0], SAMPLES[path]) is None


@pytest.mark.parametrize("path", LETTERS)
def test_every_dead_letter_is_read_with_its_reason(path: str) -> None:
    beside = orjson.loads(SAMPLES[path])
    value = SAMPLES[path.replace(".record.json", ".value")]
    headers = [(name, text.encode()) for name, text in beside["headers"]]
    record = SimpleNamespace(
        partition=0, offset=0, timestamp=0, key=beside["key"].encode(), value=value, headers=headers
    )
    letter = dead_letter(record)
    kind = path.split(".")[-3]
    assert letter.code == ("internal_error" if kind == "redriven" else kind)
    assert (letter.command_offset, bool(letter.reason), value) == (0, True, letter.value)
    assert letter.redrives == (kind == "redriven")
    readable = Sent(letter.key, letter.value)
    reads = isinstance(CommandReader(AGGREGATES[path.split("/")[1]]).read(readable), tuple)
    assert reads == (letter.code not in {"unreadable", "unknown_command", "invalid_command"})


def test_every_message_and_version_has_a_sample() -> None:
    schemas = {path for path in published() if re.fullmatch(r"schemas/.*\.(command|event|reply)\.json", path)}
    told = {"/".join(path.split("/")[1:]).rpartition(".")[0].rpartition(".")[0] for path in schemas}
    sampled = {re.sub(r"(\.\d+)\..*", r"\1", "/".join(path.split("/")[1:])) for path in MESSAGES}
    assert told == sampled


@pytest.mark.parametrize("aggregate", AGGREGATES.values(), ids=[*AGGREGATES])
def test_the_real_decider_writes_what_the_samples_say(aggregate: Aggregate) -> None:
    for name, history in histories(aggregate).items():
        stage, partition = Stage(aggregate), Partition(aggregate)
        partition.keys._keys[aggregate.name, stage.entity_id] = KEY  # noqa: SLF001  # the twin has no way to be given one
        told = stage.play(history)
        for one in told:
            partition.publish(one.record.key, one.record.value, at=one.record.timestamp, headers=one.record.headers)
        partition.judge()
        ours = [(event.key, opened(aggregate, event.value), event.headers) for one in told for event in one.events]
        real = [(event.key, opened(aggregate, event.value), event.headers) for event in partition.events]
        assert real == ours
        assert opened(aggregate, SAMPLES[f"samples/{aggregate.name}/{name}.1.json"]) == ours[-1][1]
        [accepted] = stage.encoder.replies([told[-1].judged])
        assert (accepted.key, accepted.value, accepted.headers) == (
            partition.replies[-1].key,
            partition.replies[-1].value,
            partition.replies[-1].headers,
        )


def opened(aggregate: Aggregate, value: bytes | None) -> Any:
    """An event whose sealed fields are opened: sealing is another each time."""
    event = orjson.loads(value or b"")
    for field in aggregate.personal.get(event["type"], ()):
        event["data"][field] = open_sealed(KEY, aggregate.name, event["subject"], field, event["data"][field])
    return event


def test_a_sample_is_never_written_over(tmp_path: Path) -> None:
    folder.write(tmp_path)
    kept = tmp_path / "samples" / "ship" / "CargoLoaded.1.json"
    kept.write_bytes(kept.read_bytes().replace(b"order-3", b"order-4"))
    before = folder.read(tmp_path)
    with pytest.raises(folder.Kept, match=r"CargoLoaded\.1\.json is kept for ever.*CargoLoaded\.1\.before\.json"):
        folder.write(tmp_path)
    assert before == folder.read(tmp_path)
    kept.rename(kept.with_name("CargoLoaded.1.before.json"))
    assert ["samples/ship/CargoLoaded.1.json"] == folder.write(tmp_path)
    assert [] == folder.drift(folder.read(tmp_path), published())


def test_a_schema_that_would_break_somebody_is_not_written_over(tmp_path: Path) -> None:
    folder.write(tmp_path)
    ship = AGGREGATES["ship"]
    commands = {**ship.commands, "load_cargo": with_field(ship.commands["load_cargo"], "berth", Quantity)}
    before = folder.read(tmp_path)
    with pytest.raises(folder.Kept, match=r"ship load_cargo of version 1 is released.*data\.berth: .*give it a new"):
        folder.write(tmp_path, {**AGGREGATES, "ship": replace(ship, commands=commands)})
    assert before == folder.read(tmp_path)


def with_field(model: type[Any], name: str, annotation: Any) -> type[Any]:
    return type(model.__name__, (model,), {"__annotations__": {name: annotation}, "__doc__": model.__doc__})
