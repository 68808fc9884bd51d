"""Whether the code at hand may take the place of a former release, message by message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import orjson

from service.domain import AGGREGATES, Aggregate
from service.published.decoding import Decoder
from service.published.files import SAMPLES, SCHEMAS
from service.published.inclusion import refused
from service.published.schemas import Kind

Name = Literal["FULL", "BACKWARD", "FORWARD", "BREAKING", "NEW"]
Files = Mapping[str, bytes]
Place = tuple[str, str, int]

_WHOLE = re.compile(rf"{SCHEMAS}([^/]+)/(.+)\.(\d+)\.({'|'.join(get_args(Kind))})\.json")
_SAMPLE = re.compile(rf"{SAMPLES}([^/]+)/(.+)\.(\d+)(\.[^/]+)?\.json")
# By whether the code at hand reads what was written before, and whether former readers read what it writes.
_NAMES: Mapping[tuple[bool, bool], Name] = {
    (True, True): "FULL",
    (True, False): "BACKWARD",
    (False, True): "FORWARD",
    (False, False): "BREAKING",
}
# Commands come from callers of the former release, and only the service reads them. Events and replies stay on their
# logs, are read by others who know the former release only, and by the service itself for as long as they are kept.
_NEEDED: Mapping[Kind, frozenset[Name]] = {
    "command": frozenset({"FULL", "BACKWARD"}),
    "event": frozenset({"FULL"}),
    "reply": frozenset({"FULL"}),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a message; `because` names each field, `ok` says whether that may be released."""

    aggregate: str
    message: str
    version: int
    kind: Kind
    verdict: Name
    ok: bool
    because: list[str]


def verdicts(released: Files, current: Files, aggregates: Mapping[str, Aggregate] = AGGREGATES) -> list[Verdict]:
    """Each released message compared with the code at hand, and each that is new."""
    unread = _unread(released, aggregates)
    found = [_compared(path, released, current, unread) for path in released if _WHOLE.fullmatch(path)]
    return [*found, *(_new(path) for path in current if _WHOLE.fullmatch(path) and path not in released)]


def _compared(path: str, released: Files, current: Files, unread: Mapping[Place, list[str]]) -> Verdict:
    aggregate, message, version, kind = _parts(path)
    faults = unread.get((aggregate, message, version), [])
    later = path if path in current else _latest(path, current)
    if later is None:
        return Verdict(aggregate, message, version, kind, "BREAKING", ok=False, because=["it is not there any more"])
    if later == path:
        name, because = _judged(released[path], current[path])
        return Verdict(
            aggregate, message, version, kind, name, name in _NEEDED[kind] and not faults, [*because, *faults]
        )
    # A new version may differ as it likes, as long as what was written before is still read.
    name, because = _judged(released[_data(path)], current[_data(later)])
    note = f"version {_parts(later)[2]} takes its place"
    return Verdict(aggregate, message, version, kind, name, not faults, [note, *because, *faults])


def _judged(released: bytes, current: bytes) -> tuple[Name, list[str]]:
    old, new = orjson.loads(released), orjson.loads(current)
    backward = [f"a former message: {fault}" for fault in refused(old, new)]
    forward = [f"for a former reader: {fault}" for fault in refused(new, old)]
    return _NAMES[not backward, not forward], [*backward, *forward]


def _new(path: str) -> Verdict:
    aggregate, message, version, kind = _parts(path)
    return Verdict(aggregate, message, version, kind, "NEW", ok=True, because=[])


def _latest(path: str, current: Files) -> str | None:
    """The highest later version of the same message."""
    aggregate, message, version, kind = _parts(path)
    parts = {other: _parts(other) for other in current if _WHOLE.fullmatch(other)}
    later = {
        found: other
        for other, (of, name, found, as_) in parts.items()
        if (of, name, as_) == (aggregate, message, kind) and found > version
    }
    return later[max(later)] if later else None


def _unread(released: Files, aggregates: Mapping[str, Aggregate]) -> dict[Place, list[str]]:
    """The samples that the code at hand does not read, by their message."""
    decoders = {name: Decoder(aggregate) for name, aggregate in aggregates.items()}
    faults: dict[Place, list[str]] = {}
    for path, value in released.items():
        if (parts := _SAMPLE.fullmatch(path)) and parts[1] in decoders:
            fault = decoders[parts[1]].fault(parts[2], value)
            if fault is not None:
                told = f"the sample {path.rpartition('/')[2]} is not read any more: {fault}"
                faults.setdefault((parts[1], parts[2], int(parts[3])), []).append(told)
    return faults


def _data(path: str) -> str:
    """The schema of the data alone, of a message with this one of the whole."""
    return f"{path.rpartition('.')[0].rpartition('.')[0]}.json"


def _parts(path: str) -> tuple[str, str, int, Kind]:
    found = _WHOLE.fullmatch(path)
    if found is None:
        raise LookupError(f"{path} is no schema of a message")
    kind: Kind = found[4]  # type: ignore[assignment]  # the expression allows no other
    return found[1], found[2], int(found[3]), kind
