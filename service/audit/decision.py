"""What a command that is new leads to: expected version, importing, then the rules of its aggregate."""

from __future__ import annotations

from service.audit.entity import Case
from service.audit.hashing import uuid8
from service.audit.history import RULES, NewEvent, judge_chunk
from service.audit.matching import Open
from service.audit.reading import present_of
from service.audit.records import Json
from service.audit.ship import Refusal

_CONFLICTS = ("version_conflict", "history_gap", "history_differs")


def decide(aggregate: str, case: Case, *, allow_import: bool) -> tuple[Json, list[NewEvent]]:
    """The answer and the events, which the entity then has."""
    entity = case.entity
    try:
        new = _new_events(aggregate, case, allow_import=allow_import)
    except Refusal as refusal:
        return refused(refusal, entity.version), []
    for event in new:
        entity.state = RULES[aggregate].apply(event.type, event.data, entity.state)
        entity.ids.append(event.id)
        entity.time = event.time
    first = entity.version + 1 - len(new)
    refs = [{"id": event.id, "type": event.type, "version": at} for at, event in enumerate(new, first)]
    return {**answered("accepted", None, None, entity.version), "events": refs}, new


def check_version(case: Case) -> None:
    """Raises Refusal where the command expects another version."""
    expected = case.command.get("expectedversion")
    if expected is not None and expected != case.entity.version:
        raise Refusal("version_conflict", Open())


def refused(refusal: Refusal, version: int) -> Json:
    """The answer where a rule says no."""
    status = "conflict" if refusal.code in _CONFLICTS else "rejected"
    return answered(status, refusal.code, refusal.message, version)


def answered(status: str, code: str | None, message: str | Open | None, version: int) -> Json:
    """An answer without events."""
    return {"status": status, "code": code, "message": message, "entity_version": version, "events": []}


def _new_events(aggregate: str, case: Case, *, allow_import: bool) -> list[NewEvent]:
    command, entity = case.command, case.entity
    check_version(case)
    if command["type"] == "import_history":
        if not allow_import:
            raise Refusal("import_not_allowed", "Importing is not allowed here")
        return judge_chunk(aggregate, case.subject, command["data"], entity.state, entity.ids)
    asked = present_of(aggregate, command, case.record.key)
    type_, data = RULES[aggregate].decide(asked["type"], asked["data"], entity.state, case.subject)
    return [NewEvent(uuid8(aggregate, case.subject, entity.version + 1, command["id"]), type_, data, case.now)]
