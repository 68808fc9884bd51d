"""What one command that is no repeat leads to: its outcome, its events and the entity after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.control import REDRIVE_PARKED
from fairlead.envelope import Command
from service.commands.history import Refused, judge_history
from service.commands.identity import NewEvent, event_id
from service.commands.overlay import Overlay
from service.commands.personal import DataKey, protected
from service.commands.stored import Entity, Outcome
from service.domain import Aggregate
from service.domain.aggregate import Rejected


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that follows from one command; `entity` is as it is afterwards."""

    outcome: Outcome
    entity: Entity
    events: Sequence[NewEvent] = ()


class Judge:
    """Compares the expected version, then asks the rules of one aggregate.

    `personal` are the commands with personal data, `needs_key` those that may seal some.
    """

    def __init__(self, aggregate: Aggregate, *, allow_import: bool) -> None:
        self.allow_import = allow_import
        self._aggregate = aggregate
        names = {name for fields in aggregate.personal.values() for name in fields}
        having = {name for name, model in aggregate.commands.items() if names & set(model.model_fields)}
        self.personal = frozenset({*having, "import_history"} if names else ())
        self.needs_key = frozenset({*self.personal, REDRIVE_PARKED} if names else ())

    def verdict(  # noqa: PLR0913  # all that a decision may depend on
        self,
        command: Command,
        entity: Entity,
        overlay: Overlay,
        time: int,
        digest: str,
        key: DataKey | None,
    ) -> Verdict:
        """The verdict at a time in microseconds; `key` where personal data is to be sealed."""
        try:
            check_version(command, entity)
            decided = self._events(command, entity, overlay, time)
        except Rejected as rejected:
            refusal = Refused("rejected", rejected.code, rejected.message)
            return Verdict(outcome_of(refusal, entity, digest, time), entity)
        except Refused as refusal:
            return Verdict(outcome_of(refusal, entity, digest, time), entity)
        # Sealed before it is folded: what the owner knows holds no more of a person than the log does.
        events = [self._sealed(event, command.subject, key) for event in decided]
        refs = tuple((event.id, type(event.message).__name__, event.version) for event in events)
        version = entity.version + len(events)
        outcome = Outcome("accepted", None, None, version, refs, digest, time)
        if not events:
            return Verdict(outcome, entity)
        state = self._aggregate.fold(entity.state, [event.message for event in events])
        return Verdict(outcome, Entity(state, version, events[-1].time, entity.place), events)

    def _events(self, command: Command, entity: Entity, overlay: Overlay, time: int) -> list[NewEvent]:
        if command.type == "import_history":
            if not self.allow_import:
                raise Rejected("import_not_allowed", "Importing is not allowed here")
            return judge_history(self._aggregate, command, entity, overlay)
        decided = self._aggregate.decide(command.data, entity.state, command.subject)
        return [
            NewEvent(event, event_id(self._aggregate.name, command.subject, version, command.id), version, time)
            for version, event in enumerate(decided, entity.version + 1)
        ]

    def _sealed(self, event: NewEvent, entity_id: str, key: DataKey | None) -> NewEvent:
        fields = self._aggregate.personal.get(type(event.message).__name__)
        if not fields:
            return event
        return event._replace(message=protected(event.message, fields, self._aggregate.name, entity_id, key))


def check_version(command: Command, entity: Entity) -> None:
    """Compare the version that a command expects; raises Refused."""
    expected = command.expectedversion
    if expected is not None and expected != entity.version:
        message = f"Expected version {expected}, but the current version is {entity.version}"
        raise Refused("conflict", "version_conflict", message)


def outcome_of(refusal: Refused | None, entity: Entity, digest: str, time: int) -> Outcome:
    """The outcome of a command that changes nothing of its entity."""
    if refusal is None:
        return Outcome("accepted", None, None, entity.version, (), digest, time)
    return Outcome(refusal.status, refusal.code, refusal.message, entity.version, (), digest, time)


def id_reused(entity: Entity, digest: str) -> Outcome:
    """The answer to an id that another command of the entity has; it is never remembered."""
    message = "This id was used for another command of this entity"
    return Outcome("conflict", "id_reused", message, entity.version, (), digest, 0)
