"""One command decided by the code at hand, beside what was decided then."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

import pydantic
from pydantic import ValidationError

from fairlead.bounds import Message, Sealed
from fairlead.envelope import Command
from service.commands.faults import Unreadable
from service.commands.history import Refused, judge_history
from service.commands.judging import check_version
from service.commands.stored import Entity
from service.domain import Aggregate
from service.domain.aggregate import Rejected

_HIDDEN = "[protected]"
_CHECKED_BY = str(PurePath(pydantic.__file__).parent)


class Said(NamedTuple):
    """What became of a command."""

    status: str
    code: str | None = None
    message: str | None = None
    events: Sequence[Message] = ()


class Again:
    """Of the commands of one aggregate; importing is allowed."""

    def __init__(self, aggregate: Aggregate) -> None:
        self._aggregate = aggregate
        self._kinds = {model: name for name, model in aggregate.events.items()}

    def decide(self, command: Command | Unreadable, entity: Entity, event_id: Callable[[str, int], str]) -> Said:
        """What the code makes of it, whatever that fails with; `event_id` by entity and version."""
        if isinstance(command, Unreadable):
            return Said("invalid", command.code, command.message)
        try:
            check_version(command, entity)
            if command.type == "import_history":
                history, _ = judge_history(self._aggregate, command, entity, event_id)
                events = [new.message for new in history]
            else:
                events = [*self._aggregate.decide(command.data, entity.state, command.subject)]
            # A handler folds what it writes, and fails where that cannot be.
            self._aggregate.fold(entity.state, events)
        except Rejected as rejected:
            return Said("rejected", rejected.code, rejected.message)
        except Refused as refused:
            return Said(refused.status, refused.code, refused.message)
        except Exception as error:  # noqa: BLE001  # code that is tried out may fail with anything
            return Said("failed", "internal_error", _place(error))
        return Said("accepted", None, None, events)

    def same(self, then: Said, now: Said) -> bool:
        """Whether callers and followers are told the same; words for people do not count."""
        if (then.status, then.code, len(then.events)) != (now.status, now.code, len(now.events)):
            return False
        pairs = zip(then.events, now.events, strict=True)
        return all(before == after or before == self._sealed(after, before) for before, after in pairs)

    def shown(self, said: Said) -> dict[str, Any]:
        """As people and programs are shown it: nobody's name is in it."""
        events = [{"type": self._kinds[type(event)], "data": self._data(event)} for event in said.events]
        return {"status": said.status, "code": said.code, "message": said.message, "events": events}

    def _personal(self, event: Message) -> Sequence[str]:
        return self._aggregate.personal.get(self._kinds[type(event)], ())

    def _sealed(self, event: Message, then: Message) -> Message:
        """The event as it would have been sealed: what stands under a seal is not compared."""
        sealed = {name: getattr(then, name, None) for name in self._personal(event)}
        return event.model_copy(update={name: seal for name, seal in sealed.items() if isinstance(seal, Sealed)})

    def _data(self, event: Message) -> dict[str, Any]:
        return event.model_dump(mode="json") | dict.fromkeys(self._personal(event), _HIDDEN)


def _place(error: Exception) -> str:
    """What failed and where: what an error says may quote somebody's name."""
    frames = traceback.extract_tb(error.__traceback__)
    # The code that is tried out, and not what it has its models checked by.
    frame = [one for one in frames if not one.filename.startswith(_CHECKED_BY)][-1]
    place = f"{type(error).__name__} in {frame.name}, {PurePath(frame.filename).name}:{frame.lineno}"
    if not isinstance(error, ValidationError):
        return place
    faults = error.errors(include_input=False, include_context=False, include_url=False)
    return "; ".join([place, *(f"{'.'.join(map(str, fault['loc']))}: {fault['type']}" for fault in faults)])
