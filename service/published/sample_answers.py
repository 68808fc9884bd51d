"""One reply of each status and one dead letter of each code, by the code that writes all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fairlead.bounds import Message
from service.commands.faults import Unreadable, behind_another, busy, elsewhere, internal_error, not_writable
from service.commands.history import Refused
from service.commands.judged import Judged
from service.commands.judging import check_version, outcome_of
from service.commands.parked import Redrive
from service.commands.ports import Draft
from service.commands.stored import Entity
from service.published.examples import example, explored, own_commands
from service.published.staging import SECOND, Sent, Stage, Told

_RETRY_MS = 1_000
_AHEAD = 7


def replies(stage: Stage, accepted: Told) -> Iterator[tuple[str, Draft]]:
    """A reply of each status, and that to a repeat."""
    record, command = accepted.record, accepted.judged.command
    yield from zip(
        ("accepted", "repeated"),
        stage.encoder.replies([accepted.judged, accepted.judged._replace(duplicate=True)]),
        strict=True,
    )
    yield from _refused(stage)
    unread = stage.reader.read(_unknown(stage))
    for status, fault, wait in (
        ("invalid", unread, None),
        ("busy", busy(command), _RETRY_MS),
        ("failed", behind_another(command), None),
    ):
        reply = stage.encoder.unjudged(record, status, fault, wait) if isinstance(fault, Unreadable) else None
        if reply is not None:
            yield status, reply


def dead_letters(stage: Stage, message: Message) -> Iterator[tuple[str, Draft]]:
    """A dead letter of each code but `too_large`, which differs by its size alone, and one that was redriven."""
    record = stage.sent(message, 0)
    command = stage.read(record)
    for other in (stage.at(b'{"sail": "north"}', 0), _unknown(stage), replace(record, key=b"another")):
        fault = stage.reader.read(other)
        if isinstance(fault, Unreadable):
            yield fault.code, stage.encoder.dead_letter(other, fault)
    failed = replace(internal_error(command, ZeroDivisionError()), trace="Traceback (most recent call last):\n  …\n")
    for fault in (
        elsewhere(command),
        failed,
        not_writable(command, "MessageSizeTooLargeError"),
        behind_another(command),
    ):
        yield fault.code, stage.encoder.dead_letter(record, fault)
    again = stage.encoder.redriving(Redrive(1, 1, record.timestamp - SECOND))
    yield "redriven", again.dead_letter(record, failed)


def _unknown(stage: Stage) -> Sent:
    """A command that has no such name."""
    name, model = next(iter(own_commands(stage.aggregate).items()))
    record = stage.least(example(model))
    return replace(record, value=(record.value or b"").replace(f'"{name}"'.encode(), b'"sink"'))


def _refused(stage: Stage) -> Iterator[tuple[str, Draft]]:
    """The replies to a command that the rules refuse, if they refuse any, and to one that expects another version."""
    steps = [*explored(stage.aggregate, lambda model: [example(model)])]
    way, step = next(((way, step) for way, step in steps if step.refusal is not None), steps[0])
    entity = Entity(way.state, sum(len(before.events) for before in way.steps))
    if step.refusal is not None:
        refused = Refused("rejected", step.refusal.code, step.refusal.message)
        yield "rejected", _refusal(stage, stage.sent(step.command, 0), entity, refused)
    record = stage.sent(step.command, 0, expected_version=entity.version + _AHEAD)
    try:
        check_version(stage.read(record), entity)
    except Refused as refused:
        yield "conflict", _refusal(stage, record, entity, refused)


def _refusal(stage: Stage, record: Sent, entity: Entity, refused: Refused) -> Draft:
    command, time = stage.read(record), record.timestamp * 1_000
    outcome = outcome_of(refused, entity, stage.digest(command, record), time)
    [reply] = stage.encoder.replies([Judged(record, command, outcome, (), time)])
    return reply
