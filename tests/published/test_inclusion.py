"""A change of a schema is told by its direction and its field; what is told to be read is read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from service.published.inclusion import refused

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": 200}
NUMBER: Schema = {"type": "integer", "minimum": 1, "maximum": 9}
SEALED: Schema = {"type": "object", "additionalProperties": False, "properties": {"kid": TEXT}, "required": ["kid"]}
NULL: Schema = {"type": "null"}


def message(*, closed: bool = True, optional: tuple[str, ...] = (), **fields: Schema) -> Schema:
    required = [name for name in fields if name not in optional]
    data: Schema = {"type": "object", "properties": fields, "required": required}
    data |= {"additionalProperties": False} if closed else {}
    return {
        "type": "object",
        "properties": {"id": TEXT, "data": {"$ref": "#/$defs/Data"}},
        "required": ["id", "data"],
        "$defs": {"Data": data},
    }


BEFORE = message(item=TEXT, quantity=NUMBER)
OPEN = message(closed=False, item=TEXT, quantity=NUMBER)

# What is there before and after; then the paths of what the code at hand does not read of what was written before, and
# of what former readers do not read of what it writes.
CHANGES: dict[str, tuple[Schema, Schema, list[str], list[str]]] = {
    "nothing": (BEFORE, BEFORE, [], []),
    "words only": (BEFORE, message(item=TEXT | {"description": "What", "examples": ["tea"]}, quantity=NUMBER), [], []),
    "a field is new": (BEFORE, message(item=TEXT, quantity=NUMBER, port=TEXT), ["data.port"], ["data.port"]),
    "a field that may be left out is new": (
        BEFORE,
        message(item=TEXT, quantity=NUMBER, port=TEXT, optional=("port",)),
        [],
        ["data.port"],
    ),
    "the same where others are passed over": (
        OPEN,
        message(closed=False, item=TEXT, quantity=NUMBER, port=TEXT, optional=("port",)),
        [],
        [],
    ),
    "a field is new, where others are passed over": (
        OPEN,
        message(closed=False, item=TEXT, quantity=NUMBER, port=TEXT),
        ["data.port"],
        [],
    ),
    "a field is gone": (BEFORE, message(item=TEXT), ["data.quantity"], ["data.quantity"]),
    "a field is gone, where others are passed over": (OPEN, message(closed=False, item=TEXT), [], ["data.quantity"]),
    "a field has another name": (
        BEFORE,
        message(item=TEXT, amount=NUMBER),
        ["data.quantity", "data.amount"],
        ["data.amount", "data.quantity"],
    ),
    "a field may be left out": (
        BEFORE,
        message(item=TEXT, quantity=NUMBER, optional=("quantity",)),
        [],
        ["data.quantity"],
    ),
    "a field that is left out means something else": (
        message(item=TEXT | {"default": "tea"}, optional=("item",)),
        message(item=TEXT | {"default": "salt"}, optional=("item",)),
        ["data.item"],
        ["data.item"],
    ),
    "a field that was always there means something where it is left out": (
        message(item=TEXT),
        message(item=TEXT | {"default": "tea"}, optional=("item",)),
        [],
        ["data.item"],
    ),
    "a field has to be there": (
        message(item=TEXT, quantity=NUMBER, optional=("quantity",)),
        BEFORE,
        ["data.quantity"],
        [],
    ),
    "a number may be larger": (BEFORE, message(item=TEXT, quantity=NUMBER | {"maximum": 10}), [], ["data.quantity"]),
    "a number may be smaller": (BEFORE, message(item=TEXT, quantity=NUMBER | {"minimum": 0}), [], ["data.quantity"]),
    "a number has a closer bound": (
        BEFORE,
        message(item=TEXT, quantity=NUMBER | {"maximum": 8}),
        ["data.quantity"],
        [],
    ),
    "a number has no bound": (
        BEFORE,
        message(item=TEXT, quantity={"type": "integer", "minimum": 1}),
        [],
        ["data.quantity"],
    ),
    "a text may be longer": (BEFORE, message(item=TEXT | {"maxLength": 300}, quantity=NUMBER), [], ["data.item"]),
    "a text may be empty": (BEFORE, message(item=TEXT | {"minLength": 0}, quantity=NUMBER), [], ["data.item"]),
    "a text has a pattern": (BEFORE, message(item=TEXT | {"pattern": "^t"}, quantity=NUMBER), ["data.item"], []),
    "a text has another pattern": (
        message(item=TEXT | {"pattern": "^t"}),
        message(item=TEXT | {"pattern": "^c"}),
        ["data.item"],
        ["data.item"],
    ),
    "characters are refused": (
        BEFORE,
        message(item=TEXT | {"not": {"pattern": "x"}}, quantity=NUMBER),
        ["data.item"],
        [],
    ),
    "another type": (BEFORE, message(item=TEXT, quantity={"type": "string"}), ["data.quantity"], ["data.quantity"]),
    "any type": (BEFORE, message(item=TEXT, quantity={}), [], ["data.quantity"]),
    "null as well": (BEFORE, message(item=TEXT, quantity={"anyOf": [NUMBER, NULL]}), [], ["data.quantity"]),
    "null no more": (message(item={"anyOf": [TEXT, NULL]}), message(item=TEXT), ["data.item"], []),
    "sealed as well": (BEFORE, message(item={"anyOf": [TEXT, SEALED]}, quantity=NUMBER), [], ["data.item"]),
    "sealed only": (BEFORE, message(item=SEALED, quantity=NUMBER), ["data.item"], ["data.item"]),
    "a status is new": (message(s={"enum": ["a", "b"]}), message(s={"enum": ["a", "b", "c"]}), [], ["data.s"]),
    "a status is gone": (message(s={"enum": ["a", "b"]}), message(s={"enum": ["a"]}), ["data.s"], []),
    "one value only": (message(s={"type": "string"}), message(s={"const": "a"}), ["data.s"], []),
    "more entries": (
        message(s={"type": "array", "items": NUMBER, "maxItems": 3}),
        message(s={"type": "array", "items": NUMBER, "maxItems": 4}),
        [],
        ["data.s"],
    ),
    "other entries": (
        message(s={"type": "array", "items": NUMBER}),
        message(s={"type": "array", "items": TEXT}),
        ["data.s.[]"],
        ["data.s.[]"],
    ),
    "names may be any": (
        message(s={"type": "object", "additionalProperties": NUMBER}),
        message(s={"type": "object", "additionalProperties": NUMBER | {"maximum": 10}}),
        [],
        ["data.s.*"],
    ),
    "a name has a closer bound than others": (
        message(s={"type": "object", "additionalProperties": NUMBER}),
        message(s={"type": "object", "additionalProperties": NUMBER, "properties": {"x": NUMBER | {"maximum": 8}}}),
        ["data.s.x"],
        [],
    ),
    "others write more than is known": (
        {"type": "object", "additionalProperties": True},
        {"type": "object", "additionalProperties": False},
        [""],
        [],
    ),
    "a keyword that we do not know": (BEFORE, message(item=TEXT | {"format": "x"}, quantity=NUMBER), ["data.item"], []),
}


@pytest.mark.parametrize("change", [*CHANGES])
def test_a_change_is_told_by_direction_and_field(change: str) -> None:
    before, after, backward, forward = CHANGES[change]
    assert backward == [fault.path for fault in refused(before, after)]
    assert forward == [fault.path for fault in refused(after, before)]


def test_a_fault_says_what_is_written_and_how_it_is_read() -> None:
    [fault] = refused(BEFORE, message(item=TEXT, quantity=NUMBER | {"maximum": 8}))
    assert "data.quantity: maximum is 9, is read with 8" == str(fault)


texts = st.builds(
    lambda least, most, more: {"type": "string", "minLength": least, "maxLength": least + most, **more},
    st.integers(0, 2),
    st.integers(0, 2),
    st.sampled_from([{}, {"pattern": "^a"}, {"not": {"pattern": "b"}}]),
)
numbers = st.builds(
    lambda least, most: {"type": "integer", "minimum": least, "maximum": least + most}, *[st.integers(0, 3)] * 2
)
values = st.sampled_from([{"enum": ["a", "b"]}, {"const": "a"}, {"enum": ["a", 1]}, NULL, {"type": "boolean"}, {}])


def objects(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.builds(
        lambda fields, required, more: {
            "type": "object",
            "properties": fields,
            "required": [name for name in required if name in fields],
            **more,
        },
        st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
        st.sets(st.sampled_from("xyz")),
        st.sampled_from([{}, {"additionalProperties": False}, {"additionalProperties": {"type": "integer"}}]),
    )


schemas = st.recursive(
    st.one_of(texts, numbers, values),
    lambda inner: st.one_of(
        objects(inner),
        st.builds(lambda items: {"type": "array", "items": items, "maxItems": 2}, inner),
        st.builds(lambda forms: {"anyOf": forms}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=6,
)


@st.composite
def changed(draw: st.DrawFn, schema: Schema) -> Schema:
    """A schema with one or the other thing changed in it."""
    out = {**schema}
    for keyword in ("minLength", "maxLength", "minimum", "maximum", "maxItems"):
        if keyword in out:
            out[keyword] = max(0, out[keyword] + draw(st.sampled_from([0, 0, 0, 1, -1])))
    if "items" in out:
        out["items"] = draw(changed(out["items"]))
    if "enum" in out or "const" in out:
        kept = out.get("enum", [out.get("const")])[draw(st.integers(0, 1)) :]
        out = draw(
            st.sampled_from([out, {"enum": [*kept, "aa"]}, {"type": "string", "minLength": 2}, {"type": "null"}])
        )
    if "properties" in out:
        gone = draw(st.sampled_from(["", "", *out["properties"]]))
        fields = {name: draw(changed(field)) for name, field in out["properties"].items() if name != gone}
        out["properties"] = fields | draw(st.sampled_from([{}, {}, {"z": {"type": "integer", "minimum": 1}}]))
        out["required"] = draw(st.sampled_from([out["required"], [], [*fields]]))
        if draw(st.booleans()):
            out["additionalProperties"] = draw(st.sampled_from([True, False, {"type": "integer", "maximum": 2}]))
    if "anyOf" in out:
        out["anyOf"] = [*(draw(changed(form)) for form in out["anyOf"]), *draw(st.lists(texts, max_size=1))]
    return draw(st.sampled_from([out, out, out, {"anyOf": [NULL, out]}, {}]))


def instances(schema: Schema) -> st.SearchStrategy[Any]:  # noqa: PLR0911  # one for each type
    """What a writer of this schema may write, or nearly."""
    if "anyOf" in schema:
        return st.one_of([instances(form) for form in schema["anyOf"]])
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    match schema.get("type"):
        case "string":
            return st.text("ab", min_size=schema["minLength"], max_size=max(schema["minLength"], schema["maxLength"]))
        case "integer":
            return st.integers(schema.get("minimum", 0), max(schema.get("minimum", 0), schema.get("maximum", 9)))
        case "array":
            return st.lists(instances(schema["items"]), max_size=schema["maxItems"])
        case "object":
            fields = {name: instances(field) for name, field in schema["properties"].items()}
            others = schema.get("additionalProperties")
            more = st.dictionaries(st.sampled_from("xyz"), instances(others), max_size=2) if others else st.just({})
            return st.builds(lambda some, all_: {**some, **all_}, more, st.fixed_dictionaries({}, optional=fields))
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
    return st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.text("ab", max_size=2), st.just([]), st.just({}))


def written(value: Any, schema: Schema) -> bool:
    """Whether a writer of this schema may write a value: no field but those that it has."""
    return bool(Draft202012Validator(closed(schema)).is_valid(value))


def closed(schema: Schema) -> Schema:
    out = {**schema}
    if "anyOf" in out:
        out["anyOf"] = [closed(form) for form in out["anyOf"]]
    if "items" in out:
        out["items"] = closed(out["items"])
    if out.get("type") == "object":
        out["properties"] = {name: closed(field) for name, field in out["properties"].items()}
        out.setdefault("additionalProperties", False)
    return out


@settings(max_examples=400, deadline=None)
@given(schemas, st.data())
def test_what_is_told_to_be_read_is_read(writer: Schema, data: st.DataObject) -> None:
    reader = data.draw(changed(writer))
    drawn = data.draw(st.lists(instances(writer), max_size=10))
    if refused(writer, reader):
        return
    for value in drawn:
        assert not written(value, writer) or Draft202012Validator(reader).is_valid(value), value


@settings(max_examples=200, deadline=None)
@given(schemas)
def test_what_is_not_changed_is_read(schema: Schema) -> None:
    assert [] == refused(schema, schema)
