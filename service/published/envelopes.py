"""The attributes of what the service writes, as contracts/README.md fixes them: no model says it."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from fairlead.bounds import MAX_ID_LENGTH, MAX_INTEGER, Text, Uuid
from fairlead.envelope import schema_id

_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.([0-9]{3}){1,2}Z$"
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{32}$", "description": "Of the command's content."}
_OPTIONAL = {"correlationid", "commanddigest", "subject"}


def event_envelope(aggregate: str, name: str, entity_id: dict[str, Any], dataschema: str) -> dict[str, Any]:
    """An event; `entity_id` is the schema of its subject."""
    return _envelope(
        aggregate,
        name,
        {
            "dataschema": {"const": dataschema},
            "subject": {**entity_id, "description": "The entity, the same as the record's key."},
            "entityversion": {
                "type": "integer",
                "minimum": 1,
                "maximum": MAX_INTEGER,
                "description": "1, 2, 3 … per entity, without gaps.",
            },
            "causationid": {**_schema(Uuid), "description": "The id of the command."},
            "commanddigest": _DIGEST,
        },
        optional={"correlationid"},
    )


def reply_envelope(aggregate: str) -> dict[str, Any]:
    """A reply, which may be to something that is no command at all."""
    return _envelope(
        aggregate,
        "CommandReply",
        {
            "subject": {"type": "string", "description": "Absent where the command had none."},
            "causationid": {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_ID_LENGTH,
                "description": "The id of the command.",
            },
            "commanddigest": {**_DIGEST, "description": "Of the command's content; absent where it was not judged."},
        },
        optional=_OPTIONAL,
    )


def _envelope(aggregate: str, name: str, own: dict[str, Any], *, optional: set[str]) -> dict[str, Any]:
    properties = {
        "specversion": {"const": "1.0"},
        "id": _schema(Uuid),
        "source": {"const": f"/fairlead/{aggregate}"},
        "type": {"const": name},
        "time": {"type": "string", "format": "date-time", "pattern": _TIME, "description": "The decision's, in UTC."},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"const": schema_id(aggregate, name)},
        "correlationid": {**_schema(Text), "description": "The command's, where it had one."},
        **own,
        "data": {},
    }
    required = [attribute for attribute in properties if attribute not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _schema(annotated: Any) -> dict[str, Any]:
    return TypeAdapter(annotated).json_schema()
