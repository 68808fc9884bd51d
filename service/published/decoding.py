"""Samples read as the service reads them: what was ever written must be read by all later code."""

from __future__ import annotations

import orjson

from fairlead.envelope import Event, Reply
from fairlead.versions import version_in
from service.commands.faults import Unreadable
from service.commands.reading import CommandReader
from service.domain import Aggregate
from service.published.schemas import REPLY
from service.published.staging import Sent


class Decoder:
    """Reads the messages of one aggregate."""

    def __init__(self, aggregate: Aggregate) -> None:
        self._aggregate = aggregate
        self._commands = CommandReader(aggregate)

    def fault(self, message: str, value: bytes) -> str | None:
        """Why a message of this name is not read; None where it is."""
        try:
            if message == REPLY:
                Reply.model_validate_json(value)
                return None
            if message in self._aggregate.commands:
                command = self._commands.read(Sent(orjson.loads(value)["subject"].encode(), value))
                return command.message if isinstance(command, Unreadable) else None
            event = Event.model_validate_json(value)
            self._aggregate.read_event(event.type, event.data, version_in(event.dataschema))
        except Exception as error:  # noqa: BLE001  # an upcaster may fail with anything
            return " ".join(f"{type(error).__name__}: {error}".split())
        return None
