"""Events as those read them who follow them: their data as the models of the contracts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from fairlead.aggregates import declared
from fairlead.bounds import Message
from fairlead.envelope import Event
from fairlead.failures import UnreadableEvent
from fairlead.tokens import Followed, write_token
from fairlead.transport import Offsets, Record
from fairlead.versions import present, version_in


@dataclass(frozen=True, slots=True)
class FollowedEvent:
    """What happened to an entity, its attributes named as in the contracts; `data` is one of the aggregate's EVENTS."""

    id: str
    type: str
    subject: str
    time: datetime
    entityversion: int
    causationid: str
    correlationid: str | None
    data: Message
    traceparent: str | None
    tracestate: str | None
    _place: tuple[Followed, Offsets] = field(repr=False, compare=False)

    @property
    def token(self) -> str:
        """What to give as `after` to go on behind this event."""
        return write_token(*self._place)


class EventReader:
    """Reads the events of one aggregate, or of one entity; raises LookupError for an unknown aggregate."""

    def __init__(self, followed: Followed) -> None:
        self._models: dict[str, type[Message]] = declared(followed.aggregate).EVENTS
        self._followed = followed
        self._key = None if followed.entity_id is None else followed.entity_id.encode()

    def read(self, record: Record, offsets: Offsets) -> FollowedEvent | None:
        """None where it is another entity's, or of a type that this release does not know; raises UnreadableEvent.

        `offsets` are those behind the record; they are copied.
        """
        if self._key not in (None, record.key):
            return None
        place = (self._followed, dict(offsets))
        try:
            event = Event.model_validate_json(record.value)
            model = self._models.get(event.type)
            if model is None:
                return None
            data = model.model_validate(present(model, event.data, version_in(event.dataschema)))
        except Exception as error:  # whatever a step met in it: who goes on without has its token
            where = f"The event of {self._followed.aggregate} at partition {record.partition}, offset {record.offset}"
            raise UnreadableEvent(f"{where} cannot be read: {_told(error)}", write_token(*place)) from error
        trace = dict(record.headers)
        return FollowedEvent(
            event.id,
            event.type,
            event.subject,
            event.time,
            event.entityversion,
            event.causationid,
            event.correlationid,
            data,
            _text(trace.get("traceparent")),
            _text(trace.get("tracestate")),
            place,
        )


def require_entity(followed: Followed) -> None:
    """Raises ValueError for an id that no entity of the aggregate has, and LookupError for an unknown aggregate."""
    if followed.entity_id is None:
        return
    adapter: TypeAdapter[str] = TypeAdapter(declared(followed.aggregate).ENTITY_ID)
    try:
        adapter.validate_python(followed.entity_id, strict=True)
    except ValidationError:
        msg = f"{followed.entity_id!r} is no id of a {followed.aggregate}: nothing will ever happen to it"
        raise ValueError(msg) from None


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")


def _told(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    fault = error.errors()[0]
    return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
