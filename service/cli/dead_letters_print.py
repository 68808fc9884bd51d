"""Dead letters as a person or a program reads them; what strangers wrote cannot steer a terminal."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from functools import partial
from typing import Any

import orjson

from service.cli.dead_letters_letter import Letter
from service.cli.output import emit_fields, emit_json, emit_rows
from service.cli.times import of_millis
from service.kafka.dead_letters import DeadLetter

COLUMNS = (
    "aggregate", "partition", "offset", "command_offset", "key", "code", "reason", "time", "type", "command_id",
    "redrives", "waiting",
)  # fmt: skip
_SHOWN = 60
_as_written = partial(json.loads, object_pairs_hook=list, parse_int=str, parse_float=str)


def row(letter: Letter) -> dict[str, Any]:
    """All that is told of one in a list."""
    named = {name: getattr(letter, name) for name in (*COLUMNS, "superseded")}
    return named | {"key": letter.shown_key, "time": of_millis(letter.time)}


def emit_letters(letters: Sequence[Letter], *, as_json: bool) -> None:
    """Print a list."""
    rows = [row(letter) for letter in letters]
    if not as_json:
        rows = [{name: tame(field, _SHOWN) for name, field in entry.items()} for entry in rows]
    emit_rows(rows, COLUMNS, as_json=as_json, none="No dead letters")


def emit_letter(letter: Letter, found: DeadLetter, *, as_json: bool) -> None:
    """Print one with everything that is known of it."""
    shown = row(letter) | {
        "headers": [{"name": name, **_content("value", text)} for name, text in found.headers],
        "traceback": found.traceback,
        **_content("value", found.value, as_data=True),
    }
    if as_json:
        emit_json(shown)
        return
    headers = [f"{header['name']}: {header.get('value', header.get('value_base64'))}" for header in shown["headers"]]
    data = shown.get("value")
    text = data if isinstance(data, str | None) else orjson.dumps(data, option=orjson.OPT_INDENT_2).decode()
    told = shown | {"headers": "\n".join(headers), "value": text}
    emit_fields({name: tame(field) for name, field in told.items() if field not in ("", None)}, as_json=False)


def _content(name: str, value: bytes | None, *, as_data: bool = False) -> dict[str, Any]:
    """As JSON or text where it is that, else as Base64, and it says so."""
    if value is None:
        return {name: None}
    try:
        data = orjson.loads(value) if as_data else value.decode()
    except ValueError:
        note = {"note": f"The {name} is no JSON: here it is in Base64"} if as_data else {}
        return {f"{name}_base64": b64encode(value).decode(), **note}
    if as_data and not _is_told_by(data, value):
        return {name: value.decode(), "note": f"As data the {name} cannot be shown unaltered: here it is as text"}
    return {name: data}


def _is_told_by(data: Any, value: bytes) -> bool:
    """Whether all is still there: not of members that come twice, endless numbers, and what is nested too deep."""
    try:
        return bool(_as_written(orjson.dumps(data)) == _as_written(value))
    except (TypeError, RecursionError):
        return False


def tame(field: Any, most: int | None = None) -> Any:
    """A text without what steers a terminal, cut where it is too long."""
    if not isinstance(field, str):
        return field
    cut = field if most is None or len(field) <= most else f"{field[:most]}…"
    return "".join(sign if sign.isprintable() or (most is None and sign == "\n") else repr(sign)[1:-1] for sign in cut)
