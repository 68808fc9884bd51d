"""What the commands so far have made of an entity, and a command at its turn."""

from __future__ import annotations

from dataclasses import dataclass, field

from service.audit.ids import Ids
from service.audit.matching import OpaqueDigests
from service.audit.parking import CONTROL, Parked
from service.audit.records import Json, Record
from service.audit.window import Window


@dataclass(slots=True)
class Entity:
    """One entity; `time` of its last event in microseconds."""

    state: Json | None = None
    ids: Ids = field(default_factory=Ids)
    time: int = 0
    window: Window = field(default_factory=Window)
    parked: Parked | None = None
    opaque: OpaqueDigests = field(default_factory=OpaqueDigests)

    @property
    def version(self) -> int:
        """How many events it has."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Case:
    """A command at its turn; `by` is the record of the control command that redrives it."""

    record: Record
    command: Json
    entity: Entity
    by: Record | None = None

    @property
    def subject(self) -> str:
        """The entity's id."""
        return str(self.command["subject"])

    @property
    def is_control(self) -> bool:
        """Whether it is one that ends parking."""
        return self.command["type"] in CONTROL

    @property
    def now(self) -> int:
        """The time of the decision, as long as it is not made."""
        return max((self.by or self.record).timestamp * 1000, self.entity.time)
