"""Checks that what a checkpoint calls needed is all that is: below it, snapshots tell everything."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from itertools import accumulate
from operator import attrgetter

from service.audit.checkpoint import KEY, malformed
from service.audit.differences import differences
from service.audit.expected import object_in
from service.audit.records import Json, PartitionLogs, Record
from service.audit.report import Report
from service.audit.snapshot_log import BARE, WHOLE
from service.audit.states import tagged
from service.audit.window import KEPT
from tests.checker.cover import Cover
from tests.checker.steps import Step, steps_of


def check_snapshots(report: Report, logs: PartitionLogs, *, compacted: bool) -> None:
    """Compare states with the fold of the events, and what is needed with what no snapshot tells."""
    steps = steps_of(logs)
    cover, clock, states = Cover(steps), _Clock(logs), defaultdict[str, list[Step]](list)
    for step in steps:
        states[step.entity_id].append(step)
    last = None
    for record in logs.records["snapshots"]:
        value, place = object_in(record), logs.place("snapshots", record.offset)
        if record.key == KEY:
            last = None if value is None or malformed(value) else value
            if last and not compacted:
                _check_needed(report, place, last, cover, clock)
        elif value is not None:
            entity_id = (record.key or b"").decode("utf-8", "replace")
            for line in _faults(logs.aggregate, value, states[entity_id]):
                report.wrong(place, f"snapshot of {entity_id}: {line}")
            cover.snapshot(entity_id, value)
            report.counts["snapshots"] += "state" in value
    if last and compacted:
        # What the snapshots before the last ones were, nobody can tell.
        _check_needed(report, logs.place("snapshots"), last, cover, clock)


def _faults(aggregate: str, value: Json, states: list[Step]) -> list[str]:
    if value.keys() == {"parked"}:
        return []
    version = value.get("version")
    if value.keys() not in (BARE, WHOLE):
        return [f"has {sorted(value)}"]
    if type(version) is not int or not 1 <= version <= len(states):
        return [f"version {version!r} of an entity that came to {len(states)}"]
    if value.keys() == BARE:
        return []
    step = states[version - 1]
    fold = value["fold"] if isinstance(value["fold"], str) and value["fold"] else "some text"
    wanted = {"fold": fold, "time": step.time, "state": tagged(aggregate, step.state)}
    return [*differences(wanted, {name: value[name] for name in wanted})]


def _check_needed(report: Report, place: str, checkpoint: Json, cover: Cover, clock: _Clock) -> None:
    needed = checkpoint["needed"]
    for entity_id, version, covered in cover.missing(needed["events"], checkpoint["fold"]):
        report.wrong(
            place,
            f"events are needed from {needed['events']} on, but before that {entity_id} came to {version}, "
            f"and its last snapshot tells {covered}",
        )
    then, now = clock.at_reply(needed["replies"]), clock.at_command(checkpoint["next_offset"])
    if needed["clock"] != then:
        report.wrong(place, f"the clock at reply {needed['replies']} is {needed['clock']}, must be {then}")
    if then and then > now - KEPT:
        report.wrong(place, f"replies are needed from {needed['replies']} on, but some before that still count")


class _Clock:
    """The partition's clock in microseconds."""

    def __init__(self, logs: PartitionLogs) -> None:
        self._replies, self._commands = logs.records["replies"], logs.records["commands"]
        self._by_replies, self._by_commands = _clocks(self._replies), _clocks(self._commands)

    def at_reply(self, offset: int) -> int:
        """As it stood before the reply at this offset was written."""
        return self._by_replies[bisect_left(self._replies, offset, key=attrgetter("offset"))]

    def at_command(self, offset: int) -> int:
        """As it stood before the command at this offset was judged, or later."""
        return self._by_commands[bisect_left(self._commands, offset, key=attrgetter("offset"))]


def _clocks(records: list[Record]) -> list[int]:
    return [0, *accumulate((record.timestamp * 1000 for record in records), max)]
