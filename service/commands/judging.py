"""What one command that is no repeat leads to: its outcome, its events and the entity after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fairlead.control import CONTROL, REDRIVE_PARKED
from fairlead.envelope import Command
from service.commands.history import Refused, judge_history
from service.commands.identity import NewEvent, changed_by_reading, event_id
from service.commands.overlay import Overlay
from service.commands.personal import DataKey, protected
from service.commands.stored import Entity, Outcome
from service.domain import Aggregate
from service.domain.aggregate import Rejected

# What a NamedTuple makes of its fields by itself is Python: it takes nearly twice as long.
_new = tuple.__new__
# Everything that follows from one command: its outcome, the entity as it is afterwards, and the events in between.
Verdict = tuple[Outcome, Entity, Sequence[NewEvent]]


class Judge:
    """Compares the expected version, then asks the rules of one aggregate.

    `personal` are the commands with personal data, `needs_key` those that may seal some, `changed` those that are not
    read as they were sent, `plain` those of the domain that are none of these; `sealed` are the events with personal
    data, `kinds` the names of all.
    """

    def __init__(self, aggregate: Aggregate, *, allow_import: bool) -> None:
        self.allow_import = allow_import
        self._aggregate = aggregate
        self.name, self.decide, self.evolve = aggregate.name, aggregate.decide, aggregate.evolve
        # pydantic's classes are slow to say what they are called.
        self.kinds = {event: name for name, event in aggregate.events.items()}
        self.changed = changed_by_reading(aggregate.commands)
        names = {name for fields in aggregate.personal.values() for name in fields}
        having = {name for name, model in aggregate.commands.items() if names & set(model.model_fields)}
        self.personal = frozenset({*having, "import_history"} if names else ())
        self.needs_key = frozenset({*self.personal, REDRIVE_PARKED} if names else ())
        self.sealed = frozenset(event for event, name in self.kinds.items() if aggregate.personal.get(name))
        self.plain = frozenset(aggregate.commands) - self.personal - self.changed - {*CONTROL, "import_history"}

    def ended(self, entity: Entity) -> bool:
        """Whether nothing can follow any more, and nothing personal is sealed again."""
        return entity.version > 0 and self._aggregate.render(entity.state) is None

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
        state, folded = entity.state, False
        try:
            if command.expectedversion is not None:
                check_version(command, entity)
            if command.type == "import_history":
                # Folded as it was judged, but for what is sealed: a third of the time of judging it.
                events, state = self._imported(command, entity, overlay)
                folded = not self.personal
            else:
                events = self._decided(command, entity, time)
        except Rejected as rejected:
            return Outcome("rejected", rejected.code, rejected.message, entity.version, (), digest, time), entity, ()
        except Refused as refusal:
            return outcome_of(refusal, entity, digest, time), entity, ()
        if self.personal:
            # Sealed before it is folded: what the owner knows holds no more of a person than the log does.
            events = [self._sealed(event, command.subject, key) for event in events]
            state = entity.state
        refs = []
        for message, id_, version, _ in events:
            if not folded:
                state = self.evolve(state, message)
            refs.append((id_, self.kinds[type(message)], version))
        if events:
            entity = _new(Entity, (state, events[-1].version, events[-1].time, entity.place))
        outcome = _new(Outcome, ("accepted", None, None, entity.version, tuple(refs), digest, time))
        return outcome, entity, events

    def _decided(self, command: Command, entity: Entity, time: int) -> list[NewEvent]:
        name, subject, version, cause = self.name, command.subject, entity.version, command.id
        events = []
        for message in self.decide(command.data, entity.state, subject):
            version += 1
            events.append(_new(NewEvent, (message, event_id(name, subject, version, cause), version, time)))
        return events

    def _imported(self, command: Command, entity: Entity, overlay: Overlay) -> tuple[list[NewEvent], Any]:
        if not self.allow_import:
            raise Rejected("import_not_allowed", "Importing is not allowed here")
        return judge_history(self._aggregate, command, entity, overlay.event_id)

    def _sealed(self, event: NewEvent, entity_id: str, key: DataKey | None) -> NewEvent:
        fields = self._aggregate.personal.get(type(event.message).__name__)
        if not fields:
            return event
        return event._replace(message=protected(event.message, fields, self.name, entity_id, key))


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
