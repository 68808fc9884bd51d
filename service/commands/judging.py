"""What one command that is no repeat leads to: its outcome, its events and the entity after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairlead.envelope import Command
from fairlead.history import ImportHistory
from service.commands.entities import Entity, Outcome, Overlay
from service.commands.history import Refused, judge_history
from service.commands.identity import NewEvent, event_id
from service.commands.personal import DataKey, protected
from service.domain import Aggregate
from service.domain.aggregate import Rejected


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that follows from one command; without events the entity changes only its count of commands."""

    outcome: Outcome
    entity: Entity
    events: Sequence[NewEvent]


class Judge:
    """Compares the expected version, then asks the rules of one aggregate."""

    def __init__(self, aggregate: Aggregate, *, allow_import: bool) -> None:
        self._aggregate = aggregate
        self._allow_import = allow_import

    def verdict(  # noqa: PLR0913  # all that a decision may depend on
        self, command: Command, entity: Entity, overlay: Overlay, time: int, digest: str, key: DataKey | None
    ) -> Verdict:
        """The verdict at a time in microseconds; `key` where personal data is to be sealed."""
        place = entity.remembered + 1

        def refused(status: str, code: str, message: str) -> Verdict:
            outcome = Outcome(status, code, message, entity.version, (), digest, time, place)
            return Verdict(outcome, replace(entity, remembered=place), ())

        expected = command.expectedversion
        if expected is not None and expected != entity.version:
            message = f"Expected version {expected}, but the current version is {entity.version}"
            return refused("conflict", "version_conflict", message)
        try:
            decided = self._events(command, entity, overlay, time)
        except Rejected as refusal:
            return refused("rejected", refusal.code, refusal.message)
        except Refused as refusal:
            return refused(refusal.status, refusal.code, refusal.message)
        # Sealed before it is folded: what the owner knows holds no more of a person than the log does.
        events = [self._sealed(event, command.subject, key) for event in decided]
        refs = tuple((event.id, type(event.message).__name__, event.version) for event in events)
        version = entity.version + len(events)
        outcome = Outcome("accepted", None, None, version, refs, digest, time, place)
        state = self._aggregate.fold(entity.state, [event.message for event in events])
        return Verdict(outcome, Entity(state, version, events[-1].time if events else entity.time, place), events)

    def _events(self, command: Command, entity: Entity, overlay: Overlay, time: int) -> list[NewEvent]:
        if isinstance(command.data, ImportHistory):
            if not self._allow_import:
                raise Rejected("import_not_allowed", "Importing is not allowed here")
            return judge_history(self._aggregate, command, entity, overlay)
        decided = self._aggregate.decide(command.data, entity.state, command.subject)
        return [
            NewEvent(event, event_id(self._aggregate.name, command.subject, version, command.id), version, time)
            for version, event in enumerate(decided, entity.version + 1)
        ]

    def _sealed(self, event: NewEvent, entity_id: str, key: DataKey | None) -> NewEvent:
        fields = self._aggregate.personal.get(type(event.message).__name__, ())
        return replace(event, message=protected(event.message, fields, self._aggregate.name, entity_id, key))


def id_reused(entity: Entity, digest: str) -> Outcome:
    """The answer to an id that another command of the entity has; it is never remembered."""
    message = "This id was used for another command of this entity"
    return Outcome("conflict", "id_reused", message, entity.version, (), digest, 0, 0)
