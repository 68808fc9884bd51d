"""Checks the logs of one partition against the decisions made again."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from service.audit.alignment import Message, align
from service.audit.expected import expected_events, expected_reply, found, object_in
from service.audit.letters import compare_letters, expected_letters
from service.audit.messages import Verdict
from service.audit.model import Judge
from service.audit.records import Json, PartitionLogs
from service.audit.report import Report
from service.audit.versions import present
from tests.checker.checkpoint import checked_end
from tests.checker.floors import check_snapshots
from tests.checker.snapshots import check_parked


def check_partition(  # noqa: PLR0913  # each says something else about the run
    report: Report,
    logs: PartitionLogs,
    judge: Judge,
    *,
    settled: bool,
    compacted: bool,
    unexpected: Collection[str] = (),
) -> list[Verdict]:
    """Judge every command that was handled, compare, and return the verdicts; some statuses may be unexpected."""
    if start := logs.start("commands"):
        report.wrong(logs.place("commands"), f"begins at {start}: decisions cannot be made again from there")
    end = checked_end(report, logs, settled=settled)
    handled = [judge.judge(record) for record in logs.records["commands"] if record.offset < end]
    verdicts = [verdict for last in handled for verdict in (*last.redriven, last)]
    replies = [reply for verdict in verdicts if (reply := expected_reply(verdict)) is not None]
    align(report, logs, "replies", replies, list(_found(report, logs, "replies")))
    events = list(_found(report, logs, "events"))
    align(report, logs, "events", [event for verdict in verdicts for event in expected_events(verdict)], events)
    _check_versions(report, logs, events)
    _check_letters(report, logs, verdicts)
    check_parked(report, logs, verdicts, compacted=compacted)
    check_snapshots(report, logs, compacted=compacted)
    for verdict in verdicts:
        if verdict.status in unexpected:
            report.wrong(logs.place("commands", verdict.record.offset), f"{verdict.name}, which this run may not have")
    report.counts["commands"] += len(handled)
    report.counts["redriven"] += len(verdicts) - len(handled)
    report.counts["parked"] += sum(entity.parked is not None for entity in judge.entities.values())
    _count(report, verdicts)
    return verdicts


def _count(report: Report, verdicts: list[Verdict]) -> None:
    for verdict in verdicts:
        report.counts[verdict.name] += 1
        report.counts["replies"] += verdict.reply is not None
        report.counts["events"] += len(verdict.events)
        report.counts["dead letters"] += (verdict.reason is not None) + len(verdict.behind)


def _found(report: Report, logs: PartitionLogs, kind: str) -> Iterator[Message]:
    for record in logs.records[kind]:
        value = object_in(record)
        if value is None:
            report.wrong(logs.place(kind, record.offset), "is no JSON object")
        else:
            yield found(kind, record, present(logs.aggregate, value) if kind == "events" else value)


def _check_letters(report: Report, logs: PartitionLogs, verdicts: list[Verdict]) -> None:
    received = {record.offset: len(record.headers) for record in logs.records["commands"]}
    expected = [(letter, True) for verdict in verdicts for letter in expected_letters(logs, verdict)]
    compare_letters(report, logs, expected, logs.records["dead-letters"], received)


def _check_versions(report: Report, logs: PartitionLogs, events: list[Message]) -> None:
    """The versions of each entity on the log itself, whatever the commands say."""
    last: dict[str, int] = {}
    for event in events:
        value: Json = event.content["value"]
        subject, version = str(value.get("subject")), value.get("entityversion")
        if version != last.get(subject, 0) + 1:
            report.wrong(
                logs.place("events", event.offset), f"{subject} has version {version} after {last.get(subject, 0)}"
            )
        last[subject] = version if type(version) is int else 0
