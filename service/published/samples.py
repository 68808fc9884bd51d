"""The bytes of every message, to be kept for ever: whatever is read by later code must still read these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from fairlead.bounds import Message
from fairlead.versions import version_in, version_of
from service.commands.identity import render_time
from service.domain import Aggregate
from service.published.examples import Step, example, example_id, histories
from service.published.sample_answers import dead_letters, replies
from service.published.schemas import REPLY, schema_of
from service.published.staging import NOON, SECOND, Stage

Sample = tuple[str, bytes]


def samples(aggregate: Aggregate) -> Iterator[Sample]:
    """Each sample with its name: `{Message}.{version}.json`, a variant before `.json` where there are several.

    Of a dead letter the value is as it was received; key and headers are a file of their own.
    """
    stage, known = Stage(aggregate), histories(aggregate)
    told = {name: stage.play(history) for name, history in known.items()}
    longest = max(known.values(), key=len)
    sent = {step.judged.command.type: step.record for steps in told.values() for step in steps}
    chunk = _chunk(aggregate, longest)
    for name, model in aggregate.commands.items():
        command = chunk if name == "import_history" else example(model)
        yield _named(aggregate, name, sent.get(name) or stage.sent(command, 0))
        yield _named(aggregate, name, stage.least(command), "least")
    for name, steps in told.items():
        yield _named(aggregate, name, steps[-1].events[-1])
    for event in stage.imported(stage.sent(chunk, 0)):
        yield _named(aggregate, orjson.loads(event.value or b"")["type"], event, "imported")
    for status, reply in replies(stage, told[max(known, key=lambda name: len(known[name]))][-1]):
        yield _named(aggregate, REPLY, reply, status)
    for code, letter in dead_letters(stage, example(next(iter(aggregate.commands.values())))):
        beside = {
            "key": (letter.key or b"").decode(),
            "headers": [(name, (text or b"").decode()) for name, text in letter.headers],
        }
        yield f"dead-letter.{code}.record.json", orjson.dumps(beside)
        yield f"dead-letter.{code}.value", letter.value or b""


def _named(aggregate: Aggregate, name: str, record: Any, variant: str = "") -> Sample:
    version = version_in(schema_of(aggregate, name))
    return f"{name}.{version}{variant and '.'}{variant}.json", record.value


def _chunk(aggregate: Aggregate, history: Sequence[Step]) -> Message:
    """The chunk that brings these events from elsewhere; to the microsecond, as a database may have them."""
    events: list[Mapping[str, Any]] = [
        {
            "id": example_id(aggregate.name, "imported", place),
            "time": render_time((NOON + place * SECOND) * 1_000 + 456),
            "type": type(event).__name__,
            "data": event.model_dump(),
            **({"schema_version": version_of(type(event))} if type(event).upcasters else {}),
        }
        for place, event in enumerate(event for step in history for event in step.events)
    ]
    chunk = orjson.dumps({"first_version": 1, "events": events})
    return aggregate.commands["import_history"].model_validate_json(chunk)
