"""Data that a message may have, or nearly: each field from values at both sides of its bounds."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from fairlead.bounds import MAX_INTEGER, Message
from service.published.examples import example, example_id

_TEXTS = st.one_of(
    st.sampled_from(
        ["tea", "", "x" * 200, "x" * 201, "\U0001f6a2" * 200, "\U0001f6a2" * 201, "a\x00", "\x1f", "a\x7fb"]
    ),
    st.sampled_from(["\x85", "a\x9f", "\xa0", " ", "tea\n", "\u2028", example_id(), example_id().upper(), "7", "-0"]),
    st.text(max_size=210).map(lambda text: unicodedata.normalize("NFC", text.encode(errors="ignore").decode())),
)
_NUMBERS = st.one_of(
    st.sampled_from([-MAX_INTEGER - 1, -MAX_INTEGER, -1, 0, 1, 2, MAX_INTEGER, MAX_INTEGER + 1, 10**30]),
    st.integers(),
)
_OTHERS = st.sampled_from([None, True, False, 1.5, [], {}, ["tea"], {"tea": 1}])
_SEALED = st.fixed_dictionaries(
    {"alg": st.sampled_from(["A256GCM", "none"]), "kid": st.sampled_from([example_id(), "me"]), "value": _TEXTS},
    optional={"more": _NUMBERS},
)
Drawn = st.SearchStrategy[dict[str, Any]]
ANYTHING = st.one_of(_TEXTS, _NUMBERS, _OTHERS, _SEALED, st.lists(_NUMBERS, max_size=3))


def near(model: type[Message]) -> Drawn:
    """The example of a message with some fields changed, left out or added."""
    likely = example(model).model_dump(mode="json")
    fields = {name: _near(field) for name, field in model.model_fields.items()}
    return changed(likely, fields)


def changed(
    likely: Mapping[str, Any], fields: Mapping[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[dict[str, Any]]:
    """These with some changed to what the strategies draw, some left out, and sometimes one that nobody knows."""
    some = st.fixed_dictionaries({}, optional={**fields, "unknown": ANYTHING})
    out = st.sets(st.sampled_from([*likely]), max_size=1) if likely else st.just(set[str]())
    return st.builds(lambda new, gone: {k: v for k, v in {**likely, **new}.items() if k not in gone}, some, out)


def _near(field: FieldInfo) -> st.SearchStrategy[Any]:
    likely = {str: _TEXTS, int: _NUMBERS}.get(field.annotation, ANYTHING)  # type: ignore[arg-type]  # None is no key of it
    return st.one_of(likely, likely, likely, ANYTHING)
