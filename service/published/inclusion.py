"""Whether all that is written by one schema is read by another; what cannot be shown counts as refused.

Who writes an object writes no fields but those of its schema, unless that says `additionalProperties: true`; who reads
it passes over others, unless its schema says `additionalProperties: false`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

_NO_BOUND = {"minimum": None, "maximum": None, "minLength": 0, "maxLength": None, "minItems": 0, "maxItems": None}
_NOT_COMPARED = frozenset(
    {"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "default"}
    | {"type", "const", "enum", "items", "properties", "required", "additionalProperties"}
    | _NO_BOUND.keys()
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Where something may be written that is not read, and what."""

    path: str
    written: str

    def __str__(self) -> str:
        return f"{self.path or 'the message'}: {self.written}"


@dataclass(frozen=True, slots=True)
class Pair:
    """A place in both schemas: how it is written, how it is read, and the roots in which each looks up `$ref`."""

    writer: Schema
    reader: Schema
    roots: tuple[Schema, Schema]
    path: str = ""

    def at(self, name: str, writer: Schema, reader: Schema) -> Pair:
        """A place below this one."""
        return Pair(writer, reader, self.roots, f"{self.path}.{name}" if self.path else name)


def refused(writer: Schema, reader: Schema) -> list[Fault]:
    """What may be written that is not read; nothing where the reader reads it all."""
    return [*_refused(Pair(writer, reader, (writer, reader)))]


def _refused(pair: Pair) -> Iterator[Fault]:
    readers = [*_forms(pair.reader, pair.roots[1])]
    for form in _forms(pair.writer, pair.roots[0]):
        found = [[*_of_form(Pair(form, reader, pair.roots, pair.path))] for reader in readers]
        # Of several forms the one that is meant is the one that comes nearest.
        yield from min(found, key=len)


def _forms(schema: Schema, root: Schema) -> Iterator[Schema]:
    """The alternatives of a schema, each with all that holds for it."""
    if "$ref" in schema:
        target: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        yield from _forms({**target, **{key: value for key, value in schema.items() if key != "$ref"}}, root)
        return
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if alternatives is None:
        yield schema
        return
    rest = {key: value for key, value in schema.items() if key not in {"anyOf", "oneOf"}}
    for alternative in alternatives:
        for form in _forms(alternative, root):
            yield {**rest, **form}


def _of_form(pair: Pair) -> Iterator[Fault]:
    writer, reader, path = pair.writer, pair.reader, pair.path
    wanted, given = _types(reader), _types(writer)
    if wanted and not (given and given <= wanted):
        yield Fault(path, f"may be {_listed(given) or 'anything'}, is read as {_listed(wanted)}")
        return
    yield from _values(pair)
    yield from _bounds(pair)
    for keyword, value in reader.items():
        if keyword not in _NOT_COMPARED and writer.get(keyword) != value:
            yield Fault(path, f"{keyword} is {_said(writer.get(keyword))}, is read with {_said(value)}")
    if "items" in reader:
        yield from _refused(pair.at("[]", writer.get("items", {}), reader["items"]))
    yield from _fields(pair)


def _types(schema: Schema) -> frozenset[str]:
    said = schema.get("type")
    if said is None:
        kinds = {"str": "string", "bool": "boolean", "int": "integer", "NoneType": "null"}
        return frozenset(kinds[type(value).__name__] for value in _allowed(schema) or ())
    return frozenset([said] if isinstance(said, str) else said)


def _allowed(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    enum: list[Any] | None = schema.get("enum")
    return enum


def _values(pair: Pair) -> Iterator[Fault]:
    given, wanted = _allowed(pair.writer), _allowed(pair.reader)
    if wanted is None:
        return
    if given is None:
        yield Fault(pair.path, f"may be any value, is read as {_listed(wanted)}")
    elif unread := [value for value in given if value not in wanted]:
        yield Fault(pair.path, f"may be {_listed(unread)}, is read as {_listed(wanted)}")


def _bounds(pair: Pair) -> Iterator[Fault]:
    listed = _allowed(pair.writer) is not None
    for keyword, none in _NO_BOUND.items():
        wanted = pair.reader.get(keyword, none)
        # Whether values that are listed are within a bound is not looked into.
        given = None if listed else pair.writer.get(keyword, none)
        if wanted in {given, none}:
            continue
        if given is None or (given < wanted if keyword.startswith("min") else given > wanted):
            yield Fault(pair.path, f"{keyword} is {_said(given)}, is read with {wanted}")


def _fields(pair: Pair) -> Iterator[Fault]:
    writer, reader = pair.writer.get("properties", {}), pair.reader.get("properties", {})
    others = pair.reader.get("additionalProperties")
    needed = {*pair.writer.get("required", ()), *pair.reader.get("required", ())}
    for name, field in writer.items():
        known = reader.get(name, others)
        if isinstance(known, dict):
            yield from _refused(pair.at(name, field, known))
            if name in reader and name not in needed:
                yield from _left_out(pair.at(name, field, known))
        elif known is False:
            yield Fault(pair.at(name, {}, {}).path, "may be written, is not known to the reader")
    for name in pair.reader.get("required", ()):
        if name not in pair.writer.get("required", ()):
            yield Fault(pair.at(name, {}, {}).path, "may be left out, is required by the reader")
    yield from _more_fields(pair)


def _left_out(pair: Pair) -> Iterator[Fault]:
    """Of a field that need not be there: without it the message is read, but maybe as something else."""
    meant, read = pair.writer.get("default"), pair.reader.get("default")
    if meant != read:
        yield Fault(pair.path, f"left out it means {_said(meant)}, is read as {_said(read)}")


def _more_fields(pair: Pair) -> Iterator[Fault]:
    """Of fields that the writer does not name: a mapping, or a message to which others may add."""
    more, others = pair.writer.get("additionalProperties", False), pair.reader.get("additionalProperties")
    if more is False:
        return
    if others is False:
        yield Fault(pair.path, "may have more fields, which the reader refuses")
    elif isinstance(others, dict):
        yield from _refused(pair.at("*", more if isinstance(more, dict) else {}, others))
    if isinstance(more, dict):
        reader = pair.reader.get("properties", {})
        for name in sorted(reader.keys() - pair.writer.get("properties", {}).keys()):
            yield from _refused(pair.at(name, more, reader[name]))


def _listed(values: Any) -> str:
    return ", ".join(sorted(map(str, values)))


def _said(value: Any) -> str:
    return "not there" if value is None else str(value)
