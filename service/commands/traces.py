"""What can be told of a person from a piece of a log or a row: by its shape, and by the name where that is known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError

from fairlead.bounds import Sealed
from fairlead.envelope import ATTRIBUTES, CONTENT_TYPE, Event, EventRef, Outcome, Reply
from service.commands.ports import Headers

# What stands there is never a person's own, though somebody may be called so.
_OURS = frozenset({"specversion", "source", "type", "datacontenttype", "dataschema", "aggregate", "status", "code"})
# What our own members are called is nobody's name there.
_MEMBERS = ATTRIBUTES.union(*(model.model_fields for model in (Event, Reply, Outcome, EventRef)))
_OF_THE_DOMAIN = frozenset({"rejected", "conflict"})


@dataclass(slots=True)
class Traces:
    """`kids` are the keys of what is sealed, `plain` the places where something can be read, `names` what is read."""

    kids: set[str] = field(default_factory=set)
    plain: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


class Seeker:
    """Looks for one person: for plain text in `fields`, which are personal, and for the `names` anywhere.

    A name is found as a whole word. One that is the person's id is not looked for: the id stands everywhere.
    """

    def __init__(self, fields: Iterable[str], entity_id: str, names: Iterable[str] = ()) -> None:
        self.names = frozenset(names) - {entity_id}
        self._fields = frozenset(fields)
        words = "|".join(map(re.escape, sorted(self.names)))
        self._named = re.compile(rf"(?<!\w)(?:{words})(?!\w)") if words else None

    def message(self, value: bytes | None, headers: Headers = ()) -> Traces:
        """The traces in a record; one that is no JSON is taken for plain, since nobody can say what is in it."""
        found = Traces()
        try:
            self._walk(orjson.loads(value or b"null"), found)
        except orjson.JSONDecodeError:
            found.plain.append("all of it, which is no JSON")
        for name, text in headers:
            if (name, text) == CONTENT_TYPE:
                continue
            self._text(f"header {name}", (text or b"").decode(errors="replace"), found)
        return found

    def row(self, row: Mapping[str, Any]) -> Traces:
        """The traces in a row, in which bytes are hexadecimal, as PostgreSQL's `to_jsonb` has them."""
        found = Traces()
        self._walk({name: _unpacked(value) for name, value in row.items()}, found)
        return found

    def _walk(self, value: Any, found: Traces) -> None:
        # Not by recursion: what strangers write is nested as deep as they like.
        left: list[tuple[str, Any]] = [("", value)]
        while left:
            path, node = left.pop()
            if isinstance(node, str):
                self._text(path, node, found)
            elif isinstance(node, list):
                left += ((path, entry) for entry in node)
            elif isinstance(node, dict):
                left += self._members(path, node, found)

    def _members(self, path: str, node: Mapping[str, Any], found: Traces) -> Iterator[tuple[str, Any]]:
        said = node.get("status") in _OF_THE_DOMAIN if isinstance(node.get("status"), str) else False
        for name, value in node.items():
            # A place is written down: it must not tell what it is the place of.
            known = self._named is not None and name not in _MEMBERS and self._named.search(name) is not None
            place = ".".join(part for part in (path, "[the name]" if known else name) if part)
            if name in self._fields:
                self._personal(place, value, found)
            elif name not in _OURS and not (said and name == "message") and not (name == "time" and _is_time(value)):
                if known:
                    found.plain.append(place)
                yield place, value

    def _personal(self, place: str, value: Any, found: Traces) -> None:
        try:
            found.kids.add(Sealed.model_validate(value).kid)
        except ValidationError:
            if value is not None:
                found.plain.append(place)
            if isinstance(value, str):
                found.names.add(value)

    def _text(self, place: str, text: str, found: Traces) -> None:
        if self._named and self._named.search(text):
            found.plain.append(place)


def _is_time(value: Any) -> bool:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def _unpacked(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("\\x"):
        return value
    try:
        raw = bytes.fromhex(value[2:])
    except ValueError:
        return value
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw.decode(errors="replace")
