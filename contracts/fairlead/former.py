"""Messages of former versions come from callers who have not followed yet, and from logs, which are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json, to_json

from fairlead.bounds import Message
from fairlead.envelope import schema_id
from fairlead.versions import present, version_of


class Former:
    """Brings messages of an aggregate up to their present versions; false where none of these models has a former one.

    For whoever reads a message as of the present first: only what that refuses needs to be looked at.
    """

    def __init__(self, aggregate: str, models: Mapping[str, type[Message]]) -> None:
        self._now: dict[str, str] = {}
        # By type and `dataschema`; one that does not say is of version 1.
        self._known: dict[tuple[str, str | None], tuple[type[Message], int]] = {}
        for kind, model in models.items():
            self._now[kind] = schema_id(aggregate, kind, version_of(model))
            for version in range(1, version_of(model)):
                self._known[kind, schema_id(aggregate, kind, version)] = model, version
                self._known.setdefault((kind, None), (model, version))

    def __bool__(self) -> bool:
        return bool(self._known)

    def brought_up(self, value: bytes) -> bytes | None:
        """The message as one of the present version; None where it is of no former one, or not even as that has it."""
        try:
            raw: Any = from_json(value, allow_inf_nan=False)
            kind, data = raw["type"], raw["data"]
            model, version = self._known[kind, raw.get("dataschema")]
            return to_json({**raw, "dataschema": self._now[kind], "data": present(model, data, version)})
        except Exception:  # noqa: BLE001  # whatever a step meets in what was sent, that is not as its version has it
            return None
