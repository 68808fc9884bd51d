"""A table where a person reads and JSON where a program does; stdout is for results, stderr for all else."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from io import BufferedWriter, RawIOBase, TextIOWrapper
from typing import Any

import orjson
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

err = Console(stderr=True, highlight=False)
out = Console(highlight=False)

_COLOURS = {
    "accepted": "green",
    "rejected": "red",
    "conflict": "red",
    "invalid": "red",
    "busy": "yellow",
    "failed": "red",
}


def ready_to_print() -> None:
    """Have all that is printed arrive, and a terminal that cannot show a ship's name still show the rest."""
    own = sys.__stdout__
    if own and own is sys.stdout and isinstance(own.buffer, RawIOBase):
        # As PYTHONUNBUFFERED has it: nobody goes on with what a full pipe took only a part of.
        encoding = own.encoding
        sys.stdout = TextIOWrapper(BufferedWriter(own.detach()), encoding)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def emit_json(value: Any) -> None:
    """Print a value as JSON: in UTF-8, whatever a terminal would take."""
    sys.stdout.flush()
    sys.stdout.buffer.write(_encoded(value))
    sys.stdout.flush()


def _encoded(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # of an integer beyond 64 bits, which a sum may be
        return json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"


def emit_fields(value: Mapping[str, Any], *, as_json: bool) -> None:
    """Print one thing, a field a line."""
    if as_json:
        emit_json(value)
        return
    grid = Table.grid("", Column(overflow="fold"), padding=(0, 2))
    for name, field in value.items():
        grid.add_row(Text(name.replace("_", " "), style="dim"), Text(plain(field), style=_style(name, field)))
    out.print(grid)


def emit_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, none: str) -> None:
    """Print a list; `none` is what a person reads where it is empty."""
    if as_json:
        emit_json(rows)
        return
    if not rows:
        out.print(none, style="dim")
        return
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(row.get(column)), style=_style(column, row.get(column))) for column in columns))
    out.print(table)


def say(message: str) -> None:
    """Tell a person at the terminal what goes on."""
    err.print(message, style="dim", markup=False, soft_wrap=True)


def plain(value: Any) -> str:
    """A value as a person reads it."""
    match value:
        case None:
            return "–"
        case str():
            return value
        case dict():
            return ", ".join(f"{name}: {plain(field)}" for name, field in value.items()) or "–"
        case list():
            return ", ".join(plain(entry) for entry in value) or "–"
        case bool():
            return "yes" if value else "no"
    return str(value)


def escaped(text: str) -> str:
    """A name or value of the system's, what is no UTF-8 of it escaped."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _style(name: str, value: Any) -> str:
    return _COLOURS.get(value, "") if name == "status" and isinstance(value, str) else ""
