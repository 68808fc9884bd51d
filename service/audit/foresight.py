"""What has to be known of a partition before its commands are judged again, from a first look at its replies."""

from __future__ import annotations

from typing import Any

from service.audit.expected import object_in
from service.audit.messages import reply_id_at
from service.audit.parking import offset_in
from service.audit.records import Json, PartitionLogs, Record
from service.audit.told import Answer

# Most replies say nothing that cannot be recomputed.
_TELLING = (b'"busy"', b'"failed"', b"dead_letters_gone", b"import_not_allowed", b"still_parked")
_STATUSES, _CODES = ("busy", "failed"), ("dead_letters_gone", "import_not_allowed")
_OUTCOMES = ("accepted", "rejected", "conflict")
# Where both logs were shortened, one begins within so many records of the other, or nothing is judged.
_SEARCHED = 1_000


class Foresight:
    """Told each reply in order, of commands from the offset `start` up to `end`; what came before may be gone.

    Judging begins with the command at `command` and the reply at `reply`, which is None where no command that is there
    has one. As of Told and Horizon: `answers`, `again`, `repeats`, `versions`.
    """

    def __init__(self, logs: PartitionLogs, start: int, end: int) -> None:
        self.complete = not (logs.start("commands") or logs.start("replies"))
        self.command = start if self.complete else end
        self.reply: int | None = 0 if self.complete else None
        self.answers: dict[str, Answer] = {}
        self.again: set[tuple[str, int]] = set()
        self.repeats: set[str] = set()
        self.versions: dict[str, int] = {}
        self._logs = logs
        self._offsets = range(start, end)
        self._first: list[tuple[int, Json]] = []
        self._searched = self.complete
        self._candidates: dict[Any, int] = {}

    def take(self, record: Record) -> None:
        """The next reply."""
        if self.complete and not any(word in (record.value or b"") for word in _TELLING):
            return
        reply = object_in(record) or {}
        if self._searched:
            self._tell(record.offset, reply)
            return
        self._first.append((record.offset, reply))
        if len(self._first) == _SEARCHED:
            self.finish()

    def finish(self) -> None:
        """There are no more replies."""
        if self._searched:
            return
        self._searched, first, self._first = True, self._first, []
        ids = {reply.get("id") for _, reply in first}
        at = next((offset for offset in self._offsets if reply_id_at(self._logs, offset) in ids), None)
        near = self._offsets[:_SEARCHED] if at is None else (at,)
        self._candidates = {reply_id_at(self._logs, offset): offset for offset in near}
        for offset, reply in first:
            self._tell(offset, reply)

    def _tell(self, offset: int, reply: Json) -> None:
        id_, data = reply.get("id"), reply.get("data")
        if self.reply is None:
            if id_ not in self._candidates:
                return
            self.command, self.reply = self._candidates[id_], offset
        if not isinstance(id_, str) or not isinstance(data, dict):
            return
        if data.get("status") in _STATUSES or data.get("code") in _CODES:
            self.answers[id_] = Answer(data.get("status"), data.get("code"), data.get("message"))
        if data.get("code") == "still_parked" and (again := offset_in(data.get("message"))) is not None:
            self.again.add((str(reply.get("subject")), again))
        if self.complete:
            return
        if data.get("duplicate") or data.get("code") == "id_reused":
            self.repeats.add(id_)
        elif data.get("status") in _OUTCOMES:
            self._begin(reply.get("subject"), data)

    def _begin(self, subject: Any, data: Json) -> None:
        """By the first outcome since, what an entity had come to before."""
        refs, version = data.get("events"), data.get("entity_version")
        if refs:
            version = refs[0].get("version", 0) - 1
        if isinstance(subject, str) and type(version) is int:
            self.versions.setdefault(subject, version)
