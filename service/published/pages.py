"""A page about an aggregate for people: what can be asked, what can happen, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from service.domain import Aggregate
from service.published.examples import own_commands
from service.published.refusals import refusals
from service.published.schemas import Published, Schema

_MADE = "<!-- Made by `fairlead contracts write` from the code: change it there. -->"


def page(aggregate: Aggregate, messages: list[Published], samples: Mapping[str, bytes]) -> str:
    """The page as Markdown."""
    return "\n".join([*_page(aggregate, messages, samples), ""])


def _page(aggregate: Aggregate, messages: list[Published], samples: Mapping[str, bytes]) -> Iterator[str]:
    name, own = aggregate.name, own_commands(aggregate)
    refused = refusals(aggregate)
    yield from (_MADE, "", f"# {name}", "")
    yield f"The messages on `{name}.commands`, `{name}.events` and `{name}.replies`."
    yield "[README.md](../README.md) says what holds for every aggregate: the envelope, the order of checks, replies."
    yield from ("", "## Commands", "")
    for one in messages:
        if one.kind == "command":
            yield from _message(aggregate, one, samples)
            if one.name in own:
                yield from _refusals(refused[one.name])
            else:
                yield from ("When it is refused is told in [README.md](../README.md).", "")
    yield from ("## Events", "")
    for one in messages:
        if one.kind == "event":
            yield from _message(aggregate, one, samples)
    yield from ("## Replies", "")
    for one in messages:
        if one.kind == "reply":
            yield from _message(aggregate, one, samples, ".accepted")


def _message(aggregate: Aggregate, one: Published, samples: Mapping[str, bytes], variant: str = "") -> Iterator[str]:
    place = f"{aggregate.name}/{one.name}.{one.version}"
    yield from (f"### `{one.name}`", "", one.data.get("description", ""), "")
    fields = one.data.get("properties", {})
    if fields:
        yield from ("| field of `data` | |", "| --- | --- |")
        yield from (
            f"| `{field}` | {_told(about, one.data)}{_optional(field, one.data)} |" for field, about in fields.items()
        )
        yield ""
    yield f"Version {one.version}: [its data](schemas/{place}.json), [the whole](schemas/{place}.{one.kind}.json)."
    yield from ("", "```json", _pretty(samples[f"samples/{place}{variant}.json"]), "```", "")


def _refusals(found: list[tuple[str, str]]) -> Iterator[str]:
    if found:
        yield from ("| `rejected` with code | message |", "| --- | --- |")
        yield from (f"| `{code}` | {message} |" for code, message in found)
    else:
        yield "Its rules refuse it never."
    yield ""


def _told(field: Schema, root: Schema) -> str:
    """A schema in a few words."""
    more = f". {field['description']}" if "description" in field else ""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"{name}: {root['$defs'][name].get('description', 'see the schema')}"
    if "anyOf" in field:
        return " or ".join(_told(form, root) for form in field["anyOf"]) + more
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    each = f", each {_told(field['items'], root)}" if "items" in field and "oneOf" not in field["items"] else ""
    return f"{field.get('type', 'anything')}{_range(field)}{more}{each}"


def _range(field: Schema) -> str:
    least, most, unit = field.get("minimum"), field.get("maximum"), ""
    if field.get("type") == "string":
        least, most, unit = field.get("minLength"), field.get("maxLength"), " characters"
    if field.get("type") == "array":
        least, most, unit = 0, field.get("maxItems"), " entries"
    return "" if least is None or most is None else f" of {least} to {most}{unit}"


def _optional(field: str, root: Schema) -> str:
    return "" if field in root.get("required", ()) else " (optional)"


def _pretty(value: bytes) -> str:
    said: Any = orjson.loads(value)
    return orjson.dumps(said, option=orjson.OPT_INDENT_2).decode()
