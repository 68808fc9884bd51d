"""What depends on a person's key: the digest of a command that names somebody, and the name in an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.audit import messages
from service.audit.entity import Case
from service.audit.hashing import content, digest
from service.audit.records import DataKey, Json, Keys
from service.audit.versions import version_of

_COMMANDS: Mapping[str, frozenset[str]] = {"ship": frozenset(), "user": frozenset({"create_user", "import_history"})}


def content_of(command: Json) -> bytes:
    """What makes a repeat of a command the same."""
    return content(command["type"], version_of(command), command.get("expectedversion"), command["data"])


class Personal:
    """The persons of one aggregate; `keys` by user id, None where they cannot be read."""

    def __init__(self, aggregate: str, keys: Keys | None) -> None:
        self._commands = _COMMANDS[aggregate]
        self._keys = keys

    def digest(self, case: Case) -> Any:
        """The digest of a command, a stand-in where its key is not known."""
        asked = content_of(case.command)
        if case.command["type"] not in self._commands:
            return digest(asked)
        if self.forgotten(case):
            return digest(content_of({**case.command, "data": None}))
        key = self._key(case.subject)
        if key is None and self._keys is not None:
            return f"a digest under a data key of {case.subject}, which the key store does not have"
        return digest(asked, key.secret) if key and key.secret else case.entity.opaque.of(asked)

    def forgotten(self, case: Case) -> bool:
        """Whether it names somebody who was deleted before: its content then counts no more."""
        user = case.entity.state
        return case.command["type"] in self._commands and user is not None and bool(user["deleted"])

    def protected(self, entity_id: str, data: Json) -> Json:
        """The data of a `UserCreated` as it has to stand in the event."""
        return messages.protected(data, entity_id, self._key(entity_id), have_keys=self._keys is not None)

    def _key(self, entity_id: str) -> DataKey | None:
        return self._keys.get(entity_id) if self._keys is not None else None
