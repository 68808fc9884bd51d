"""A JSON Schema of each message, so that other languages check what this one checks by its models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from fairlead.envelope import Outcome, command_adapter, schema_id
from fairlead.versions import version_in, version_of
from service.domain import Aggregate
from service.published.envelopes import event_envelope, reply_envelope

Schema = dict[str, Any]
Kind = Literal["command", "event", "reply"]

REPLY = "CommandReply"
_DIALECT = {"$schema": "https://json-schema.org/draft/2020-12/schema"}


@dataclass(frozen=True, slots=True)
class Published:
    """One message in one version: the schema of its data, and that of the whole CloudEvent."""

    kind: Kind
    name: str
    version: int
    data: Schema
    whole: Schema


class _Plainly(GenerateJsonSchema):
    """Without titles that repeat the field's name, and without a keyword that OpenAPI and AsyncAPI read differently."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # pydantic's signature
        return False

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        made = super().tagged_union_schema(schema)
        made.pop("discriminator", None)
        return made


def messages(aggregate: Aggregate) -> Iterator[Published]:
    """All that is said to and by an aggregate, in the versions that its code writes."""
    for name in aggregate.commands:
        yield _command(aggregate, name)
    for name, model in aggregate.events.items():
        data, id_ = _schema(model), schema_of(aggregate, name)
        _narrow(data, aggregate.personal.get(name, ()), sealed=True)
        yield _told(
            aggregate, "event", name, data, event_envelope(aggregate.name, name, _schema(aggregate.entity_id), id_)
        )
    yield _told(aggregate, "reply", REPLY, _schema(Outcome), reply_envelope(aggregate.name))


def schema_of(aggregate: Aggregate, name: str) -> str:
    """The `dataschema` of a message in the version that the code writes."""
    model = aggregate.commands.get(name) or aggregate.events.get(name)
    return schema_id(aggregate.name, name, 1 if model is None else version_of(model))


def _command(aggregate: Aggregate, name: str) -> Published:
    adapter = command_adapter(aggregate.name, aggregate.entity_id, {name: aggregate.commands[name]})
    whole = adapter.json_schema(schema_generator=_Plainly)
    definitions = whole["$defs"]
    for event, fields in aggregate.personal.items():
        if event in definitions:
            _narrow(definitions[event], fields, sealed=False)
            definitions.pop("Sealed", None)
    [root] = whole["oneOf"]
    envelope = definitions.pop(_defined(root))
    # CloudEvents allows no other names, and a misspelt one is refused.
    envelope["propertyNames"] = {"pattern": "^[a-z0-9]+$"}
    model = _defined(envelope["properties"]["data"])
    data = {**definitions[model]}
    if used := {key: value for key, value in definitions.items() if key != model}:
        data["$defs"] = used
    return _published(aggregate, "command", name, data, {**envelope, "$defs": definitions})


def _told(aggregate: Aggregate, kind: Kind, name: str, data: Schema, envelope: Schema) -> Published:
    own = {key: value for key, value in data.items() if key != "$defs"}
    envelope["properties"]["data"] = {"$ref": f"#/$defs/{own['title']}"}
    return _published(aggregate, kind, name, data, {**envelope, "$defs": {own["title"]: own, **data.get("$defs", {})}})


def _published(aggregate: Aggregate, kind: Kind, name: str, data: Schema, whole: Schema) -> Published:
    id_ = schema_of(aggregate, name)
    about = data.get("description", "")
    head = {**_DIALECT, "$id": f"{id_}:{kind}", "title": f"{name}, a whole {kind} of {aggregate.name}"}
    whole = {**head, "description": about, **{key: value for key, value in whole.items() if key not in head}}
    return Published(kind, name, version_in(id_), {**_DIALECT, "$id": id_, **data}, whole)


def _schema(model: Any) -> Schema:
    return TypeAdapter(model).json_schema(schema_generator=_Plainly)


def _narrow(event: Schema, fields: Sequence[str], *, sealed: bool) -> None:
    """On a topic these fields are always sealed, in a command never."""
    for name in fields:
        field = event["properties"][name]
        [kept] = [form for form in field.pop("anyOf") if ("$ref" in form) is sealed]
        if sealed:
            field.pop("examples", None)
        field.update(kept)


def _defined(reference: Schema) -> str:
    return str(reference["$ref"]).rpartition("/")[2]
